"""What several processes may want at one moment: a lock by name, a table that is made once."""

from sqlalchemy import Connection, Table, func, inspect, select

__all__ = ["create_once", "lock"]


def lock(connection: Connection, schema: str | None, name: str) -> None:
    """Hold the lock *name* until the transaction ends; whoever comes second waits."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        key = func.hashtext(f"{schema or ''}.{name}")
        connection.execute(select(func.pg_advisory_xact_lock(key)))


def create_once(connection: Connection, table: Table) -> None:
    """Make *table* if it is not there."""
    if not inspect(connection).has_table(table.name, schema=table.schema):
        lock(connection, table.schema, table.name)
        table.create(connection, checkfirst=True)
