"""Conversion: a qualified lead becomes a customer, and perhaps an opportunity, or nothing happens.

Everything is recorded in one unit of work: where anything is refused, nothing is recorded,
so no customer is left without its lead and no lead without its opportunity.  On a customer
who is known already only what is missing is filled in.
"""

from datetime import datetime

import attrs

from crmcore.application.customers import (
    ContactNormaliser,
    add_contact_point,
    require_customer,
)
from crmcore.application.work import Handler, Work
from crmcore.domain.customers import customer
from crmcore.domain.customers.contact_book import primary_point
from crmcore.domain.customers.contact_point import AddContactPoint, ContactKind
from crmcore.domain.customers.lifecycle import AdvanceLifecycle, LifecycleStage
from crmcore.domain.customers.registration import CustomerKind, RegisterCustomer
from crmcore.domain.kernel import InvalidValueError, NotAllowedError, NotFoundError, derived_id
from crmcore.domain.sales.lead import decisions as lead
from crmcore.domain.sales.lead.decisions import decide
from crmcore.domain.sales.lead.messages.qualification import ConversionOpportunity, ConvertLead
from crmcore.domain.sales.lead.phases import ConvertedLead, OpenLead
from crmcore.domain.sales.opportunity import decisions as opportunity
from crmcore.domain.sales.opportunity.messages import OpenOpportunity
from crmcore.domain.sales.opportunity.state import Open, Unopened

__all__ = ["LeadConversion", "OpportunityNotLinkableError"]


class OpportunityNotLinkableError(NotAllowedError):
    """The opportunity that a conversion names is another customer's, or closed."""


@attrs.frozen
class LeadConversion:
    """Converts leads; ``open_opportunity`` carries out ``OpenOpportunity``."""

    normaliser: ContactNormaliser
    open_opportunity: Handler

    def convert(self, command: ConvertLead, work: Work) -> None:
        """Record the conversion on the lead, the customer and the opportunity; once only."""
        state = work.state(lead.AGGREGATE, command.lead_id)
        events = decide(command, state)
        if isinstance(state, OpenLead):
            work.record(lead.AGGREGATE, command.lead_id, events)
            self._become_customer(command, state, work)
            self._become_opportunity(command, state, work)
        elif isinstance(state, ConvertedLead):
            self._same_opportunity(command, state.lead, work)

    def _become_customer(self, command: ConvertLead, known: OpenLead, work: Work) -> None:
        key, at = command.customer_id, command.at
        stage = LifecycleStage.OPPORTUNITY if command.opportunity else LifecycleStage.SQL
        state = work.state(customer.AGGREGATE, key)
        if isinstance(state, customer.Unregistered):
            register = RegisterCustomer(
                customer_id=key, kind=_kind(known), name=_name(known), stage=stage, at=at
            )
            work.record(customer.AGGREGATE, key, customer.decide(register, state))
        active = require_customer(work, key)
        advance = AdvanceLifecycle(customer_id=key, stage=stage, at=at)
        work.record(customer.AGGREGATE, key, customer.decide(advance, active))
        self._fill_in(command, ContactKind.EMAIL, known.email, work)
        self._fill_in(command, ContactKind.PHONE, known.phone, work)

    def _fill_in(
        self, command: ConvertLead, kind: ContactKind, value: str | None, work: Work
    ) -> None:
        active = require_customer(work, command.customer_id)
        if value is None or primary_point(active.points, kind) is not None:
            return
        add = AddContactPoint(
            customer_id=command.customer_id,
            point_id=derived_id("lead-contact-point", str(command.lead_id), kind),
            kind=kind,
            value=value,
            at=command.at,
        )
        events = add_contact_point(add, active, self.normaliser)
        work.record(customer.AGGREGATE, command.customer_id, events)

    def _become_opportunity(self, command: ConvertLead, known: OpenLead, work: Work) -> None:
        wanted = command.opportunity
        if wanted is None:
            return
        if wanted.name is not None:
            try:
                self.open_opportunity(_opening(command, wanted, wanted.name, known), work)
            except InvalidValueError as error:
                raise error.within("opportunity") from None
            return
        if wanted.amount is not None or wanted.stage is not None:
            raise InvalidValueError("opportunity.name", None, "a name, for a new opportunity")
        state = work.state(opportunity.AGGREGATE, wanted.opportunity_id)
        if isinstance(state, Unopened):
            raise NotFoundError("opportunity", wanted.opportunity_id)
        whose = state.deal.opened.customer_id
        if not isinstance(state, Open) or whose != command.customer_id:
            raise OpportunityNotLinkableError(
                f"opportunity {wanted.opportunity_id} is closed or customer {whose}'s: name an "
                f"open one of customer {command.customer_id}, or open another"
            )

    def _same_opportunity(self, command: ConvertLead, known: OpenLead, work: Work) -> None:
        """A repeated conversion may not describe the opportunity in another way."""
        wanted = command.opportunity
        if wanted is None or wanted.name is None:
            return
        state = work.state(opportunity.AGGREGATE, wanted.opportunity_id)
        if not isinstance(state, Unopened):
            then = state.deal.opened.at
            self.open_opportunity(_opening(command, wanted, wanted.name, known, then), work)


def _opening(
    command: ConvertLead,
    wanted: ConversionOpportunity,
    name: str,
    known: OpenLead,
    at: datetime | None = None,
) -> OpenOpportunity:
    return OpenOpportunity(
        opportunity_id=wanted.opportunity_id,
        customer_id=command.customer_id,
        name=name,
        amount=wanted.amount,
        stage=wanted.stage,
        lead_id=command.lead_id,
        campaign_id=known.captured.campaign_id,
        at=at or command.at,
    )


def _kind(known: OpenLead) -> CustomerKind:
    if known.name is None and known.company is not None:
        return CustomerKind.ORGANISATION
    return CustomerKind.PERSON


def _name(known: OpenLead) -> str:
    """What the customer is called: whatever the lead was known by."""
    return known.name or known.company or known.email or known.phone or "unnamed"
