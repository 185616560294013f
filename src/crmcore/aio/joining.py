"""A host's transaction on an asynchronous driver, joined through SQLAlchemy's bridge.

The core's synchronous work runs on the host's loop, and gives way to other tasks at each statement.
"""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_scoped_session

from crmcore.application.errors import MisuseError

T = TypeVar("T")

EXPECTED = "connection: expected an AsyncConnection or AsyncSession in a transaction of yours"


async def joined(
    connection: object,
    where: str,
    work: Callable[[Connection], T],
) -> T:
    """What *work* gives, within the transaction of the host's *connection*.

    Raises ``MisuseError`` for one that is none, or that is not open.
    """
    if isinstance(connection, AsyncSession | async_scoped_session):
        connection = await connection.connection()
    elif not isinstance(connection, AsyncConnection):
        kind = type(connection).__name__
        raise MisuseError(f"{where}: {EXPECTED}, got {kind} (crm.execute takes synchronous ones)")
    if connection.sync_connection is None:
        raise MisuseError(f"{where}: {EXPECTED}, got one that is not open")
    return await connection.run_sync(work)
