"""The state of a consent ledger: its entries in the order of recording, and how they are folded."""

from collections.abc import Mapping
from datetime import datetime
from typing import assert_never
from uuid import UUID

import attrs

from crmcore.domain.customers.consent.messages import (
    ConsentConfirmed,
    ConsentGiven,
    ConsentWithdrawn,
    Event,
    ObjectionRaised,
)
from crmcore.domain.kernel import (
    Channel,
    Purpose,
    derived_id,
)
from crmcore.domain.kernel.frozen import frozen

Forbidding = ConsentWithdrawn | ObjectionRaised
Entry = ConsentGiven | Forbidding


@frozen
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


def find_consent(ledger: Ledger, consent_id: UUID) -> ConsentGiven | None:
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


def earliest(ledger: Ledger, event: Event, _began_at: datetime) -> datetime | None:
    """A consent is confirmed after it was given; all else may come to light in any order."""
    match event:
        case ConsentConfirmed():
            known = find_consent(ledger, event.consent_id)
            return None if known is None else known.at
        case ConsentGiven() | ConsentWithdrawn() | ObjectionRaised():
            return None
        case _:
            assert_never(event)


def describe_entry(entry: Entry) -> str:
    """The entry as a reason: no words of the customer's, so that it may be stored anywhere."""
    scope = f"{entry.purpose or 'every purpose'} by {entry.channel or 'every channel'}"
    when = entry.at.isoformat()
    match entry:
        case ConsentGiven():
            return f"{entry.lawful_basis} for {scope} from {when}"
        case ConsentWithdrawn():
            return f"withdrawn for {scope} {when}"
        case ObjectionRaised():
            return f"objection to {scope} {when}"
        case _:
            assert_never(entry)
