"""Tenants: each a log apart, in a file of its own or in a schema of its own."""

import re
from typing import Final

from sqlalchemy import URL, Engine

from crmcore.application.errors import StoreUnavailableError
from crmcore.domain.kernel import shown
from crmcore.infrastructure.database.engine import parsed_url

TENANT: Final = re.compile("[a-z][a-z0-9_]{0,39}")


def tenant_target(
    target: str | URL | Engine, tenant: str | None
) -> tuple[str | URL | Engine, str | None]:
    """Where the log of *tenant* is: the target to open, and the schema in it (None: the default).

    Raises ``StoreUnavailableError`` for a name that is none, or an engine that is one file.
    """
    if tenant is None:
        return target, None
    if not (isinstance(tenant, str) and TENANT.fullmatch(tenant)):
        raise StoreUnavailableError(
            f"tenant {shown(tenant)}: expected a small letter, then up to 39 of a-z, 0-9 and _"
        )
    url = target.url if isinstance(target, Engine) else parsed_url(target)
    if url.get_backend_name() != "sqlite":
        return target, f"crm_{tenant}"
    if isinstance(target, Engine):
        raise StoreUnavailableError(
            "an engine on SQLite is one file, and a tenant is a file of its own:"
            " give the URL, or an engine on the tenant's file"
        )
    if url.database in (None, "", ":memory:"):
        return target, None  # as above
    stem, dot, ending = str(url.database).rpartition(".")
    file = f"{stem}.{tenant}.{ending}" if dot and "/" not in ending else f"{url.database}.{tenant}"
    return url.set(database=file), None
