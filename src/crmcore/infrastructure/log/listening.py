"""Hearing of new events from PostgreSQL (LISTEN), on a connection apart from the pool."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from crmcore.infrastructure.log.append import channel
from crmcore.infrastructure.log.database import Database

__all__ = ["listening"]


@contextmanager
def listening(database: Database) -> Iterator[Any]:
    """A driver's connection that is told of every append to the log (psycopg's ``notifies``)."""
    with database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None  # only a closed or detached connection has none
        connection.detach()
        driver.autocommit = True
        driver.execute(f"LISTEN {channel(database.tables)}")
        yield driver
