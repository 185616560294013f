"""The head of the log: the one row that says how far it has come, and holds its key for pseudonyms."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from crmcore.application.errors import StoreFormatError
from crmcore.infrastructure.database.driver import fetch_all
from crmcore.infrastructure.log.tables import LogTables


def the_head(rows: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """The one row of the head; ``StoreFormatError`` where there is none, or more than one."""
    if len(rows) != 1:
        found = "more than one head" if rows else "no head"
        raise StoreFormatError(f"the log has {found}: restore it from a backup")
    return rows[0]


def key_of(connection: Connection, tables: LogTables) -> bytes:
    """The log's key for pseudonyms; ``StoreFormatError`` where its head has none."""
    head = connection.dialect.identifier_preparer.format_table(tables.head)
    (key,) = the_head(fetch_all(connection, f"SELECT pseudonym_key FROM {head}", ()))
    if not isinstance(key, bytes):  # SQLite takes text for it
        raise StoreFormatError("the log's key for pseudonyms is none: restore it from a backup")
    return key
