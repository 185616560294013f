"""The core put together, as the tests of its parts ask for it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from crmcore.application.clock import Clock
from crmcore.application.sales.lead_addresses import Pseudonym
from crmcore.composition import Composition
from crmcore.domain.kernel import Aggregate


def _now() -> datetime:
    return datetime.now(UTC)


def _pseudonym(_purpose: str, _value: str, /) -> UUID:
    return UUID(int=1)


OURS = Composition()
WIRING = OURS.wiring({Clock: _now, Pseudonym: _pseudonym})
HANDLERS = OURS.handlers(WIRING)
PROJECTIONS = OURS.projections(WIRING)
AGGREGATES: tuple[Aggregate[Any, Any], ...] = tuple(
    aggregate for context in OURS.contexts for aggregate in context.aggregates
)
EVENTS = OURS.events
COMMANDS = tuple(HANDLERS)
UPCASTERS = tuple(one for context in OURS.contexts for one in context.upcasters)
CODEC = OURS.codec
