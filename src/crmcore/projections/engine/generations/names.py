"""The names that read models give to tables and indexes, checked when the core is opened.

Otherwise some would fail at a later rebuild only: PostgreSQL cuts names, and a generation's
tables carry its number.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import PrimaryKeyConstraint, Table, UniqueConstraint

from crmcore.projections.engine.generations.tables import numbered_name
from crmcore.projections.engine.projection import Projection

LONGEST: Final = 63
"""Bytes that PostgreSQL keeps of a name."""

LAST_GENERATION: Final = 99_999
"""Names leave room for its number."""

RESERVED: Final = re.compile(r"(crm|pg|sqlite)_.*|.*__g\d+", re.IGNORECASE | re.DOTALL)
"""Tables of the log and of the databases themselves, and generations of read models."""


def check_names(projections: Sequence[Projection]) -> None:
    """Raise ``ValueError`` for names that clash, are too long, are none, or are not to be had."""
    names = [projection.name for projection in projections]
    if "" in names:
        raise ValueError("a read model needs a name")
    if len(set(names)) < len(names):
        raise ValueError(f"two read models have the same name: {', '.join(sorted(names))}")
    owners = dict[str, str]()
    for projection in projections:
        for declared in projection.tables:
            _check_table(projection, declared)
            for name in _relations(declared):
                other = owners.setdefault(name.lower(), projection.name)
                if other != projection.name:
                    raise ValueError(f"{projection.name}: {name} is a name in {other} already")


def _check_table(projection: Projection, declared: Table) -> None:
    if RESERVED.fullmatch(declared.name):
        raise ValueError(
            f"{projection.name}: a table cannot be named {declared.name}: names that begin with"
            " crm_, pg_ or sqlite_ are not to be had, nor those that end like a generation's"
        )
    numbered = (numbered_name(name, LAST_GENERATION) for name in _relations(declared))
    for name in [*numbered, *(column.name for column in declared.columns)]:
        if not name or "%" in name:  # where drivers put values in
            raise ValueError(f"{projection.name}: {name!r} is no name for a table, column or index")
        if len(name.encode()) > LONGEST:
            raise ValueError(
                f"{projection.name}: the name {name} (as a later generation has it) is longer than"
                f" {LONGEST} bytes, where PostgreSQL would cut it: take a shorter one"
            )


def _relations(table: Table) -> Iterator[str]:
    """The names that a database gives to one thing only."""
    yield table.name
    for index in table.indexes:
        yield str(index.name)
    for one in table.constraints:
        if isinstance(one, PrimaryKeyConstraint | UniqueConstraint) and one.name:
            yield str(one.name)
