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
from crmcore.domain.service.resolution_target import Mode
from crmcore.infrastructure.identity import new_id
from crmcore.projections.service.service_levels import Grouping

__all__ = [
    "CRM",
    "Batch",
    "Envelope",
    "Grouping",
    "Mode",
    "Money",
    "Receipt",
    "Recorded",
    "commands",
    "derived_id",
    "errors",
    "new_id",
    "open",
]
