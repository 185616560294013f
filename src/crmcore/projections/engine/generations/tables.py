"""The tables of a generation and the views on them, as copies of the tables that a projection declares."""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import MetaData, Table, quoted_name

from crmcore.projections.engine.projection import Projection


def generation_tables(
    projection: Projection, generation: int, schema: str | None
) -> Sequence[tuple[Table, Table]]:
    """Each declared table with the one that holds the rows of *generation*."""
    return _pairs(projection.tables, generation, schema)


@cache  # the same tables again, so that their statements are compiled once
def _pairs(
    tables: Sequence[Table], generation: int, schema: str | None
) -> Sequence[tuple[Table, Table]]:
    metadata, pairs = MetaData(schema=schema), []
    for declared in tables:
        actual = _copy(declared, metadata, numbered_name(declared.name, generation))
        for index in actual.indexes:
            index.name = numbered_name(index.name, generation)
        for constraint in actual.constraints:
            if constraint.name is not None:
                constraint.name = numbered_name(constraint.name, generation)
        pairs.append((declared, actual))
    return pairs


@cache
def view_of(declared: Table, schema: str | None) -> Table:
    """The view that shows the live rows of a declared table."""
    return _copy(declared, MetaData(schema=schema))


def _copy(declared: Table, metadata: MetaData, name: str | None = None) -> Table:
    # None means the schema of *metadata*, as documented; the signature leaves it out
    return declared.to_metadata(metadata, schema=None, name=name)  # type: ignore[arg-type]


def numbered_name(name: object, generation: int) -> quoted_name:
    """What a table, an index or a constraint called *name* is called in a generation."""
    return quoted_name(f"{name}__g{generation}", None)
