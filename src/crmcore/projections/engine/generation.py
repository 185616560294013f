"""Generations: the tables that hold a read model's rows, and the views that show the live ones.

A generation's tables carry its number (``loyalty_status__g1``); the stable name is a view on
the live generation, for SQL users and for every query here.
"""

from collections.abc import Sequence
from functools import cache

import attrs
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    func,
    insert,
    inspect,
    quoted_name,
    select,
    text,
    update,
)

from crmcore.projections.engine.projection import Projection

__all__ = ["Checkpoint", "Registry", "generation_tables", "view_of"]


@cache
def _registry_table(schema: str | None) -> Table:
    return Table(
        "crm_projections",
        MetaData(schema=schema),
        Column("name", Text, primary_key=True),
        Column("generation", Integer, primary_key=True),
        Column("live", Integer, nullable=False),
        Column("version", Integer, nullable=False),
        Column("definition", Text, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("failed_position", BigInteger),
        Column("failed_topic", Text),
        Column("failure", Text),
    )


def generation_tables(
    projection: Projection, generation: int, schema: str | None
) -> Sequence[tuple[Table, Table]]:
    """Each declared table with the one that holds the rows of *generation*."""
    metadata, pairs = MetaData(schema=schema), []
    for declared in projection.tables:
        actual = _copy(declared, metadata, f"{declared.name}__g{generation}")
        for index in actual.indexes:
            index.name = quoted_name(f"{index.name}__g{generation}", None)
        pairs.append((declared, actual))
    return pairs


@cache
def view_of(declared: Table, schema: str | None) -> Table:
    """The view that shows the live rows of a declared table."""
    return _copy(declared, MetaData(schema=schema))


def _copy(declared: Table, metadata: MetaData, name: str | None = None) -> Table:
    # None means the schema of *metadata*, as documented; the signature leaves it out
    return declared.to_metadata(metadata, schema=None, name=name)  # type: ignore[arg-type]


@attrs.frozen
class Checkpoint:
    """How far a generation has come.  ``failure`` says why it stopped, if it did."""

    name: str
    generation: int
    version: int
    definition: str
    position: int
    failed_position: int | None
    failed_topic: str | None
    failure: str | None


@attrs.frozen
class Registry:
    """The table that knows every projection's generations and checkpoints."""

    schema: str | None

    def claim(self, connection: Connection, name: str) -> None:
        """Be the one consumer of a projection until the transaction ends; a second one waits.

        Makes the registry's table if it is not there.
        """
        table = _registry_table(self.schema)
        self._lock(connection, name)
        if not inspect(connection).has_table(table.name, schema=self.schema):
            self._lock(connection, table.name)
            table.create(connection, checkfirst=True)

    def _lock(self, connection: Connection, name: str) -> None:
        if connection.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
            key = func.hashtext(f"{self.schema or ''}.{name}")
            connection.execute(select(func.pg_advisory_xact_lock(key)))

    def live(self, connection: Connection, name: str) -> Checkpoint | None:
        """The checkpoint of the live generation, if the projection was begun."""
        table = _registry_table(self.schema)
        if not inspect(connection).has_table(table.name, schema=self.schema):
            return None
        query = select(table).where(table.c.name == name, table.c.live == 1)
        row = connection.execute(query).one_or_none()
        return None if row is None else _checkpoint(row)

    def begin(self, connection: Connection, projection: Projection) -> Checkpoint:
        """Make the first generation's tables and views; return its checkpoint."""
        table = _registry_table(self.schema)
        for _, actual in generation_tables(projection, 1, self.schema):
            actual.create(connection)
        self._show(connection, projection, 1)
        connection.execute(
            insert(table).values(
                name=projection.name,
                generation=1,
                live=1,
                version=projection.version,
                definition=projection.definition(),
                position=0,
            )
        )
        begun = self.live(connection, projection.name)
        assert begun is not None
        return begun

    def advance(self, connection: Connection, at: Checkpoint, position: int) -> None:
        """Move the checkpoint to *position*; a failure before it is over."""
        self._update(
            connection, at, position=position, failed_position=None, failed_topic=None, failure=None
        )

    def fail(
        self, connection: Connection, at: Checkpoint, position: int, topic: str, why: str
    ) -> None:
        """Record that the event at *position* stopped the projection."""
        self._update(
            connection, at, failed_position=position, failed_topic=topic, failure=why[:1000]
        )

    def _update(self, connection: Connection, at: Checkpoint, **values: object) -> None:
        table = _registry_table(self.schema)
        connection.execute(
            update(table)
            .where(table.c.name == at.name, table.c.generation == at.generation)
            .values(**values)
        )

    def _show(self, connection: Connection, projection: Projection, generation: int) -> None:
        quote = connection.dialect.identifier_preparer
        for declared, actual in generation_tables(projection, generation, self.schema):
            view = quote.format_table(view_of(declared, self.schema))
            columns = ", ".join(quote.quote(column.name) for column in declared.columns)
            source = quote.format_table(actual)
            connection.execute(text(f"CREATE VIEW {view} AS SELECT {columns} FROM {source}"))


def _checkpoint(row: Row[tuple[object, ...]]) -> Checkpoint:
    return Checkpoint(
        row.name,
        row.generation,
        row.version,
        row.definition,
        row.position,
        row.failed_position,
        row.failed_topic,
        row.failure,
    )
