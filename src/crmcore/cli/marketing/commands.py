"""Campaigns: each command of `crmcore`, with where it is and what it is for."""

from collections.abc import Mapping
from typing import Final

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "campaigns": (
        "crmcore.cli.marketing.campaigns:campaigns",
        "What campaigns brought: answers, purchases, revenue, cost, return.",
    ),
}
