"""Hearing of new events from PostgreSQL (LISTEN), on a connection apart from the pool."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from crmcore.infrastructure.database.database import Database
from crmcore.infrastructure.log.statements import channel


@contextmanager
def listen(database: Database) -> Iterator[Any]:
    """A driver's connection that is told of every append to the log (psycopg's ``notifies``)."""
    pooled = database.engine.raw_connection()
    driver: Any = pooled.driver_connection
    pooled.detach()
    try:
        driver.autocommit = True
        driver.execute(f"LISTEN {channel(database.tables)}")
        yield driver
    finally:
        driver.close()  # the pool would roll back first, and complain where the server has gone
