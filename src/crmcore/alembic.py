"""For a host that migrates its own tables with Alembic: what of a database the core owns.

The core makes, changes and drops its tables itself.  Autogenerate finds them in the database and not
in the host's metadata, and so proposes to drop them, unless it is told by ``include_object``:

    context.configure(..., include_object=crmcore.alembic.include_object)

Neither Alembic nor anything else is imported here.  A table that is in the host's own metadata is
never taken for the core's, whatever it is called.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Connection

__all__ = ["Owned", "include_object", "owned"]

TABLES: Final = frozenset(
    {
        "crm_events",
        "crm_head",
        "crm_commands",
        "crm_projections",
        "crm_rebuild_parts",
        "crm_put_aside",
        "crm_tracking",
        "crm_subscriptions",
        "crm_subscription_dead_letters",
    }
)
"""What the core names itself: the log, the registry of read models, places of readers."""

OF_READERS: Final = re.compile(r"crm_aggregate_[a-z][a-z0-9_]{0,40}")
"""Streams beside the log, of applications on ``eventsourcing``."""

GENERATION: Final = re.compile(r".+__g[1-9][0-9]*", re.DOTALL)
"""A generation of a read model: a name that no read model may have, and no other table should."""

HEAD: Final = frozenset({"format", "position", "chain", "pseudonym_key"})
"""Columns by which a head is known for one of a log."""


def include_object(
    object: Any,  # noqa: A002, ARG001  # as Alembic calls it
    name: str | None,
    type_: str,
    reflected: bool,
    compare_to: Any,
) -> bool:
    """Whether Alembic's autogenerate is to look at something: not at what the core owns.

    By the exact names that the core gives; a table that is in the metadata of the host is looked at.
    ``owned`` asks the database instead.
    """
    if type_ != "table" or not reflected or compare_to is not None or name is None:
        return True
    return not (_is_ours(name) or GENERATION.fullmatch(name))


def owned(connection: Connection) -> Owned:
    """What the core owns in the database of *connection*, as its registries of read models tell.

    Exact where names are not: a table of the host's that is called like a generation of a read model
    is looked at, views on read models that the host has in its metadata are not made as tables, and
    the schemas of tenants are not even read.
    """
    schemas = {schema: _relations(connection, schema) for schema in _schemas_of_logs(connection)}
    default = connection.dialect.default_schema_name
    apart = {
        schema
        for schema, relations in schemas.items()
        if schema not in (None, default) and relations.issuperset(_tables(connection, schema))
    }
    return Owned({None if one == default else one: found for one, found in schemas.items()}, apart)


class Owned:
    """Tables and views that the core owns, by schema (None: the default one); made by ``owned``."""

    def __init__(
        self, relations: Mapping[str | None, Collection[str]], apart: Collection[str | None]
    ) -> None:
        self.relations = relations
        self._apart = apart

    def include_name(
        self,
        name: str | None,
        type_: str,
        _parents: Mapping[Any, str | None],
    ) -> bool:
        """Whether Alembic is to read a schema: not those of tenants, which hold nothing else."""
        return type_ != "schema" or name is None or name not in self._apart

    def include_object(
        self,
        object: Any,  # noqa: A002  # as Alembic calls it
        name: str | None,
        type_: str,
        reflected: bool,
        compare_to: Any,
    ) -> bool:
        """Whether autogenerate is to look at something: not at what the core owns."""
        if type_ != "table" or compare_to is not None:
            return True
        ours = self.relations.get(object.schema, ())
        return name not in ours or not (reflected or name in _views(ours))


def _is_ours(name: str) -> bool:
    return name in TABLES or OF_READERS.fullmatch(name) is not None


def _views(relations: Collection[str]) -> Collection[str]:
    """Those of the core's that are views: all that have no name of a table."""
    return {one for one in relations if not _is_ours(one) and not GENERATION.fullmatch(one)}


def _schemas_of_logs(connection: Connection) -> list[str | None]:
    """The schemas that hold a log."""
    from sqlalchemy import inspect, text

    if connection.dialect.name != "postgresql":
        there = inspect(connection)
        if not there.has_table("crm_head"):
            return []
        columns = {one["name"] for one in there.get_columns("crm_head")}
        return [None] if columns >= HEAD else []
    query = text(
        "SELECT table_schema FROM information_schema.columns"
        " WHERE table_name = 'crm_head' AND column_name = ANY(:columns)"
        " GROUP BY table_schema HAVING count(*) = :all ORDER BY table_schema"
    )
    found = connection.execute(query, {"columns": sorted(HEAD), "all": len(HEAD)})
    return list(found.scalars())


def _tables(connection: Connection, schema: str | None) -> Collection[str]:
    from sqlalchemy import inspect

    return inspect(connection).get_table_names(schema)


def _relations(connection: Connection, schema: str | None) -> set[str]:
    """The tables of a log, of its readers and its read models, and the views on these."""
    from sqlalchemy import JSON, MetaData, Table, column, select

    there = set(_tables(connection, schema))
    relations = {name for name in there if _is_ours(name)}
    if "crm_projections" in there:
        registry = Table("crm_projections", MetaData(), schema=schema)
        kept = select(column("tables", JSON)).select_from(registry)
        for by_view in connection.execute(kept).scalars():
            relations.update(by_view, by_view.values())
    return relations
