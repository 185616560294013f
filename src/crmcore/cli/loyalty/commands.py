"""Loyalty: each command of `crmcore`, with where it is and what it is for."""

from collections.abc import Mapping
from typing import Final

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "loyalty": (
        "crmcore.cli.loyalty.status:loyalty",
        "A customer's points and tier, now or at an instant.",
    ),
}
