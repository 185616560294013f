"""An e-mail address in the hands of a lead, so that nobody becomes two leads at once.

The stream's identity is a keyed hash of the address (the command service is handed the
function that computes it), so that no event and no identity shows the address.  Two captures
of one address at once meet in this stream: one is recorded, the other re-decides.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Final, assert_never
from uuid import UUID

import attrs

from crmcore.domain.kernel import Aggregate, address_key, anytime, event
from crmcore.domain.kernel.frozen import frozen

__all__ = ["LeadAddressClaimed", "LeadAddressReused"]


@event
class LeadAddressClaimed:
    """The address is this lead's, until another lead claims it after this one was given up."""

    TOPIC: ClassVar[str] = "lead-address-claimed"
    SENTENCE: ClassVar[str] = "the address is this lead's"
    address_id: UUID
    lead_id: UUID
    at: datetime


@event
class LeadAddressReused:
    """An inquiry from the address was added to the lead that holds it."""

    TOPIC: ClassVar[str] = "lead-address-reused"
    SENTENCE: ClassVar[str] = "asked again from the same address"
    address_id: UUID
    lead_id: UUID
    inquiry_id: UUID
    at: datetime


@frozen
class LeadAddressState:
    """The *holder*, and for each inquiry added to a lead which lead that was."""

    holder: UUID | None = None
    inquiries: Mapping[UUID, UUID] = attrs.field(factory=dict)


Event = LeadAddressClaimed | LeadAddressReused


def address_keys(email: str) -> tuple[str, ...]:
    """Under what the stream of an *email* in normal form is to be found, first of all its own key.

    Logs hold streams under full case folding, by which a few different addresses are one; for
    nearly every address it gives the same key.
    """
    return tuple(dict.fromkeys((address_key(email), _folded(email))))


def _folded(email: str) -> str:
    return unicodedata.normalize("NFC", email.casefold())


def evolve(state: LeadAddressState, event: Event) -> LeadAddressState:
    """The state after one more event."""
    match event:
        case LeadAddressClaimed():
            return attrs.evolve(state, holder=event.lead_id)
        case LeadAddressReused():
            return attrs.evolve(
                state, inquiries={**state.inquiries, event.inquiry_id: event.lead_id}
            )
        case _:
            assert_never(event)


def claim(
    address_id: UUID, lead_id: UUID, at: datetime, state: LeadAddressState
) -> Sequence[LeadAddressClaimed]:
    """Make the address the lead's; nothing if it is.  Whether it is free, the caller knows."""
    if state.holder == lead_id:
        return []
    return [LeadAddressClaimed(address_id=address_id, lead_id=lead_id, at=at)]


def reuse(
    address_id: UUID, inquiry_id: UUID, at: datetime, state: LeadAddressState
) -> Sequence[LeadAddressReused]:
    """Note that an inquiry went to the holder; nothing if it did already or nobody holds it."""
    if state.holder is None or inquiry_id in state.inquiries:
        return []
    return [
        LeadAddressReused(address_id=address_id, lead_id=state.holder, inquiry_id=inquiry_id, at=at)
    ]


def _holder(state: LeadAddressState) -> UUID | None:
    return state.holder


AGGREGATE: Final = Aggregate[LeadAddressState, Event](
    kind="lead_address",
    initial=LeadAddressState(),
    evolve=evolve,
    events=(LeadAddressClaimed, LeadAddressReused),
    subject=_holder,
    earliest=anytime,
)
