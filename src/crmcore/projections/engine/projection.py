"""What a read model declares: its tables, its version, the events it reads and what they change.

Handlers are pure: they see one recorded event and the rows of its groups, and change rows
in memory.  The engine owns the database: it reads the log, loads the rows that a batch of
events touches, writes them back and moves the checkpoint, all in one transaction.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from hashlib import sha256
from types import NoneType
from typing import Any, Final, Protocol

import attrs
from sqlalchemy import Index, Table
from sqlalchemy.schema import CreateIndex, CreateTable

from crmcore.application.errors import MisuseError
from crmcore.application.log import Recorded
from crmcore.domain.kernel import version_of
from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.poison.dead_letters import Policy
from crmcore.projections.engine.working import Working

SUBJECT: Final = "coalesce(subject_id, stream_id)"
STREAM: Final = "stream_id"

Row = dict[str, Any]
"""A row: a value for every column that is not to be null."""


class Rows(Protocol):
    """The rows of a read model that belong to the groups of the event at hand.

    What is given is a copy, and so is what is kept: nothing changes but by ``put`` and
    ``delete``.  The last ``put`` of an event counts.
    """

    def get(self, table: Table, *key: Any) -> Row | None:
        """A copy of the row with this primary key, if there is one: change it and ``put`` it."""
        ...

    def group(self, table: Table, key: str) -> Iterator[Row]:
        """Copies of all rows of *table* that belong to the group *key*, in the order of their keys."""
        ...

    def put(self, table: Table, row: Row) -> None:
        """Write a copy of *row* in place of the one with the same primary key, if any."""
        ...

    def delete(self, table: Table, *key: Any) -> None:
        """Remove the row with this primary key, if there is one."""
        ...


Handler = Callable[[Any, Recorded, Rows], None]
"""Called with the event, what the log knows about it, and the rows it may change."""

Finish = Callable[[Row], None]
"""Called with a row before it is written or shown: sets what follows from the rest of it."""


def by_subject(recorded: Recorded) -> Sequence[str]:
    """Rows grouped by the customer (or lead) that the event is about."""
    subject = recorded.record[5]  # what most events are grouped by, so every microsecond counts
    return () if subject is None else (subject,)


def subject_of(recorded: Recorded) -> str:
    """The customer (or lead) that an event is about, which groups it ``by_subject``."""
    subject = recorded.subject
    assert subject is not None, "events without a subject are in no group"
    return subject


def by_stream(recorded: Recorded) -> Sequence[str]:
    """Rows grouped by the stream that the event is in."""
    return (recorded.stream,)


def append_only(table: Table) -> bool:
    """Whether handlers only ever add rows to *table*, so that none need be loaded."""
    return bool(table.info.get("append_only"))


def lent(table: Table) -> bool:
    """Whether handlers are lent the rows of *table* themselves, where copies would cost too much.

    They promise not to tell the difference: to put a row that they change, as the last thing
    that they do with it, to keep none for later, and to share no list or dict between two.
    """
    return bool(table.info.get("lent"))


def _partition(projection: "Projection") -> str | None:
    if projection.groups is by_subject:
        return SUBJECT
    return STREAM if projection.groups is by_stream else None


@frozen(eq=False)
class Projection:
    """A read model.

    The first column of every table's primary key is its group (text); ``groups(recorded)``
    names the groups whose rows an event may change.  ``version`` changes whenever the
    handlers come to mean something else, so that a rebuild is seen to be needed; ``policy``
    names the version of the rules that they follow (a loyalty program's, say).

    What makes a rebuild fast is optional.  ``views`` names for an event class another class
    with those of its fields that the handler needs (one view belongs to one handler), or
    ``NoneType`` where it needs none.  Without ``provenance`` the events do not tell who recorded
    them, when and why: a handler that asks gets a ``LookupError``.  ``finish`` sets once, in a row that is written or shown, the columns that
    each of its events would have to set again; ``working`` names for a table the value that handlers
    go on with in place of columns, which follow from it in the end.  ``partition`` is SUBJECT or STREAM if the groups of every event follow from
    that id alone, so that a rebuild can be divided.  ``on_poison`` and ``on_unknown`` say what
    happens at an event that cannot be read or applied, or whose topic nobody knows.

    Raises ``MisuseError`` where events of different handlers would be read as the same view, or
    where a working value is called like a column.
    """

    name: str
    version: int
    tables: tuple[Table, ...]
    handlers: Mapping[type, Handler]
    groups: Callable[[Recorded], Sequence[str]] = by_subject
    policy: str = ""
    views: Mapping[type, type] = attrs.field(factory=dict)
    finish: Mapping[Table, Finish] = attrs.field(factory=dict)
    working: Mapping[Table, Working] = attrs.field(factory=dict)
    provenance: bool = True
    on_poison: Policy = Policy.STOP
    on_unknown: Policy = Policy.SKIP
    partition: str | None = attrs.field(default=attrs.Factory(_partition, takes_self=True))

    def __repr__(self) -> str:
        return f"Projection({self.name!r}, version={self.version})"

    def __attrs_post_init__(self) -> None:
        for kind, view in self.views.items():
            if self.handler_of[view] != self.handlers[kind]:
                raise MisuseError(
                    f"{self.name}: {kind.__name__} has another handler than the other events that"
                    f" are read as {view.__name__}: give it a view of its own"
                )

        for table, working in self.working.items():
            if working.name in table.columns:
                raise MisuseError(
                    f"{self.name}: {table.name} has a column {working.name}: give its working value"
                    " a name of its own"
                )

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics of the events that it reads, sorted."""
        return tuple(sorted(self.versions))

    @cached_property
    def versions(self) -> Mapping[str, int]:
        """The schema version in which it reads each topic."""
        return {_topic(kind): version_of(kind) for kind in self.handlers}

    @cached_property
    def reads(self) -> Mapping[str, type | None]:
        """The class as which the events of each topic are read; None: not at all."""
        views = {kind: self.views.get(kind, kind) for kind in self.handlers}
        return {_topic(kind): None if view is NoneType else view for kind, view in views.items()}

    @cached_property
    def handler_of(self) -> Mapping[type, Handler]:
        """The handler of an event, be it read as its own class or as the view of it."""
        viewed = {self.views[kind]: self.handlers[kind] for kind in self.views}
        return {**viewed, **self.handlers}

    def definition(self) -> str:
        """A digest of tables and version: when it differs, the rows must be rebuilt.

        The topics are no part of it: a checkpoint knows which were read (``drift``).
        """
        return self._definition

    @cached_property
    def _definition(self) -> str:
        made = [_made_by(one, tuple(one.columns), frozenset(one.indexes)) for one in self.tables]
        indexes = sorted(index for _, its_own in made for index in its_own)
        text = "\n".join([str(self.version), self.policy, *(table for table, _ in made), *indexes])
        return sha256(text.encode()).hexdigest()

    def apply(self, recorded: Recorded, rows: Rows) -> None:
        """Let one event change the rows."""
        self.handler_of[type(recorded.event)](recorded.event, recorded, rows)


@lru_cache(maxsize=256)  # tables are made once, and a core is opened often
def _made_by(
    table: Table, _columns: tuple[object, ...], indexes: frozenset[Index]
) -> tuple[str, Sequence[str]]:
    """The statements that make *table* and its *indexes*."""
    from sqlalchemy.dialects import postgresql  # here: it is large, and often not the log's own

    # SQLite would write many types as TEXT
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
    return (
        str(CreateTable(table).compile(dialect=dialect)),
        [str(CreateIndex(index).compile(dialect=dialect)) for index in indexes],
    )


def _topic(kind: type) -> str:
    topic: str = kind.TOPIC  # type: ignore[attr-defined]  # event classes have one
    return topic
