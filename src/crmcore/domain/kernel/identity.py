"""Identities that follow from a name: the same foreign record is always the same stream."""

from typing import Final
from uuid import UUID, uuid5

NAMESPACE: Final = UUID("5c5d8a4e-6b0c-5d5e-9d3b-6a1f0c7e2b44")


def derived_id(*parts: str) -> UUID:
    """The UUIDv5 of *parts*, such as a source and its own key, each kept apart from the next.

    >>> derived_id("shop", "4711") == derived_id("shop", "4711") != derived_id("shop4", "711")
    True
    """
    return uuid5(NAMESPACE, "".join(f"{len(part)}:{part}" for part in parts))
