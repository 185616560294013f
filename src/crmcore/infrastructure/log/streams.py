"""The states of streams, read from the log."""

from typing import Any, TypeVar
from uuid import UUID

from crmcore.domain.kernel import Aggregate
from crmcore.domain.kernel.frozen import frozen
from crmcore.infrastructure.database.database import Database
from crmcore.infrastructure.log.read import LogReader

S = TypeVar("S")


@frozen
class LogStreams:
    """``crmcore.application.streams.Streams`` on a database."""

    _database: Database
    _reader: LogReader

    def __repr__(self) -> str:
        return f"LogStreams({self._database.where!r})"

    def state(self, aggregate: Aggregate[S, Any], stream_id: UUID) -> S:
        """The state of a stream, as its events make it."""
        with self._database.read() as connection:
            _, history = self._reader.stream(connection, stream_id)
        return aggregate.fold(history)
