"""Customers: each command of `crmcore`, with where it is and what it is for."""

from collections.abc import Mapping
from typing import Final

GROUPS: Final[Mapping[str, str]] = {
    "customers": "Customers, by name, e-mail, phone or external id.",
}
COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "history": (
        "crmcore.cli.customers.history:history",
        "Everything about a customer, in the order in which it was true.",
    ),
    "customers find": (
        "crmcore.cli.customers.find:find",
        "Find customers: exact matches first, then by name.",
    ),
}
