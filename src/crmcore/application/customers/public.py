"""What other contexts may ask of customers, and have done to them, within their own unit of work."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from crmcore.application.work import Work
from crmcore.domain.customers.consent import decisions as consent
from crmcore.domain.customers.consent.messages import WithdrawConsent
from crmcore.domain.customers.consent.permission import ConsentDecision, agreements
from crmcore.domain.customers.consent.state import Ledger, ledger_id
from crmcore.domain.customers.customer import contact_points
from crmcore.domain.customers.customer import decisions as customer
from crmcore.domain.customers.customer.contact_points import of_same_address, primary_point
from crmcore.domain.customers.customer.decisions import CustomerDeactivatedError
from crmcore.domain.customers.customer.messages.contact_point import (
    AddContactPoint,
    ContactKind,
    InvalidateContactPoint,
    InvalidReason,
)
from crmcore.domain.customers.customer.messages.lifecycle import AdvanceLifecycle
from crmcore.domain.customers.customer.messages.registration import RegisterCustomer
from crmcore.domain.customers.customer.preferences import reason_to_defer
from crmcore.domain.customers.customer.state import Active, Deactivated, Unregistered
from crmcore.domain.customers.reachability import addresses
from crmcore.domain.kernel import Channel, NotFoundError, Purpose
from crmcore.domain.kernel.frozen import frozen


class ContactNormaliser(Protocol):
    """Brings addresses and numbers into the one form by which they can be compared."""

    def normalise(self, kind: ContactKind, value: str, region: str | None) -> str:
        """The normal form of *value*; ``InvalidValueError`` where it is no such address.

        *region* (ISO 3166, two letters) is where a telephone number without country code is from.
        """
        ...


@frozen(kw_only=True)
class Contactability:
    """Whether and where a customer can be contacted by one channel for one purpose at an instant.

    ``active``: not deactivated.  ``allowed``: permission is in force at the contact point that
    would be used, with its ``reasons``, the deciding one first.  ``reachable``: not all addresses
    on the channel are out of use.  ``deferral``: why not now (a pause, the hours of contact).
    ``point_id`` is the contact point that would be used, on record since ``point_added_at``; None
    for an address that is kept elsewhere.  ``agreed``: when the customer said yes of their own
    accord, to the purpose that was asked for in ``agreed_to``.
    """

    active: bool
    allowed: bool
    reasons: tuple[str, ...]
    reachable: bool
    deferral: str | None
    point_id: UUID | None
    point_added_at: datetime | None
    agreed: tuple[datetime, ...]


class Customers:
    """Answers about customers, and the few changes that other contexts may make of them."""

    def exists(self, work: Work, customer_id: UUID) -> bool:
        """Whether the customer was ever registered."""
        state = work.state(customer.AGGREGATE, customer_id)
        return not isinstance(state, Unregistered)

    def require(self, work: Work, customer_id: UUID) -> Active:
        """The customer as known now.

        Raises ``NotFoundError`` for one who was never registered, and
        ``CustomerDeactivatedError`` for one who is deactivated.
        """
        state = work.state(customer.AGGREGATE, customer_id)
        if isinstance(state, Deactivated):
            raise CustomerDeactivatedError(customer_id)
        return self.known(work, customer_id)

    def known(self, work: Work, customer_id: UUID) -> Active:
        """The customer as known now, or as last known before being deactivated.

        Raises ``NotFoundError`` for one who was never registered.
        """
        state = work.state(customer.AGGREGATE, customer_id)
        match state:
            case Active():
                return state
            case Deactivated():
                return state.was
            case _:
                raise NotFoundError("customer", customer_id)

    def is_active(self, work: Work, customer_id: UUID) -> bool:
        """Whether the customer is registered and not deactivated."""
        return isinstance(work.state(customer.AGGREGATE, customer_id), Active)

    # Permission to contact

    def consents(self, work: Work, customer_id: UUID) -> Ledger:
        """The consent ledger of a customer; an empty one where nothing was ever said."""
        return work.state(consent.AGGREGATE, ledger_id(customer_id))

    def may_contact(
        self,
        work: Work,
        customer_id: UUID,
        channel: Channel,
        purpose: Purpose,
        at: datetime,
        point_id: UUID | None = None,
    ) -> ConsentDecision:
        """Whether the customer allows it at *point_id*, or at the contact point that would be used.

        Never for a deactivated customer.  Raises ``NotFoundError`` for a customer who was never
        registered, or a contact point that is not theirs.
        """
        known = self.known(work, customer_id)
        if not self.is_active(work, customer_id):
            return ConsentDecision(False, ("the customer is deactivated",))
        where = addresses(known.points, channel, at, point_id)
        return where.choose(self.consents(work, customer_id), purpose).decision

    def contactability(
        self,
        work: Work,
        customer_id: UUID,
        channel: Channel,
        purpose: Purpose,
        at: datetime,
        *,
        point_id: UUID | None = None,
        agreed_to: Purpose | None = None,
    ) -> Contactability:
        """All that is known of contacting the customer, at *point_id* or at their first choice.

        *agreed_to* is the purpose whose consents are listed: *purpose* if not given.  Raises
        ``NotFoundError`` for an unknown customer or contact point.
        """
        known, ledger = self.known(work, customer_id), self.consents(work, customer_id)
        where = addresses(known.points, channel, at, point_id)
        choice = where.choose(ledger, purpose)
        point = choice.point
        used = None if point is None else point.point_id
        return Contactability(
            active=self.is_active(work, customer_id),
            allowed=choice.decision.allowed,
            reasons=choice.decision.reasons,
            reachable=not where.is_unreachable,
            deferral=reason_to_defer(known.preferences, channel, at),
            point_id=used,
            point_added_at=None if point is None else point.added.at,
            agreed=agreements(ledger, channel, agreed_to or purpose, used),
        )

    def reason_against_contact(
        self,
        work: Work,
        customer_id: UUID,
        channel: Channel,
        purposes: Sequence[Purpose],
        at: datetime,
    ) -> str | None:
        """Why an active customer cannot or does not want to be contacted by *channel* at *at*.

        None where some address will do and nothing was said against any of *purposes*.  Raises
        ``NotFoundError`` for an unknown customer, ``CustomerDeactivatedError`` for one who is
        deactivated.
        """
        known, ledger = self.require(work, customer_id), self.consents(work, customer_id)
        where = addresses(known.points, channel, at)
        against = where.reason_against(ledger, *purposes)
        return against or reason_to_defer(known.preferences, channel, at)

    def agreements(
        self, work: Work, customer_id: UUID, channel: Channel, purpose: Purpose
    ) -> tuple[datetime, ...]:
        """When the customer said yes of their own accord, each from when it held."""
        return agreements(self.consents(work, customer_id), channel, purpose)

    # Changes

    def register_or_advance(
        self,
        work: Work,
        registration: RegisterCustomer,
        contact_points: Iterable[AddContactPoint],
        normaliser: ContactNormaliser,
    ) -> None:
        """Take somebody on as a customer, or fill in what is missing of one who is known.

        Who is not registered is, as *registration* says; who is comes to its stage, if that is a
        later one.  Of *contact_points* those are added of whose kind none is in use.  Raises
        ``CustomerDeactivatedError`` for a deactivated customer, ``InvalidValueError`` for an
        address that is none.
        """
        key, stage = registration.customer_id, registration.stage
        state = work.state(customer.AGGREGATE, key)
        if isinstance(state, Unregistered):
            work.record(customer.AGGREGATE, key, customer.decide(registration, state))
        active = self.require(work, key)
        if stage is not None:
            advance = AdvanceLifecycle(customer_id=key, stage=stage, at=registration.at)
            work.record(customer.AGGREGATE, key, customer.decide(advance, active))
        for wanted in contact_points:
            active = self.require(work, key)
            if primary_point(active.points, wanted.kind) is None:
                normalised = normaliser.normalise(wanted.kind, wanted.value, wanted.region)
                events = customer.decide(wanted, active, normalised)
                work.record(customer.AGGREGATE, key, events)

    def invalidate_address(
        self, work: Work, customer_id: UUID, point_id: UUID, reason: InvalidReason, at: datetime
    ) -> None:
        """Note that the address of a contact point has not worked since *at*.

        It is out of use under every id under which the customer has it, but where it was verified
        later; of a deactivated customer too.
        """
        points = self.known(work, customer_id).points
        for one in of_same_address(points, point_id):
            if one.verified_at is not None and one.verified_at > at:
                continue
            command = InvalidateContactPoint(
                customer_id=customer_id,
                point_id=one.point_id,
                reason=reason,
                at=max(at, one.added.at),
            )
            events = contact_points.decide(command, self.known(work, customer_id).points)
            work.record(customer.AGGREGATE, customer_id, events)

    def withdraw_consent(self, work: Work, command: WithdrawConsent) -> None:
        """Record what a customer forbids, a deactivated one too."""
        ledger = self.consents(work, command.customer_id)
        key = ledger_id(command.customer_id)
        work.record(consent.AGGREGATE, key, consent.decide(command, ledger))
