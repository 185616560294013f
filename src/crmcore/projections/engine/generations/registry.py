"""Generations: the tables that hold a read model's rows, and the views that show the live ones.

A generation's tables carry its number (``loyalty_status__g1``); the stable name is a view on
the live generation, for SQL users and for every query here.  A generation is *building* until
it is switched to, then *live*, then *previous*, which can be gone back to, and *older* when the
next one is; it is retired when its tables are dropped.  At most one is live, and one previous.
"""

from collections.abc import Iterable, Mapping
from functools import cache, partial
from typing import Any

import attrs
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
    Update,
    bindparam,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)

from crmcore.application.errors import StoreFormatError
from crmcore.application.log import Place
from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.generations.checkpoint import (
    LIVE,
    OLDER,
    PREVIOUS,
    RETIRED,
    START,
    Checkpoint,
)
from crmcore.projections.engine.generations.locking import create_once, lock, lock_soon
from crmcore.projections.engine.generations.tables import generation_tables
from crmcore.projections.engine.generations.views import InTheWayError, drop, show
from crmcore.projections.engine.projection import Projection

COLUMNS = {
    "postgresql": text(
        "SELECT count(*), count(*) FILTER (WHERE attname = 'link') FROM pg_attribute"
        " WHERE attrelid = to_regclass(:name) AND attnum > 0 AND NOT attisdropped"
    ),
    "sqlite": text(
        "SELECT count(*), count(*) FILTER (WHERE name = 'link')"
        " FROM pragma_table_info('crm_projections')"
    ),
}
"""How many columns the registry has, and whether links are among them."""


@cache
def _registry_table(schema: str | None) -> Table:
    return Table(
        "crm_projections",
        MetaData(schema=schema),
        Column("name", Text, primary_key=True),
        Column("generation", Integer, primary_key=True),
        Column("state", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("definition", Text, nullable=False),
        Column("tables", JSON, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("link", LargeBinary(32), nullable=False),
        Column("failed_position", BigInteger),
        Column("failed_topic", Text),
        Column("failure", Text),
        Column("topics", JSON),
    )


@cache  # made once for all commands that keep a read model inline
def _generations(schema: str | None, columns: int) -> Select[Any]:
    table = _registry_table(schema)
    named = select(*list(table.columns)[:columns]).where(
        table.c.name == bindparam("projection"), table.c.state != RETIRED
    )
    return named.order_by(table.c.generation)


@cache
def _change(schema: str | None, columns: tuple[str, ...]) -> Update:
    table = _registry_table(schema)
    one = update(table).where(
        table.c.name == bindparam("projection"), table.c.generation == bindparam("number")
    )
    return one.values({column: bindparam(column) for column in columns})


@frozen
class Registry:
    """The table that knows every projection's generations and checkpoints."""

    schema: str | None
    _seen: list[bool] = attrs.field(factory=list, init=False, eq=False, repr=False)

    def _columns(self, connection: Connection) -> int:
        """How many columns the registry's table has: none where it is not there.

        An earlier release made it without the last.  PostgreSQL is not asked again once all were there.
        Raises ``StoreFormatError`` where a release before that made it.
        """
        if self._seen:
            return len(_registry_table(self.schema).columns)
        asked = COLUMNS[connection.dialect.name]
        name = {}
        if connection.dialect.name == "postgresql":
            name = {"name": self._quoted(connection, "crm_projections")}
        columns, links = connection.execute(asked, name).one()
        if columns and not links:
            raise StoreFormatError(
                "the read models are kept in tables of an earlier release (crm_projections):"
                " `crmcore upgrade` brings them forward; the log itself is as it should be"
            )
        return int(columns)

    def claim(self, connection: Connection, name: str) -> None:
        """Be the one consumer of a projection until the transaction ends; a second one waits.

        Makes the registry's table if it is not there, and its last column if an earlier release
        made the others.
        """
        lock(connection, self.schema, name)
        columns, registry = self._columns(connection), _registry_table(self.schema)
        if not columns:
            create_once(connection, registry)
        elif columns < len(registry.columns):
            lock(connection, self.schema, registry.name)
            if self._columns(connection) == columns:
                table = self._quoted(connection, registry.name)
                connection.execute(text(f"ALTER TABLE {table} ADD COLUMN topics JSON"))
        elif not self._seen and connection.dialect.name == "postgresql":
            # Made by a transaction before this one.  A reader in SQLite may see an earlier moment.
            self._seen.append(True)

    def claim_soon(self, connection: Connection, name: str, milliseconds: int) -> bool:
        """Be the one consumer as ``claim`` does, unless another goes on being it for so long.

        The registry's table is not looked for: a host may have made it in this very
        transaction, and undo it.
        """
        return lock_soon(connection, self.schema, name, milliseconds)

    def generations(self, connection: Connection, name: str) -> list[Checkpoint]:
        """All generations of a projection that have tables, in the order in which they were begun."""
        columns = self._columns(connection)
        if not columns:
            return []
        found = connection.execute(_generations(self.schema, columns), {"projection": name})
        return [Checkpoint(*row) for row in found]

    def generation(self, connection: Connection, name: str, number: int) -> Checkpoint | None:
        """The generation with this number, if its tables are there."""
        found = self.generations(connection, name)
        return next((one for one in found if one.generation == number), None)

    def in_state(self, connection: Connection, name: str, state: str) -> Checkpoint | None:
        """The latest generation of a projection that is in this state, if there is one."""
        found = [one for one in self.generations(connection, name) if one.state == state]
        return found[-1] if found else None

    def live(self, connection: Connection, name: str) -> Checkpoint | None:
        """The live generation, if the projection was begun."""
        return self.in_state(connection, name, LIVE)

    def begin(
        self, connection: Connection, projection: Projection, state: str = LIVE
    ) -> Checkpoint:
        """Make the tables of a further generation, and the views if it is to be live at once."""
        registry = _registry_table(self.schema)
        create_once(connection, registry)
        last = select(func.max(registry.c.generation)).where(registry.c.name == projection.name)
        generation = int(connection.execute(last).scalar() or 0) + 1
        tables = {}
        for declared, actual in generation_tables(projection, generation, self.schema):
            actual.create(connection)
            tables[declared.name] = actual.name
        begun = Checkpoint(
            projection.name,
            generation,
            state,
            projection.version,
            projection.definition(),
            tables,
            *START,
            None,
            None,
            None,
            projection.versions,
        )
        connection.execute(insert(registry).values(attrs.asdict(begun)))
        if state == LIVE:
            self._show(connection, {}, tables)
        return begun

    def switch(self, connection: Connection, to: Checkpoint) -> None:
        """Let the views show the generation *to*; the one that was live is now the previous one."""
        shown = self.live(connection, to.name)
        for one in self.generations(connection, to.name):
            if one.state == PREVIOUS:
                self._update(connection, one, state=OLDER)
        if shown is not None:
            self._update(connection, shown, state=PREVIOUS)
        self._update(connection, to, state=LIVE)
        self._show(connection, {} if shown is None else shown.tables, to.tables)

    def drop(self, connection: Connection, gone: Checkpoint) -> None:
        """Drop the tables of a generation that is not live."""
        for name in gone.tables.values():
            drop(connection, "TABLE", self._quoted(connection, name))
        self._update(connection, gone, state=RETIRED, tables={})

    def advance(
        self,
        connection: Connection,
        at: Checkpoint,
        to: Place,
        topics: Mapping[str, int] | None = None,
    ) -> None:
        """Move the checkpoint to a place in the log; a failure before it is over.

        *topics* are those that were read up to there, where they are others than before.
        """
        values: dict[str, object] = {"failed_position": None, "failed_topic": None, "failure": None}
        if topics is not None and topics != at.topics:
            values["topics"] = topics
        self._update(connection, at, position=to.position, link=to.link, **values)

    def fail(
        self,
        connection: Connection,
        at: Checkpoint,
        position: int | None,
        topic: str | None,
        why: str,
    ) -> None:
        """Record what stopped the projection: the event at *position*, if it was one."""
        self._update(
            connection, at, failed_position=position, failed_topic=topic, failure=why[:1000]
        )

    def _update(self, connection: Connection, at: Checkpoint, **values: object) -> None:
        which = {"projection": at.name, "number": at.generation}
        connection.execute(_change(self.schema, tuple(values)), {**which, **values})

    def taken(self, connection: Connection, names: Iterable[str]) -> str | None:
        """What has one of *names*, which are to be those of views, if something has."""
        there = inspect(connection).has_table
        for name in names:
            if there(name, schema=self.schema):
                return (
                    f"there is a table or a view named {name} already, and not of this read model:"
                    " rename it, or keep the log in a schema or a file of its own"
                )
        return None

    def _show(
        self, connection: Connection, before: Mapping[str, str], after: Mapping[str, str]
    ) -> None:
        taken = self.taken(connection, (name for name in after if name not in before))
        if taken is not None:
            raise InTheWayError(taken)

        def quoted(tables: Mapping[str, str]) -> dict[str, str]:
            quote = partial(self._quoted, connection)
            return {quote(view): quote(source) for view, source in tables.items()}

        show(connection, quoted(before), quoted(after))

    def table(self, name: str) -> Table:
        """The table of this name in the log's schema, its columns unknown."""
        return Table(name, MetaData(schema=self.schema))

    def _quoted(self, connection: Connection, name: str) -> str:
        return connection.dialect.identifier_preparer.format_table(self.table(name))
