"""Dead letters: deliveries that failed at every attempt, why, and which are to be sent again."""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    and_,
    delete,
    insert,
    inspect,
    select,
    update,
)

from crmcore.application.delivering import delivery_id
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.kernel.instants import from_micros
from crmcore.projections.engine.generations.locking import create_once
from crmcore.projections.results import result


@result
class DeadLetter:
    """A delivery that a subscription went past.

    ``cause`` is the kind of error and its place, no value; ``failed_at`` is in UTC.  ``again``:
    it is to be sent again as soon as somebody consumes the subscription.
    """

    subscription: str
    position: int
    part: int
    id: UUID
    topic: str
    attempts: int
    cause: str
    failed_at: datetime
    again: bool


@cache
def letters_table(schema: str | None) -> Table:
    """The table in *schema*."""
    return Table(
        "crm_subscription_dead_letters",
        MetaData(schema=schema),
        Column("subscription", Text, primary_key=True),
        Column("position", BigInteger, primary_key=True, autoincrement=False),
        Column("part", Integer, primary_key=True, autoincrement=False),
        Column("link", LargeBinary(32), nullable=False),
        Column("topic", Text, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("cause", Text, nullable=False),
        Column("failed_at", BigInteger, nullable=False),
        Column("again", Integer, nullable=False),
    )


@frozen
class Letter:
    """A dead letter as it is stored; ``failed_at`` in microseconds."""

    subscription: str
    position: int
    part: int
    link: bytes
    topic: str
    attempts: int
    cause: str
    failed_at: int
    again: int = 0

    def shown(self) -> DeadLetter:
        """The same for those who ask."""
        return DeadLetter(
            self.subscription,
            self.position,
            self.part,
            delivery_id(self.link, self.part),
            self.topic,
            self.attempts,
            self.cause,
            from_micros(self.failed_at),
            bool(self.again),
        )


@frozen
class DeadLetters:
    """The table of the dead letters."""

    schema: str | None
    _seen: list[bool] = attrs.field(factory=list, init=False, eq=False, repr=False)

    @property
    def _table(self) -> Table:
        return letters_table(self.schema)

    def make(self, connection: Connection) -> None:
        """Make the table if it is not there."""
        create_once(connection, self._table)

    def of(
        self, connection: Connection, subscription: str, *, again: bool | None = None
    ) -> list[Letter]:
        """What a subscription went past, in the order of the log; only what is to be sent *again*, or not."""
        if not self._is_there(connection):
            return []
        table = self._table
        query = select(table).where(table.c.subscription == subscription)
        if again is not None:
            query = query.where(table.c.again == int(again))
        rows = connection.execute(query.order_by(table.c.position, table.c.part))
        return [attrs.evolve(made := Letter(*row), link=bytes(made.link)) for row in rows]

    def holds(self, connection: Connection, subscription: str, position: int, part: int) -> bool:
        """Whether a delivery was put aside, and is not to be sent again."""
        if not self._is_there(connection):
            return False
        table = self._table
        one = and_(table.c.position == position, table.c.part == part, table.c.again == 0)
        query = select(table.c.topic).where(table.c.subscription == subscription, one)
        return connection.execute(query).first() is not None

    def put(self, connection: Connection, letter: Letter) -> None:
        """Keep a dead letter, in place of an earlier one on the same delivery."""
        self.make(connection)
        self.forget(connection, letter)
        connection.execute(insert(self._table).values(attrs.asdict(letter)))

    def forget(self, connection: Connection, letter: Letter) -> None:
        """Drop it: it was delivered after all."""
        table = self._table
        one = and_(table.c.position == letter.position, table.c.part == letter.part)
        connection.execute(delete(table).where(table.c.subscription == letter.subscription, one))

    def mark(
        self, connection: Connection, subscription: str, positions: Collection[int] | None
    ) -> int:
        """Let those at *positions* (None: all) be sent again; return how many these are."""
        return self._each(connection, subscription, positions, update(self._table).values(again=1))

    def drop(
        self, connection: Connection, subscription: str, positions: Collection[int] | None
    ) -> int:
        """Drop those at *positions* (None: all); return how many these are."""
        return self._each(connection, subscription, positions, delete(self._table))

    def _each(
        self,
        connection: Connection,
        subscription: str,
        positions: Collection[int] | None,
        statement: Any,
    ) -> int:
        if not self._is_there(connection):
            return 0
        table = self._table
        which: list[ColumnElement[bool]] = [table.c.subscription == subscription]
        if positions is not None:
            which.append(table.c.position.in_(positions))
        return int(connection.execute(statement.where(*which)).rowcount)

    def _is_there(self, connection: Connection) -> bool:
        if not self._seen and inspect(connection).has_table(self._table.name, schema=self.schema):
            self._seen.append(True)
        return bool(self._seen)
