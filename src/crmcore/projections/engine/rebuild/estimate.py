"""What a rebuild will take, measured on a sample, so that the truth may lie some way off."""

import time

from sqlalchemy import Connection, Table, exc, func, select, text

from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.generations.checkpoint import Checkpoint
from crmcore.projections.engine.generations.registry import Registry
from crmcore.projections.engine.projection import Projection
from crmcore.projections.engine.rebuild.fill import sample
from crmcore.projections.engine.rebuild.parts import Part
from crmcore.projections.engine.source import LogSource

SAMPLE = 20_000
"""Records of the log that an estimate folds."""

PAGES = text(
    "SELECT sum(pgsize) FROM dbstat WHERE aggregate = 1 AND name IN"
    " (SELECT name FROM sqlite_master WHERE tbl_name = :name)"
)
"""The bytes of the pages of a table in SQLite, and of its indexes."""


@frozen
class Estimate:
    """How long a rebuild in one process would take, and how much space."""

    name: str
    records: int
    sampled: int
    seconds: float
    rows: int | None
    """The rows that the live generation holds now; None without one."""
    bytes: int | None
    """What those take in the database; None where it cannot tell (SQLite without dbstat)."""


def estimate(source: LogSource, registry: Registry, projection: Projection) -> Estimate:
    """Fold a sample, which begins where the projection finds its first event, and write nothing."""
    with source.read() as connection:
        end = source.head(connection)
        first = next(iter(source.events(connection, projection.reads, 0, 1).events), None)
        live = registry.live(connection, projection.name)
        rows, size = (None, None) if live is None else _size(connection, registry, live)
    head = end.position
    before = head if first is None else first.position - 1
    upto = min(head, before + SAMPLE)
    begun = time.perf_counter()
    sample(source, registry, projection, Part(projection.name, 0, 0, None, None, 0, upto, end.link))
    seconds, sampled = time.perf_counter() - begun, upto - before
    whole = seconds * (head - before) / sampled if sampled else 0.0
    return Estimate(projection.name, head, sampled, whole, rows, size)


def _size(connection: Connection, registry: Registry, live: Checkpoint) -> tuple[int, int | None]:
    rows, sizes = 0, list[int | None]()
    for name in live.tables.values():
        table = registry.table(name)
        rows += int(connection.execute(select(func.count()).select_from(table)).scalar_one())
        sizes.append(_bytes(connection, table))
    return rows, None if None in sizes else sum(size or 0 for size in sizes)


def _bytes(connection: Connection, table: Table) -> int | None:
    """What a table and its indexes take; None where SQLite was built without the means to tell."""
    if connection.dialect.name == "postgresql":
        quoted = connection.dialect.identifier_preparer.format_table(table)
        found = connection.execute(select(func.pg_total_relation_size(quoted)))
        return int(found.scalar_one())
    try:
        return int(connection.execute(PAGES, {"name": table.name}).scalar_one() or 0)
    except exc.OperationalError:
        return None
