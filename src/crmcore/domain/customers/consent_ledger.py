"""The consent ledger of one customer: its entries in the order of recording, and how they are folded."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, assert_never
from uuid import UUID

import attrs

from crmcore.domain.customers.permission import (
    ConsentConfirmed,
    ConsentGiven,
    ConsentWithdrawn,
    ObjectionRaised,
)
from crmcore.domain.kernel import Aggregate, Channel, Purpose, derived_id

__all__ = [
    "AGGREGATE",
    "Entry",
    "Event",
    "Forbidding",
    "Ledger",
    "entries_about",
    "evolve",
    "given",
    "ledger_id",
    "point_of",
]

Event = ConsentGiven | ConsentConfirmed | ConsentWithdrawn | ObjectionRaised
Forbidding = ConsentWithdrawn | ObjectionRaised
Entry = ConsentGiven | Forbidding


@attrs.frozen
class Ledger:
    """Every entry in the order of recording, and when consents were confirmed."""

    customer_id: UUID | None = None
    entries: tuple[Entry, ...] = ()
    confirmed: Mapping[UUID, datetime] = attrs.field(factory=dict)


def ledger_id(customer_id: UUID) -> UUID:
    """The stream of a customer's consents."""
    return derived_id("consents", str(customer_id))


def evolve(ledger: Ledger, event: Event) -> Ledger:
    """The ledger after *event*."""
    match event:
        case ConsentConfirmed():
            confirmed = {**ledger.confirmed, event.consent_id: event.at}
            return attrs.evolve(ledger, confirmed=confirmed)
        case ConsentGiven() | ConsentWithdrawn() | ObjectionRaised():
            return attrs.evolve(
                ledger, customer_id=event.customer_id, entries=(*ledger.entries, event)
            )
        case _:
            assert_never(event)


def given(ledger: Ledger, consent_id: UUID) -> ConsentGiven | None:
    """The consent of this id, if it was ever given."""
    for entry in ledger.entries:
        if isinstance(entry, ConsentGiven) and entry.consent_id == consent_id:
            return entry
    return None


def point_of(entry: Entry) -> UUID | None:
    """The contact point that an entry is about; None: every one."""
    return None if isinstance(entry, ObjectionRaised) else entry.point_id


def entries_about(
    ledger: Ledger, channel: Channel, purpose: Purpose, at: datetime, point_id: UUID | None
) -> list[Entry]:
    """The entries, up to *at*, that speak of this channel, purpose and contact point."""
    unnamed = () if purpose is Purpose.SERVICE else (None,)
    return [
        entry
        for entry in ledger.entries
        if entry.at <= at
        and entry.channel in (channel, *unnamed)
        and entry.purpose in (purpose, *unnamed)
        and point_of(entry) in (point_id, None)
    ]


def _earliest(ledger: Ledger, event: Event, _began_at: datetime) -> datetime | None:
    """A consent is confirmed after it was given; all else may come to light in any order."""
    known = given(ledger, event.consent_id) if isinstance(event, ConsentConfirmed) else None
    return None if known is None else known.at


AGGREGATE: Final = Aggregate[Ledger, Event](
    kind="consents",
    initial=Ledger(),
    evolve=evolve,
    events=(ConsentGiven, ConsentConfirmed, ConsentWithdrawn, ObjectionRaised),
    subject=lambda ledger: ledger.customer_id,
    earliest=_earliest,
)
