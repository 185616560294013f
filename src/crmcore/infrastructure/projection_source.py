"""The log as projections follow it: one database that holds the events and the rows."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

import attrs
from sqlalchemy import Connection

from crmcore.application.log import Recorded
from crmcore.infrastructure.log.database import Database
from crmcore.infrastructure.log.read import LogReader

__all__ = ["ProjectionSource"]


@attrs.frozen
class ProjectionSource:
    """``crmcore.projections.engine.LogSource`` on a database."""

    _database: Database
    _reader: LogReader

    def write(self) -> AbstractContextManager[Connection]:
        """A transaction that may write."""
        return self._database.write()

    def read(self) -> AbstractContextManager[Connection]:
        """A connection that sees one moment."""
        return self._database.read()

    def head(self, connection: Connection) -> int:
        """The last position of the log."""
        return self._reader.head(connection)

    def events(
        self, connection: Connection, topics: Sequence[str], after: int, limit: int
    ) -> Iterator[Recorded]:
        """The next events of *topics* after a position, at most *limit*."""
        return self._reader.recorded(connection, topics=topics, after=after, limit=limit)
