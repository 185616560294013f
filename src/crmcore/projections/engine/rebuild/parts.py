"""The parts that a rebuild is divided into, and how far each of them has come."""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import attrs
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy import delete as delete_from

from crmcore.application.log import Place
from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.generations.locking import create_once

MOST_PARTS = 256
"""Two hexadecimal digits tell no more apart."""


@frozen
class Part:
    """The groups whose ids end in two hexadecimal digits from *low* to *below*, of a generation.

    ``position`` is how far it has come, ``upto`` where it ends, ``link`` that of the record there.  ``low`` and ``below`` are
    None where the groups of an event do not follow from one id, so that there is one part.
    """

    name: str
    generation: int
    number: int
    low: str | None
    below: str | None
    position: int
    upto: int
    link: bytes

    @property
    def end(self) -> Place:
        """Where it ends, in the log that it was planned on."""
        return Place(self.upto, self.link)

    def divided_by(self, column: str | None) -> tuple[str, str, str] | None:
        """The column of the log whose ids tell what belongs to it, and from what to below what."""
        if column is None or self.low is None or self.below is None:
            return None
        return column, self.low, self.below

    @property
    def done(self) -> bool:
        """Whether nothing is left to fold."""
        return self.position >= self.upto


@cache
def _parts_table(schema: str | None) -> Table:
    return Table(
        "crm_rebuild_parts",
        MetaData(schema=schema),
        Column("name", Text, primary_key=True),
        Column("generation", Integer, primary_key=True),
        Column("number", Integer, primary_key=True),
        Column("low", Text),
        Column("below", Text),
        Column("position", BigInteger, nullable=False),
        Column("upto", BigInteger, nullable=False),
        Column("link", LargeBinary(32), nullable=False),
    )


@frozen
class Parts:
    """The table of the parts."""

    schema: str | None

    def plan(
        self, connection: Connection, name: str, generation: int, count: int, upto: Place
    ) -> Sequence[Part]:
        """Divide a generation into *count* parts of about the same size, up to a place in the log."""
        table, count = _parts_table(self.schema), min(count, MOST_PARTS)
        create_once(connection, table)
        bounds = [f"{256 * number // count:02x}" for number in range(count)] + ["g"]
        parts = [
            Part(name, generation, number, low, below, 0, *upto)
            for number, (low, below) in enumerate(pairwise(bounds))
        ]
        if count == 1:
            parts = [attrs.evolve(parts[0], low=None, below=None)]
        connection.execute(insert(table), [attrs.asdict(part) for part in parts])
        return parts

    def of(self, connection: Connection, name: str, generation: int) -> Sequence[Part]:
        """The parts of a generation, and how far they have come; none once it is filled."""
        table = _parts_table(self.schema)
        if not inspect(connection).has_table(table.name, schema=self.schema):
            return []
        query = select(table).where(table.c.name == name, table.c.generation == generation)
        return [Part(*row) for row in connection.execute(query.order_by(table.c.number))]

    def advance(self, connection: Connection, part: Part, reached: int, position: int) -> bool:
        """Record how far a part has come from *reached*, unless another worker moved it meanwhile.

        No other can move it from then on until the transaction ends.
        """
        table = _parts_table(self.schema)
        moved = connection.execute(
            update(table)
            .where(
                table.c.name == part.name,
                table.c.generation == part.generation,
                table.c.number == part.number,
                table.c.position == reached,
            )
            .values(position=position)
        )
        return moved.rowcount == 1

    def forget(self, connection: Connection, name: str, generation: int) -> None:
        """Forget the parts of a generation that is filled, or given up."""
        table = _parts_table(self.schema)
        if inspect(connection).has_table(table.name, schema=self.schema):
            connection.execute(
                delete_from(table).where(table.c.name == name, table.c.generation == generation)
            )
