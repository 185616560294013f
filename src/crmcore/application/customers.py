"""Carry out the commands on customers, and tell other contexts what they may ask about them.

Whatever adds to a customer needs one who is registered and active.  What takes away (an
external identity, a consent, or by objecting) needs one who is registered: a right does not end
with the business.  A command whose effect already holds is never refused for that.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol, get_args
from uuid import UUID

import attrs

from crmcore.application.references import Exists, require
from crmcore.application.work import Handler, Work, on_one_stream
from crmcore.domain.customers import (
    consent,
    contact_book,
    customer,
    external_identity,
    interaction,
    note,
    reaching,
)
from crmcore.domain.customers.contact_point import (
    AddContactPoint,
    ContactKind,
    InvalidateContactPoint,
)
from crmcore.domain.customers.permission import (
    ConfirmConsent,
    GiveConsent,
    RaiseObjection,
    WithdrawConsent,
)
from crmcore.domain.kernel import Aggregate, Channel, NotFoundError, Purpose

__all__ = [
    "AGGREGATES",
    "ContactNormaliser",
    "CustomerService",
    "add_contact_point",
    "consents",
    "known_customer",
    "may_contact",
    "require_customer",
    "take_out_of_use",
]

AGGREGATES: Final[tuple[Aggregate[Any, Any], ...]] = (
    customer.AGGREGATE,
    external_identity.AGGREGATE,
    note.AGGREGATE,
    interaction.AGGREGATE,
    consent.AGGREGATE,
)


class ContactNormaliser(Protocol):
    """Brings addresses and numbers into the one form by which they can be compared."""

    def normalise(self, kind: ContactKind, value: str, region: str | None) -> str:
        """The normal form of *value*; ``InvalidValueError`` where it is no such address.

        *region* (ISO 3166, two letters) is where a telephone number without country code is from.
        """
        ...


def require_customer(work: Work, customer_id: UUID) -> customer.Active:
    """The customer as known now.

    Refuses with ``NotFoundError`` one who was never registered, and with
    ``CustomerDeactivatedError`` one who is deactivated.
    """
    state = work.state(customer.AGGREGATE, customer_id)
    if isinstance(state, customer.Deactivated):
        raise customer.CustomerDeactivatedError(customer_id)
    return known_customer(work, customer_id)


def known_customer(work: Work, customer_id: UUID) -> customer.Active:
    """The customer as known now, or as last known before being deactivated.

    Refuses with ``NotFoundError`` one who was never registered.
    """
    state = work.state(customer.AGGREGATE, customer_id)
    match state:
        case customer.Active():
            return state
        case customer.Deactivated():
            return state.was
        case _:
            raise NotFoundError("customer", customer_id)


def consents(work: Work, customer_id: UUID) -> consent.Ledger:
    """The consent ledger of a customer; an empty one where nothing was ever said."""
    return work.state(consent.AGGREGATE, consent.ledger_id(customer_id))


def may_contact(
    work: Work,
    customer_id: UUID,
    channel: Channel,
    purpose: Purpose,
    at: datetime,
    point_id: UUID | None = None,
) -> consent.ConsentDecision:
    """Whether the customer allows it at *point_id*, or at the contact point that would be used.

    Never for a deactivated customer.  Refuses with ``NotFoundError`` a customer who was never
    registered, or a contact point that is not theirs.
    """
    known = known_customer(work, customer_id)
    if isinstance(work.state(customer.AGGREGATE, customer_id), customer.Deactivated):
        return consent.ConsentDecision(False, ("the customer is deactivated",))
    where = reaching.addresses(known.points, channel, at, point_id)
    return where.way(consents(work, customer_id), purpose).decision


def add_contact_point(
    command: AddContactPoint, state: customer.State, normaliser: ContactNormaliser
) -> Sequence[customer.Event]:
    """Decide on a contact point as it was entered: the normal form is found first."""
    normalised = normaliser.normalise(command.kind, command.value, command.region)
    return customer.decide(command, state, normalised)


def take_out_of_use(command: InvalidateContactPoint, work: Work) -> None:
    """Note that a contact point does not work, of a deactivated customer too."""
    known = known_customer(work, command.customer_id)
    events = contact_book.decide(command, known.points, "")
    work.record(customer.AGGREGATE, command.customer_id, events)


@attrs.frozen
class CustomerService:
    """Handles the commands on customers, what was said to them and what they allowed.

    ``case_exists``, ``lead_exists`` and ``opportunity_exists`` are the answers of the contexts
    that an interaction may refer to.
    """

    normaliser: ContactNormaliser
    case_exists: Exists
    lead_exists: Exists
    opportunity_exists: Exists

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """The handler of each command on customers."""
        own = on_one_stream(
            customer.AGGREGATE, customer.decide, lambda command: command.customer_id
        )
        noted = _about_customer(note.AGGREGATE, note.decide, lambda command: command.note_id)
        told = _about_customer(
            interaction.AGGREGATE, interaction.decide, lambda command: command.interaction_id
        )
        linked = _about_customer(external_identity.AGGREGATE, external_identity.decide, _identity)
        return {
            **dict.fromkeys(get_args(customer.Command), own),
            AddContactPoint: self.add_contact_point,
            external_identity.LinkExternalIdentity: linked,
            external_identity.UnlinkExternalIdentity: unlink,
            note.RecordNote: noted,
            note.CorrectNote: noted,
            interaction.RecordInteraction: self.record_interaction,
            interaction.CorrectInteraction: told,
            GiveConsent: give_consent,
            ConfirmConsent: _about_customer(consent.AGGREGATE, consent.decide, _ledger),
            WithdrawConsent: forbid,
            RaiseObjection: forbid,
        }

    def add_contact_point(self, command: AddContactPoint, work: Work) -> None:
        """Note down where a customer can be reached, in normal form."""
        state = work.state(customer.AGGREGATE, command.customer_id)
        events = add_contact_point(command, state, self.normaliser)
        if events:
            work.record(customer.AGGREGATE, command.customer_id, events)

    def record_interaction(self, command: interaction.RecordInteraction, work: Work) -> None:
        """Record an interaction with an active customer, if what it refers to exists."""
        key = command.interaction_id
        events = interaction.decide(command, work.state(interaction.AGGREGATE, key))
        if not events:
            return
        require_customer(work, command.customer_id)
        require(self.case_exists, work, "case", command.case_id)
        require(self.lead_exists, work, "lead", command.lead_id)
        require(self.opportunity_exists, work, "opportunity", command.opportunity_id)
        work.record(interaction.AGGREGATE, key, events)


def unlink(command: external_identity.UnlinkExternalIdentity, work: Work) -> None:
    """Release a foreign record, of a deactivated customer too."""
    key = _identity(command)
    events = external_identity.decide(command, work.state(external_identity.AGGREGATE, key))
    known_customer(work, command.customer_id)
    if events:
        work.record(external_identity.AGGREGATE, key, events)


def give_consent(command: GiveConsent, work: Work) -> None:
    """Record what an active customer allows, at a contact point that is on record."""
    events = consent.decide(command, consents(work, command.customer_id))
    if not events:
        return
    known = require_customer(work, command.customer_id)
    if command.point_id is not None:
        reaching.serving(known.points, command.channel, command.point_id)
    work.record(consent.AGGREGATE, _ledger(command), events)


def forbid(command: WithdrawConsent | RaiseObjection, work: Work) -> None:
    """Record what a customer forbids, a deactivated one too."""
    events = consent.decide(command, consents(work, command.customer_id))
    known = known_customer(work, command.customer_id)
    if isinstance(command, WithdrawConsent) and command.point_id is not None:
        reaching.serving(known.points, command.channel, command.point_id)
    if events:
        work.record(consent.AGGREGATE, _ledger(command), events)


def _about_customer(
    aggregate: Aggregate[Any, Any], decide: Callable[..., Any], stream_id: Callable[[Any], UUID]
) -> Handler:
    """The handler of a command on a stream about a customer, who must be active."""

    def handle(command: Any, work: Work) -> None:
        key = stream_id(command)
        events = decide(command, work.state(aggregate, key))
        if events:
            require_customer(work, events[0].customer_id)
            work.record(aggregate, key, events)

    return handle


def _identity(command: external_identity.Command) -> UUID:
    return external_identity.external_identity_id(command.source, command.external_id)


def _ledger(command: consent.Command) -> UUID:
    return consent.ledger_id(command.customer_id)
