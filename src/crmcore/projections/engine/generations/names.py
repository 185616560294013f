"""The names that read models give to tables and indexes, checked when the core is opened.

Otherwise some would fail at a later rebuild only: PostgreSQL cuts names, and a generation's
tables carry its number.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import PrimaryKeyConstraint, Table, UniqueConstraint

from crmcore.application.errors import MisuseError
from crmcore.domain.kernel import shown
from crmcore.projections.engine.generations.tables import numbered_name
from crmcore.projections.engine.projection import Projection

LONGEST: Final = 63
"""Bytes that PostgreSQL keeps of a name."""

LAST_GENERATION: Final = 99_999
"""Names leave room for its number."""

RESERVED: Final = re.compile(r"(crm|pg|sqlite)_.*|.*__g\d+", re.IGNORECASE | re.DOTALL)
"""Tables of the log and of the databases themselves, and generations of read models."""


def require_projections(given: Any) -> Sequence[Projection]:
    """What a host gave as its read models; raises ``MisuseError`` where it is no list of them."""
    expected = "projections: expected a list of Projection, got"
    if not isinstance(given, list | tuple):
        raise MisuseError(f"{expected} {shown(given)}")
    for one in given:
        if not isinstance(one, Projection):
            raise MisuseError(f"{expected} one of {shown(one)}")
    return given


def check_names(projections: Sequence[Projection]) -> None:
    """Raise ``MisuseError`` for names that clash, are too long, are none, or are not to be had."""
    named: dict[str, Projection] = {}
    owners: dict[str, tuple[Projection, str]] = {}
    for projection in projections:
        if not isinstance(projection.name, str) or not projection.name:
            raise MisuseError(f"a read model needs a name, got {shown(projection.name)}")
        if projection.name in named:
            other = _tables(named[projection.name])
            raise MisuseError(
                f"two read models have the same name, {projection.name}: one with {other}, one with"
                f" {_tables(projection)}: leave one out, or give it another name"
            )
        named[projection.name] = projection
        for declared in projection.tables:
            _check_table(projection, declared)
            for name in _relations(declared):
                if name.lower() in owners:
                    owner, table = owners[name.lower()]
                    raise MisuseError(
                        f"{projection.name}: {name} (of its table {declared.name}) is a name in"
                        f" {owner.name} already (of its table {table}): give one of them another"
                    )
                owners[name.lower()] = projection, declared.name


def _tables(projection: Projection) -> str:
    names = ", ".join(table.name for table in projection.tables)
    return f"the tables {names}" if names else "no tables"


def _check_table(projection: Projection, declared: Table) -> None:
    if RESERVED.fullmatch(declared.name):
        raise MisuseError(
            f"{projection.name}: a table cannot be named {declared.name}: names that begin with"
            " crm_, pg_ or sqlite_ are not to be had, nor those that end like a generation's"
        )
    numbered = (numbered_name(name, LAST_GENERATION) for name in _relations(declared))
    for name in [*numbered, *(column.name for column in declared.columns)]:
        if not name or "%" in name:  # where drivers put values in
            raise MisuseError(
                f"{projection.name}: {name!r} is no name for a table, column or index"
            )
        if len(name.encode()) > LONGEST:
            raise MisuseError(
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
