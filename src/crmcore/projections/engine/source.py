"""The database as the engine sees it: events come from it, and rows go to it."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy import Connection, Dialect, Table

from crmcore.application.log import Page, Place


class LogSource(Protocol):
    """Where the events come from and the rows go: one database."""

    @property
    def dialect(self) -> Dialect:
        """What the database speaks."""
        ...

    def write(self) -> AbstractContextManager[Connection]:
        """A transaction that may write."""
        ...

    def read(self) -> AbstractContextManager[Connection]:
        """A connection that sees one moment."""
        ...

    def head(self, connection: Connection) -> Place:
        """The end of the log."""
        ...

    def link(self, connection: Connection, position: int) -> bytes:
        """The link of the record at a position; no bytes where the log has none."""
        ...

    @property
    def known_topics(self) -> frozenset[str]:
        """Every topic that this code can read, those of earlier releases included."""
        ...

    def first_of(self, connection: Connection, topics: Collection[str], upto: int) -> int | None:
        """Where the log holds one of *topics*, whatever it was called then, up to a position.

        No index leads to a topic: it reads what it has not read before in this process.
        """
        ...

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
        """The next events of the topics in *views* after a position, of at most *limit* records.

        Each is read as the class that *views* names.  *part* is (column, from, below): the two
        hexadecimal digits that the ids in the column end between.  The events raise
        ``UnreadableEventError`` where they come to one that cannot be read.
        """
        ...

    def insert(self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows of driver's values, as fast as may be."""
        ...
