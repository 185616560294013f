"""Sales: each command of `crmcore`, with where it is and what it is for."""

from collections.abc import Mapping
from typing import Final

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "orders": (
        "crmcore.cli.sales.orders:orders",
        "Orders, the latest first, and how far each has come.",
    ),
    "order": (
        "crmcore.cli.sales.orders:order",
        "One order: how far it has come, and what happened.",
    ),
    "leads": (
        "crmcore.cli.sales.leads:leads",
        "Leads, the latest first, with the score that each has now.",
    ),
    "lead": (
        "crmcore.cli.sales.leads:lead",
        "One lead: how far it has come, what it scores now, and what happened.",
    ),
    "opportunities": (
        "crmcore.cli.sales.opportunities:opportunities",
        "Deals, the latest first: stage, amount and chance.",
    ),
    "opportunity": (
        "crmcore.cli.sales.opportunities:opportunity",
        "One deal: where it stands, and what happened.",
    ),
    "pipeline": (
        "crmcore.cli.sales.opportunities:pipeline",
        "What the open deals of a pipeline come to, by stage: the sum, and weighted by their "
        "chances.",
    ),
}
