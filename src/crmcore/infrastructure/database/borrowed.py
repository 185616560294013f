"""A host's transaction that SQLAlchemy did not begin: on Django's connection, or on the driver's own.

SQLAlchemy is given a connection that it can neither commit, nor roll back, nor close: that is the host's.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, StaticPool

from crmcore.application.errors import MisuseError


class HostConnection(Protocol):
    """A connection of sqlite3 or psycopg, or Django's (``django.db.connection``)."""

    def cursor(self) -> Any:
        """A cursor, which crmcore makes anew, as it does not know how the host's are set up."""

    def commit(self) -> None:
        """End the transaction, which crmcore never does."""

    def rollback(self) -> None:
        """Undo the transaction, which crmcore never does."""


class Borrowed:
    """A driver's connection, whose transaction is not ended, and whose cursors give plain rows."""

    def __init__(self, lent: Any) -> None:
        self._lent = lent

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lent, name)

    def cursor(self) -> Any:
        """A cursor of the driver's own, whatever the host has its cursors made by."""
        if hasattr(self._lent, "pgconn"):
            from psycopg import Cursor
            from psycopg.rows import tuple_row
            from psycopg.types.json import JsonbLoader

            cursor = Cursor(self._lent, row_factory=tuple_row)
            cursor.adapters.register_loader("jsonb", JsonbLoader)  # Django's leaves it as text
            return cursor
        plain = sqlite3.Cursor(self._lent)
        plain.row_factory = None
        return plain

    def execute(self, statement: str, parameters: tuple[Any, ...]) -> Any:
        """A cursor that has run a statement."""
        return self.cursor().execute(statement, parameters)

    def rollback(self) -> None:
        """Nothing."""

    commit = close = rollback


@contextmanager
def as_sqlalchemy(connection: object, engine: Engine, where: str) -> Iterator[object]:
    """*connection* as one of SQLAlchemy's, with what is known of *engine*'s database; or as it is.

    Raises ``MisuseError`` for one of Django's that is in no transaction.
    """
    lent: Any = connection
    if hasattr(lent, "in_atomic_block"):  # Django's
        if lent.get_autocommit():
            raise MisuseError(
                f"{where}: connection: Django's commits each statement by itself: execute within"
                " `with transaction.atomic():`"
            )
        lent = lent.connection
    if not isinstance(lent, engine.dialect.loaded_dbapi.Connection):
        yield connection
        return
    pool = StaticPool(lambda: Borrowed(lent), reset_on_return=None, dialect=engine.dialect)
    with Connection(Engine(pool, engine.dialect, engine.url)) as joined:
        yield joined
