"""Events put aside: what a projection went past, why, and which groups wait for it.

Three policies say what a projection does at an event that it cannot read or apply.  It *stops*
there; or it *holds* the groups of the event, whose rows stay as they were, and goes on with the
others; or it *skips* the event.  Whatever is put aside is recorded, shown by the status, and can
be tried again once the cause is mended.
"""

from collections.abc import Sequence
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

__all__ = ["Aside", "AsideTable", "Policy"]


class Policy(StrEnum):
    """What to do at an event that cannot be read or applied."""

    STOP = "stop"
    HOLD = "hold"
    SKIP = "skip"


@attrs.frozen
class Aside:
    """An event that a generation went past.  ``groups`` are those that it would have changed."""

    name: str
    generation: int
    position: int
    topic: str
    groups: Sequence[str]
    policy: str
    cause: str


@cache
def _aside_table(schema: str | None) -> Table:
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


@attrs.frozen
class AsideTable:
    """The table of the events put aside."""

    schema: str | None

    def of(self, connection: Connection, name: str, generation: int) -> list[Aside]:
        """What a generation went past, in the order of the log."""
        table = _aside_table(self.schema)
        if not inspect(connection).has_table(table.name, schema=self.schema):
            return []
        query = select(table).where(table.c.name == name, table.c.generation == generation)
        return [Aside(*row) for row in connection.execute(query.order_by(table.c.position))]

    def put(self, connection: Connection, aside: Aside) -> None:
        """Record that an event was put aside."""
        table = _aside_table(self.schema)
        table.create(connection, checkfirst=True)
        values = {**attrs.asdict(aside), "groups": list(aside.groups)}
        connection.execute(insert(table).values(values))

    def forget(self, connection: Connection, name: str, generation: int) -> None:
        """Forget what a generation put aside: it is tried again, or dropped."""
        table = _aside_table(self.schema)
        if inspect(connection).has_table(table.name, schema=self.schema):
            connection.execute(
                delete(table).where(table.c.name == name, table.c.generation == generation)
            )
