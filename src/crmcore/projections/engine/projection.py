"""What a read model declares: its tables, its version, the events it reads and what they change.

Handlers are pure: they see one recorded event and the rows of its groups, and change rows
in memory.  The engine owns the database: it reads the log, loads the rows that a batch of
events touches, writes them back and moves the checkpoint, all in one transaction.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, Protocol

import attrs
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from crmcore.application.log import Recorded

__all__ = ["Handler", "Projection", "Row", "Rows", "append_only", "by_stream", "by_subject"]

Row = dict[str, Any]
"""A row: a value for every column that is not to be null."""


class Rows(Protocol):
    """The rows of a read model that belong to the groups of the event at hand."""

    def get(self, table: Table, *key: Any) -> Row | None:
        """A copy of the row with this primary key, if there is one."""
        ...

    def group(self, table: Table, key: str) -> Iterator[Row]:
        """Copies of all rows of *table* that belong to the group *key*."""
        ...

    def put(self, table: Table, row: Row) -> None:
        """Write *row* in place of the one with the same primary key, if any."""
        ...

    def delete(self, table: Table, *key: Any) -> None:
        """Remove the row with this primary key, if there is one."""
        ...


Handler = Callable[[Any, Recorded, Rows], None]
"""Called with the event, what the log knows about it, and the rows it may change."""


def by_subject(recorded: Recorded) -> Sequence[str]:
    """Rows grouped by the customer (or lead) that the event is about."""
    return () if recorded.subject_id is None else (str(recorded.subject_id),)


def by_stream(recorded: Recorded) -> Sequence[str]:
    """Rows grouped by the stream that the event is in."""
    return (str(recorded.stream_id),)


def append_only(table: Table) -> bool:
    """Whether handlers only ever add rows to *table*, so that none need be loaded."""
    return bool(table.info.get("append_only"))


@attrs.frozen(eq=False)
class Projection:
    """A read model.

    The first column of every table's primary key is its group (text); ``groups(recorded)``
    names the groups whose rows an event may change.  ``version`` changes whenever the
    handlers come to mean something else, so that a rebuild is seen to be needed; ``policy``
    names the version of the rules that they follow (a loyalty program's, say).
    """

    name: str
    version: int
    tables: tuple[Table, ...]
    handlers: Mapping[type, Handler]
    groups: Callable[[Recorded], Sequence[str]] = by_subject
    policy: str = ""

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics of the events that it reads, sorted."""
        return tuple(sorted(kind.TOPIC for kind in self.handlers))  # type: ignore[attr-defined]

    def definition(self) -> str:
        """A digest of the tables, topics and version: when it differs, the rows must be rebuilt."""
        # SQLite would write many types as TEXT
        dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
        parts = [str(CreateTable(table).compile(dialect=dialect)) for table in self.tables]
        parts += sorted(
            str(CreateIndex(index).compile(dialect=dialect))
            for table in self.tables
            for index in table.indexes
        )
        text = "\n".join([str(self.version), self.policy, *self.topics, *parts])
        return sha256(text.encode()).hexdigest()

    def apply(self, recorded: Recorded, rows: Rows) -> None:
        """Let one event change the rows."""
        self.handlers[type(recorded.event)](recorded.event, recorded, rows)
