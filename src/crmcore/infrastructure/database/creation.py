"""The log's tables: made once, whoever comes first, or found to be of this format.

Nothing is added to a database that holds tables of their names which are not a log's.
"""

import secrets
from typing import Final

from sqlalchemy import Connection, Engine, insert, inspect, select, text
from sqlalchemy.engine.reflection import ObjectKind
from sqlalchemy.schema import CreateSchema

from crmcore.application.errors import (
    StoreFormatError,
    StoreMissingError,
    StoreUnavailableError,
)
from crmcore.domain.kernel import shown
from crmcore.infrastructure.database.host_transaction import (
    Location,
    begin,
    location_of,
    require_committing,
)
from crmcore.infrastructure.log.chain import FIRST_LINK
from crmcore.infrastructure.log.head import key_of
from crmcore.infrastructure.log.tables import FORMAT, LogTables

CREATE_LOCK: Final = 0x63726D636F7265
""""crmcore": PostgreSQL's advisory lock while tables are made."""

LONGEST_NAME: Final = 63
"""Bytes of a name in PostgreSQL."""


def require_schema(where: str, schema: str | None) -> None:
    """Raise ``StoreUnavailableError`` for a name that PostgreSQL would cut, or refuse."""
    if schema is not None and ("\0" in schema or len(schema.encode()) > LONGEST_NAME):
        raise StoreUnavailableError(
            f"{where}: schema {shown(schema)}: expected a name of at most {LONGEST_NAME} bytes"
        )


def make(engine: Engine, tables: LogTables, where: str, *, create: bool) -> Location:
    """Find the log's tables, or make them if *create* says so; return where they are.

    Raises ``StoreMissingError`` if they are not there and not to be made, ``StoreFormatError`` for
    others of their names, ``MisuseError`` for an engine that commits each statement by itself.
    """
    with engine.connect() as connection, connection.begin():
        there = _is_made(connection, tables, where)
        require_committing(connection, where)
        if there:
            return location_of(connection, tables)
    if not create:
        raise StoreMissingError(f"{where}: there is no crmcore log in this database")
    schema = tables.events.schema
    with engine.connect() as connection, connection.begin():
        if connection.dialect.name == "sqlite":
            begin(connection, "IMMEDIATE")
        else:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({CREATE_LOCK})"))
            if schema:
                connection.execute(CreateSchema(schema, if_not_exists=True))
        if not _is_made(connection, tables, where):  # by another, who came first
            tables.metadata.create_all(connection)
            connection.execute(insert(tables.head).values(_first_head()))
        return location_of(connection, tables)


def _is_made(connection: Connection, tables: LogTables, where: str) -> bool:
    """Whether the log's tables are there; ``StoreFormatError`` for others of their names."""
    ours = {table.name: set(table.columns.keys()) for table in tables.metadata.sorted_tables}
    found = inspect(connection).get_multi_columns(
        schema=tables.events.schema, filter_names=list(ours), kind=ObjectKind.ANY
    )
    there = {name: {one["name"] for one in columns} for (_, name), columns in found.items()}
    if "format" in there.get(tables.head.name, ()):
        version = connection.execute(select(tables.head.c.format)).scalar()
        if version != FORMAT:
            raise StoreFormatError(f"{where}: {_of_another_format(version)}")
    if there and there != ours:
        wrong = min(name for name in ours if there.get(name) != ours[name])
        raise StoreFormatError(
            f"{where}: holds other tables than those of a crmcore log ({wrong}): use another"
            " database or schema, or restore the log from a backup"
        )
    if there:
        key_of(connection, tables)
    return bool(there)


def _of_another_format(version: object) -> str:
    ours = f"this one reads format {FORMAT}"
    if isinstance(version, int) and version > FORMAT:
        return (
            f"its log has format {version}, of a later release of crmcore; {ours}: update crmcore"
        )
    return f"its log has format {version}, which no release wrote; {ours}: restore it from a backup"


def _first_head() -> dict[str, int | bytes]:
    return {
        "id": 1,
        "format": FORMAT,
        "position": 0,
        "chain": FIRST_LINK,
        "recorded_at": 0,
        "pseudonym_key": secrets.token_bytes(32),
    }
