"""Filling a new generation: one part of the groups, folded from the first event on.

Rows stay in memory while they may change again, and are written in bulk.  What was written and
how far the part has come are committed together, so that a killed worker goes on where it was.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import localcontext
from functools import cache

import attrs
from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, Table, Text
from sqlalchemy import delete as delete_from
from sqlalchemy import insert, inspect, select, update

from crmcore.domain.kernel.money import EXACT
from crmcore.projections.engine.batch import LogSource, PoisonError, ProjectionStoppedError
from crmcore.projections.engine.generation import Registry, generation_tables
from crmcore.projections.engine.memory import MemoryRows
from crmcore.projections.engine.projection import Projection, append_only

__all__ = ["Part", "Parts", "Worker", "fill"]

PAGE = 10_000
"""Records to a query."""

COMMIT = 250_000
"""Records after which a part writes what it has and commits, so that a kill loses no more."""

MOST_ROWS = 100_000
"""Rows that only ever grow in number are written when there are so many."""

MOST_GROUPS = 1_000_000
"""Rows that may change are kept in memory up to so many; then they are written and read again."""


@attrs.frozen
class Part:
    """The groups whose ids end in two hexadecimal digits from *low* to *below*, of a generation.

    ``position`` is how far it has come, ``upto`` where it ends.  ``low`` and ``below`` are
    None where the groups of an event do not follow from one id, so that there is one part.
    """

    name: str
    generation: int
    number: int
    low: str | None
    below: str | None
    position: int
    upto: int

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
    )


@attrs.frozen
class Parts:
    """The table of the parts that a rebuild is divided into."""

    schema: str | None

    def plan(
        self, connection: Connection, name: str, generation: int, count: int, upto: int
    ) -> list[Part]:
        """Divide a generation into *count* parts of about the same size, up to a position."""
        table = _parts_table(self.schema)
        table.create(connection, checkfirst=True)
        bounds = [f"{256 * number // count:02x}" for number in range(count)] + ["g"]
        parts = [
            Part(name, generation, number, low, below, 0, upto)
            for number, (low, below) in enumerate(zip(bounds, bounds[1:], strict=False))
        ]
        if count == 1:
            parts = [attrs.evolve(parts[0], low=None, below=None)]
        connection.execute(insert(table), [attrs.asdict(part) for part in parts])
        return parts

    def of(self, connection: Connection, name: str, generation: int) -> list[Part]:
        """The parts of a generation, and how far they have come."""
        table = _parts_table(self.schema)
        if not inspect(connection).has_table(table.name, schema=self.schema):
            return []
        query = select(table).where(table.c.name == name, table.c.generation == generation)
        return [Part(*row) for row in connection.execute(query.order_by(table.c.number))]

    def advance(self, connection: Connection, part: Part, position: int) -> None:
        """Record how far a part has come."""
        table = _parts_table(self.schema)
        connection.execute(
            update(table)
            .where(
                table.c.name == part.name,
                table.c.generation == part.generation,
                table.c.number == part.number,
            )
            .values(position=position)
        )

    def forget(self, connection: Connection, name: str, generation: int) -> None:
        """Forget the parts of a generation that is filled, or given up."""
        table = _parts_table(self.schema)
        if inspect(connection).has_table(table.name, schema=self.schema):
            connection.execute(
                delete_from(table).where(table.c.name == name, table.c.generation == generation)
            )


def fill(source: LogSource, registry: Registry, projection: Projection, part: Part) -> int:
    """Fold a part to its end; return how many events it took.

    Raises ``ProjectionStoppedError`` at an event that cannot be read or applied; what came
    before the last commit is kept.
    """
    worker = Worker(source, registry, projection, part)
    with _without_collector(), localcontext(EXACT):
        try:
            return worker.run()
        except PoisonError as poison:
            raise ProjectionStoppedError(
                f"{projection.name}: stopped at position {poison.position}"
                f" ({poison.topic}): {poison}"
            ) from poison.cause


class Worker:
    """Folds one part; ``fill`` is how it is used."""

    def __init__(
        self, source: LogSource, registry: Registry, projection: Projection, part: Part
    ) -> None:
        self._source, self._registry, self._projection = source, registry, projection
        self._part, self._position, self._unwritten = part, part.position, 0
        tables = generation_tables(projection, part.generation, registry.schema)
        self._growing = [declared for declared, _ in tables if append_only(declared)]
        self._tables = tables
        self._rows = MemoryRows(tables, empty=part.position == 0)

    def sample(self) -> None:
        """Fold the part in memory, and write nothing."""
        with localcontext(EXACT):
            while self._position < self._part.upto:
                with self._source.read() as connection:
                    _, self._position = self._page(connection)

    def run(self) -> int:
        """Fold the part and write it; return how many events it took."""
        folded = 0
        while self._position < self._part.upto:
            with self._source.read() as connection:
                count, self._position = self._page(connection)
            folded += count
            self._unwritten += PAGE
            if self._must_write():
                self._write()
        return folded

    def _must_write(self) -> bool:
        growing = sum(self._rows.count(table) for table in self._growing)
        return (
            self._unwritten >= COMMIT
            or growing >= MOST_ROWS
            or self._rows.size >= MOST_GROUPS
            or self._position >= self._part.upto
        )

    def _page(self, connection: Connection) -> tuple[int, int]:
        projection, rows, part = self._projection, self._rows, self._part
        low, below, column = part.low, part.below, projection.partition
        divided = None if low is None or below is None or column is None else (column, low, below)
        page = self._source.events(
            connection,
            projection.reads,
            self._position,
            PAGE,
            provenance=projection.provenance,
            part=divided,
            upto=part.upto,
        )
        events, count = page.events, 0
        if not rows.empty:
            known = list(events)
            rows.load(connection, (group for event in known for group in projection.groups(event)))
            events = iter(known)
        groups, handlers = projection.groups, projection.handler_of
        for event in events:
            try:
                named = groups(event)
                if named:
                    rows.name(named)
                    handlers[type(event.event)](event.event, event, rows)
            except Exception as error:
                raise PoisonError(event, (), error) from error
            count += 1
        return count, part.upto if page.last is None else page.last

    def _write(self) -> None:
        with self._source.write() as connection:
            self._rows.flush(connection, self._source.insert)
            Parts(self._registry.schema).advance(connection, self._part, self._position)
        self._unwritten = 0
        if self._rows.size >= MOST_GROUPS:
            self._rows = MemoryRows(self._tables)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Python's cycle collector, which would look through all rows again and again, off."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


