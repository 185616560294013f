"""What is reported of deliveries: subscriptions, topics, positions, attempts; no values."""

import logging
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from crmcore.application.telemetry import Happening, Value

LOGGER: Final = "crmcore.subscriptions"
PREFIX: Final = "crmcore.subscription"
DELIVERED: Final = "delivered"

DELIVERY: Final = Happening(
    name="delivery",
    logger=LOGGER,
    prefix=PREFIX,
    counter="crmcore.deliveries",
    span="crmcore.deliver",
    dimensions=("subscription", "outcome"),
    sums={"events": "crmcore.subscription.events"},
)
DEAD_LETTER: Final = Happening(
    name="dead_letter",
    logger=LOGGER,
    prefix=PREFIX,
    counter="crmcore.dead_letters",
    level=logging.WARNING,
    dimensions=("subscription", "topic"),
)


def delivery(subscription: str, deliveries: Sequence[Any]) -> dict[str, Value]:
    """What is reported of *deliveries* that are handed over together: of the first, and how many they are."""
    first = deliveries[0]
    return {
        "subscription": subscription,
        "topic": first.recorded.topic,
        "position": first.position,
        "delivery_id": first.id,
        "attempt": first.attempt,
        "events": len(deliveries),
        "correlation_id": _id(first.recorded.correlation),
    }


def _id(text: str | None) -> UUID | None:
    """What was recorded, if it is an id: other applications may have recorded anything."""
    try:
        return None if text is None else UUID(text)
    except ValueError:
        return None
