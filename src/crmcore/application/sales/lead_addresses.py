"""Whose an e-mail address is among the leads: looked up, claimed, and asked from again.

An address belongs to the lead that claimed it last, for as long as that lead has it: open or
converted.  Its stream is found by a keyed hash of ``address_key``.  Logs may hold streams of an
earlier, wider key, by which a few different addresses are one: an address is looked up under
both, each lead says which address it has, and nobody loses an address to another one.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from crmcore.application.work import Work
from crmcore.domain.kernel import address_key
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.sales import lead_address
from crmcore.domain.sales.lead import decisions as lead
from crmcore.domain.sales.lead.phases import ConvertedLead, OpenLead
from crmcore.domain.sales.lead.refusals import LeadAddressTakenError


class Pseudonym(Protocol):
    """A keyed hash: nobody without the key can say which value an identity stands for."""

    def __call__(self, kind: str, value: str, /) -> UUID:
        """The identity that stands for *value*, which is of some *kind*: the same one each time."""
        ...


@frozen
class LeadAddresses:
    """The addresses in the hands of leads; e-mail addresses are given in normal form."""

    pseudonym: Pseudonym

    def holder_of(self, inquiry: UUID, email: str, work: Work) -> UUID | None:
        """The lead that an *inquiry* from the address belongs to; None: it is a lead of its own."""
        found = self._streams(email, work)
        for _, address in found:
            if inquiry in address.inquiries:
                return address.inquiries[inquiry]
        return next((holder for _, holder in self._holders(email, work)), None)

    def note(self, inquiry: UUID, email: str, at: datetime, work: Work) -> None:
        """Record that the inquiry was added to the lead that has the address."""
        for key, _ in self._holders(email, work)[:1]:
            address = work.state(lead_address.AGGREGATE, key)
            events = lead_address.reuse(key, inquiry, at, address)
            work.record(lead_address.AGGREGATE, key, events)

    def claim(
        self, lead_id: UUID, email: str, at: datetime, work: Work, *, field: str = "email"
    ) -> None:
        """Make the address the lead's; refuses (``LeadAddressTakenError``) another open lead's.

        The refusal is about that *field* of the command.
        """
        for _, holder in self._holders(email, work):
            if holder != lead_id and isinstance(work.state(lead.AGGREGATE, holder), OpenLead):
                raise LeadAddressTakenError(lead_id, holder).about(field)
        key, address = self._streams(email, work)[0]
        if address.holder is not None:
            self._keep_own(address.holder, at, work)
        work.record(lead_address.AGGREGATE, key, lead_address.claim(key, lead_id, at, address))

    def _keep_own(self, displaced: UUID, at: datetime, work: Work) -> None:
        """Move a lead that holds the stream of another address to that of its own."""
        own = _own_address(displaced, work)
        if own is None:
            return
        key, address = self._streams(own, work)[0]
        if address.holder is None:
            events = lead_address.claim(key, displaced, at, address)
            work.record(lead_address.AGGREGATE, key, events)

    def _holders(self, email: str, work: Work) -> Sequence[tuple[UUID, UUID]]:
        """The leads that have the address, each with the stream that says so."""
        return [
            (key, address.holder)
            for key, address in self._streams(email, work)
            if address.holder is not None and _has(address.holder, email, work)
        ]

    def _streams(
        self, email: str, work: Work
    ) -> Sequence[tuple[UUID, lead_address.LeadAddressState]]:
        """Where the address may be claimed: its own stream, then that of its earlier key."""
        keys = address_ids(self.pseudonym, email)
        return [(key, work.state(lead_address.AGGREGATE, key)) for key in keys]


def address_ids(pseudonym: Pseudonym, email: str) -> Sequence[UUID]:
    """The streams in which an e-mail address may be claimed, first of all its own."""
    return [pseudonym("lead-address", key) for key in lead_address.address_keys(email)]


def _has(lead_id: UUID, email: str, work: Work) -> bool:
    own = _own_address(lead_id, work)
    return own is not None and address_key(own) == address_key(email)


def _own_address(lead_id: UUID, work: Work) -> str | None:
    """The address from which inquiries are this lead's: it is open or converted."""
    match work.state(lead.AGGREGATE, lead_id):
        case OpenLead() as known:
            return known.email
        case ConvertedLead(lead=known):
            return known.email
        case _:
            return None
