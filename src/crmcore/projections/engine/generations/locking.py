"""What several processes may want at one moment: a lock by name, a table that is made once."""

from typing import Final

from sqlalchemy import ColumnElement, Connection, Table, exc, func, inspect, select

GIVEN_UP: Final = ("40P01", "55P03", "57014")
"""PostgreSQL's codes for a lock that was not had: a deadlock, the lock's time-out, the statement's."""


def lock(connection: Connection, schema: str | None, name: str) -> None:
    """Hold the lock *name* until the transaction ends; whoever comes second waits."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        connection.execute(select(func.pg_advisory_xact_lock(_key(schema, name))))


def lock_soon(connection: Connection, schema: str | None, name: str, milliseconds: int) -> bool:
    """Hold the lock *name* as ``lock`` does, unless another goes on holding it for so long."""
    if connection.dialect.name != "postgresql":
        return True
    key = _key(schema, name)
    if connection.execute(select(func.pg_try_advisory_xact_lock(key))).scalar_one():
        return True
    timeout = connection.execute(select(func.current_setting("lock_timeout"))).scalar_one()
    try:
        with connection.begin_nested():  # what is set in it is as before, if it fails
            connection.execute(select(func.set_config("lock_timeout", str(milliseconds), True)))
            connection.execute(select(func.pg_advisory_xact_lock(key)))
            connection.execute(select(func.set_config("lock_timeout", timeout, True)))
    except exc.DBAPIError as error:  # it took too long, or both would have waited for ever
        if getattr(error.orig, "sqlstate", None) not in GIVEN_UP:
            raise
        return False
    return True


def _key(schema: str | None, name: str) -> ColumnElement[int]:
    return func.hashtext(f"{schema or ''}.{name}")


def create_once(connection: Connection, table: Table) -> None:
    """Make *table* if it is not there."""
    if not inspect(connection).has_table(table.name, schema=table.schema):
        lock(connection, table.schema, table.name)
        table.create(connection, checkfirst=True)
