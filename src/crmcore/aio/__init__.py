"""The core for hosts on asyncio: nothing here is imported before ``crm.aio`` is asked for."""

from crmcore.aio.face import AsyncCRM

__all__ = ["AsyncCRM"]
