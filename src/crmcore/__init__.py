"""crmcore: an event-sourced CRM domain core that products embed.

>>> import crmcore  # doctest: +SKIP
>>> crm = crmcore.open("sqlite:///crm.db")  # doctest: +SKIP

``crmcore.commands`` holds every command, ``crmcore.errors`` everything that can be raised.
"""

from crmcore import commands, errors
from crmcore.application.executing import Batch, Envelope
from crmcore.application.log import Receipt, Recorded
from crmcore.crm import CRM, open  # noqa: A004  # read as `crmcore.open`
from crmcore.domain.kernel import Money, derived_id
from crmcore.infrastructure.identity import new_id

__all__ = [
    "CRM",
    "Batch",
    "Envelope",
    "Money",
    "Receipt",
    "Recorded",
    "commands",
    "derived_id",
    "errors",
    "new_id",
    "open",
]
