"""The log as projections follow it: one database that holds the events and the rows."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import attrs
from sqlalchemy import Connection, Dialect, Table

from crmcore.application.log import Page, Place
from crmcore.infrastructure.log.database import Database
from crmcore.infrastructure.log.driver import bulk_insert
from crmcore.infrastructure.log.read import LogReader, Reading

__all__ = ["ProjectionSource"]


@attrs.frozen
class ProjectionSource:
    """``crmcore.projections.engine.LogSource`` on a database."""

    _database: Database
    _reader: LogReader

    @property
    def dialect(self) -> Dialect:
        """What the database speaks."""
        return self._database.engine.dialect

    def write(self) -> AbstractContextManager[Connection]:
        """A transaction that may write."""
        return self._database.write()

    def read(self) -> AbstractContextManager[Connection]:
        """A connection that sees one moment."""
        return self._database.read()

    def head(self, connection: Connection) -> Place:
        """The end of the log."""
        return self._reader.head(connection)

    def link(self, connection: Connection, position: int) -> bytes:
        """The link of the record at a position; no bytes where the log has none."""
        return self._reader.link(connection, position)

    def events(
        self,
        connection: Connection,
        views: Mapping[str, type | None],
        after: int,
        limit: int,
        *,
        provenance: bool = True,
        part: tuple[str, str, str] | None = None,
        upto: int | None = None,
    ) -> Page:
        """The next events of the topics in *views* after a position, of at most *limit* records."""
        reading = Reading(views, provenance, part, upto)
        return self._reader.page(connection, reading, after, limit)

    def insert(self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows of driver's values, as fast as may be."""
        bulk_insert(connection, table, rows)
