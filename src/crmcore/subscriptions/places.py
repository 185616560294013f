"""Where each subscription stands: a table beside the log, and who may move a place in it.

One consumer holds a subscription at a time, by a lease that it renews as it goes on; once the lease
has lapsed another takes over.  Each lease has a token of its own, and a place moves only while the
token is the one of the latest lease: who was taken over moves nothing any more, however late it wakes.
Leases are measured by the database's clock, which is one for all consumers.
"""

import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import attrs
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    delete,
    insert,
    inspect,
    literal,
    literal_column,
    select,
    update,
)

from crmcore.application.log import Place
from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.generations.locking import create_once

SECOND = 1_000_000
"""Microseconds."""


@cache
def places_table(schema: str | None) -> Table:
    """The table in *schema*."""
    return Table(
        "crm_subscriptions",
        MetaData(schema=schema),
        Column("name", Text, primary_key=True),
        Column("position", BigInteger, nullable=False),
        Column("link", LargeBinary(32), nullable=False),
        Column("started_after", BigInteger, nullable=False),
        Column("topics", JSON(none_as_null=True)),
        Column("holder", Text),
        Column("token", BigInteger, nullable=False),
        Column("leased_until", BigInteger, nullable=False),
        Column("failed_position", BigInteger),
        Column("failed_topic", Text),
        Column("failure", Text),
        Column("attempts", Integer, nullable=False),
        Column("stopped", Integer, nullable=False),
    )


@frozen
class SubscriptionRow:
    """Where a subscription stands, as its row says.

    It has been given all that it asks for after ``started_after`` up to ``position``.  ``topics``
    are those that it asks for; None: all.  ``failure`` says what the event at ``failed_position`` met, after so
    many ``attempts``; ``stopped`` whether it was given up.
    """

    name: str
    position: int
    link: bytes
    started_after: int
    topics: Sequence[str] | None
    holder: str | None
    token: int
    leased_until: int
    failed_position: int | None
    failed_topic: str | None
    failure: str | None
    attempts: int
    stopped: int

    @property
    def place(self) -> Place:
        """How far it has come, in the log that it has seen."""
        return Place(self.position, self.link)


NO_FAILURE: Mapping[str, Any] = {
    "failed_position": None,
    "failed_topic": None,
    "failure": None,
    "attempts": 0,
    "stopped": 0,
}


@frozen
class Places:
    """The table of the places."""

    schema: str | None
    _seen: list[bool] = attrs.field(factory=list, init=False, eq=False, repr=False)

    @property
    def _table(self) -> Table:
        return places_table(self.schema)

    def _is_there(self, connection: Connection) -> bool:
        if not self._seen and inspect(connection).has_table(self._table.name, schema=self.schema):
            self._seen.append(True)
        return bool(self._seen)

    def find(self, connection: Connection, name: str) -> SubscriptionRow | None:
        """The subscription of this name, if there is one."""
        return next(iter(self.all(connection, name)), None)

    def all(self, connection: Connection, name: str | None = None) -> list[SubscriptionRow]:
        """Every subscription, by name; or the one with this *name*."""
        if not self._is_there(connection):
            return []
        query = select(self._table).order_by(self._table.c.name)
        if name is not None:
            query = query.where(self._table.c.name == name)
        return [_subscription_row(row) for row in connection.execute(query)]

    def begin(
        self, connection: Connection, name: str, after: Place, topics: Sequence[str] | None
    ) -> None:
        """Let a subscription begin after a place, unless there is one of this name."""
        create_once(connection, self._table)
        if self.find(connection, name) is None:
            row: dict[str, Any] = {"name": name, "position": after.position, "link": after.link}
            asked = {"started_after": after.position, "topics": _listed(topics)}
            free = {"holder": None, "token": 0, "leased_until": 0}
            connection.execute(insert(self._table).values(row | asked | free | dict(NO_FAILURE)))

    def claim(
        self,
        connection: Connection,
        name: str,
        holder: str,
        seconds: float,
        topics: Sequence[str] | None,
    ) -> SubscriptionRow | None:
        """Hold a subscription from now on, for so long; None while another does, or there is none."""
        table, now = self._table, _now(connection)
        changed = connection.execute(
            update(table)
            .where(table.c.name == name, table.c.leased_until < now)
            .values(
                holder=holder,
                token=table.c.token + 1,
                leased_until=now + int(seconds * SECOND),
                topics=_listed(topics),
                stopped=0,
            )
        )
        return self.find(connection, name) if changed.rowcount else None

    def is_free(self, connection: Connection, name: str) -> bool:
        """Whether nobody holds it; looked at without keeping others waiting."""
        now = select(_now(connection)).scalar_subquery()
        held = select(self._table.c.name).where(
            self._table.c.name == name, self._table.c.leased_until >= now
        )
        return connection.execute(held).first() is None

    def renew(self, connection: Connection, name: str, token: int, seconds: float) -> bool:
        """Go on holding it; False where it was taken over meanwhile."""
        until = _now(connection) + int(seconds * SECOND)
        return self._change(connection, name, token, leased_until=until)

    def release(self, connection: Connection, name: str, token: int) -> None:
        """Hold it no longer."""
        self._change(connection, name, token, holder=None, leased_until=0)

    def move(self, connection: Connection, name: str, token: int, to: Place) -> bool:
        """Move on to a place; False where that is not this holder's to do any more."""
        values = {"position": to.position, "link": to.link, **NO_FAILURE}
        return self._change(connection, name, token, **values)

    def fail(
        self, connection: Connection, name: str, token: int, at: tuple[int, str], **told: Any
    ) -> bool:
        """Tell what the event at a position and of a topic met: ``failure``, ``attempts``, ``stopped``."""
        values = {"failed_position": at[0], "failed_topic": at[1], **told}
        return self._change(connection, name, token, **values)

    def reset(self, connection: Connection, name: str, to: Place) -> None:
        """Let it go on after a place, whoever holds it: they are taken it away from."""
        table = self._table
        connection.execute(
            update(table)
            .where(table.c.name == name)
            .values(
                position=to.position,
                link=to.link,
                token=table.c.token + 1,
                holder=None,
                leased_until=0,
                **NO_FAILURE,
            )
        )

    def remove(self, connection: Connection, name: str) -> None:
        """Forget it."""
        connection.execute(delete(self._table).where(self._table.c.name == name))

    def now(self, connection: Connection) -> int:
        """The present instant, by the clock that leases are measured by (microseconds)."""
        return int(connection.execute(select(_now(connection))).scalar_one())

    def _change(self, connection: Connection, name: str, token: int, **values: Any) -> bool:
        table = self._table
        held = update(table).where(table.c.name == name, table.c.token == token)
        return connection.execute(held.values(**values)).rowcount == 1


def _subscription_row(row: Any) -> SubscriptionRow:
    return attrs.evolve(made := SubscriptionRow(*row), link=bytes(made.link))


def _listed(topics: Sequence[str] | None) -> list[str] | None:
    return None if topics is None else sorted(topics)


def _now(connection: Connection) -> ColumnElement[int]:
    if connection.dialect.name == "sqlite":  # which is on this machine
        return literal(time.time_ns() // 1_000, BigInteger)
    in_seconds = "extract(epoch FROM clock_timestamp())"
    return literal_column(f"CAST({in_seconds} * {SECOND} AS bigint)", BigInteger)
