"""Dead letters: events that a projection went past, why, and which groups wait for it.

Three policies say what a projection does at an event that it cannot read or apply.  It *stops*
there; or it *holds* the groups of the event, whose rows stay as they were, and goes on with the
others; or it *skips* the event.  Each is recorded as a dead letter, shown by the status, and can
be tried again once the cause is mended.  An event of a context that is not loaded is none that the
read model lacks: where it is skipped, nothing is recorded.
"""

from collections.abc import Collection, Container, Sequence
from enum import StrEnum
from functools import cache

import attrs
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    insert,
    inspect,
    select,
)

from crmcore.application.log import Recorded
from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.generations.locking import create_once


class Policy(StrEnum):
    """What to do at an event that cannot be read or applied."""

    STOP = "stop"
    HOLD = "hold"
    SKIP = "skip"


@frozen
class DeadLetter:
    """An event that a generation went past.  ``groups`` are those that it would have changed."""

    name: str
    generation: int
    position: int
    topic: str
    groups: Sequence[str]
    policy: str
    cause: str


class DeadLetters(Container[int]):
    """What a generation goes past as it folds on: known from before, or new.

    A group is held from its dead letter on; what came before it counts.  An event
    that waits for a held group leaves its other groups without its change, so that they are held
    from there on as well: it is a dead letter too.  An event of *topics_of_others* is never gone
    past: others have read it into these rows.
    """

    def __init__(
        self,
        name: str,
        generation: int,
        known: Sequence[DeadLetter],
        topics_of_others: Collection[str] = (),
    ) -> None:
        self._name, self._generation = name, generation
        self.topics_of_others = topics_of_others
        self._known, self._new = {one.position for one in known}, dict[int, DeadLetter]()
        self._held = dict[str, int]()
        for one in known:
            self._hold(one)

    def __contains__(self, position: object) -> bool:
        return position in self._known or position in self._new

    def __bool__(self) -> bool:
        return bool(self._known or self._new)

    def add(
        self, position: int, topic: str, groups: Sequence[str], policy: Policy, cause: str
    ) -> None:
        """Go past an event from now on."""
        letter = DeadLetter(self._name, self._generation, position, topic, groups, policy, cause)
        self._new[position] = letter
        self._hold(letter)

    def lead_past(self, event: Recorded, groups: Sequence[str]) -> bool:
        """Whether *event* is a dead letter, or waits for one of its *groups*."""
        position = event.position
        if position in self:
            return True
        since = [self._held.get(group, position) for group in groups]
        if min(since, default=position) >= position:
            return False
        if max(since) >= position:
            cause = f"waits for position {min(since)}"
            self.add(position, event.topic, groups, Policy.HOLD, cause)
        return True

    def new(self, upto: int) -> list[DeadLetter]:
        """What is to be recorded up to a position."""
        return [self._new[position] for position in sorted(self._new) if position <= upto]

    def record(self, connection: Connection, schema: str | None, upto: int) -> None:
        """Record what is new, up to a position."""
        table = DeadLetterTable(schema)
        for one in self.new(upto):
            table.put(connection, one)
            self._known.add(one.position)
            del self._new[one.position]

    def _hold(self, letter: DeadLetter) -> None:
        if letter.policy == Policy.HOLD:
            for group in letter.groups:
                since = self._held.get(group, letter.position)
                self._held[group] = min(since, letter.position)


@cache
def _dead_letter_table(schema: str | None) -> Table:
    return Table(
        "crm_put_aside",
        MetaData(schema=schema),
        Column("name", Text, primary_key=True),
        Column("generation", Integer, primary_key=True),
        Column("position", BigInteger, primary_key=True, autoincrement=False),
        Column("topic", Text, nullable=False),
        Column("groups", JSON, nullable=False),
        Column("policy", Text, nullable=False),
        Column("cause", Text, nullable=False),
    )


@frozen
class DeadLetterTable:
    """The table of dead letters."""

    schema: str | None

    def of(self, connection: Connection, name: str, generation: int) -> list[DeadLetter]:
        """What a generation went past, in the order of the log."""
        table = _dead_letter_table(self.schema)
        if not inspect(connection).has_table(table.name, schema=self.schema):
            return []
        query = select(table).where(table.c.name == name, table.c.generation == generation)
        return [DeadLetter(*row) for row in connection.execute(query.order_by(table.c.position))]

    def put(self, connection: Connection, letter: DeadLetter) -> None:
        """Record a dead letter."""
        table = _dead_letter_table(self.schema)
        create_once(connection, table)
        values = {**attrs.asdict(letter), "groups": list(letter.groups)}
        connection.execute(insert(table).values(values))

    def forget(self, connection: Connection, name: str, generation: int) -> None:
        """Forget the dead letters of a generation: it is tried again, or dropped."""
        table = _dead_letter_table(self.schema)
        if inspect(connection).has_table(table.name, schema=self.schema):
            connection.execute(
                delete(table).where(table.c.name == name, table.c.generation == generation)
            )
