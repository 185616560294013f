"""Conversion: a qualified lead becomes a customer, and perhaps an opportunity, or nothing happens.

Everything is recorded in one unit of work: where anything is refused, nothing is recorded,
so no customer is left without its lead and no lead without its opportunity.  On a customer
who is known already only what is missing is filled in.
"""

from collections.abc import Sequence
from datetime import datetime

from crmcore.application.customers.public import ContactNormaliser, Customers
from crmcore.application.sales.opportunities import OpportunityService
from crmcore.application.work import Work
from crmcore.domain.customers.customer.messages.contact_point import AddContactPoint, ContactKind
from crmcore.domain.customers.customer.messages.lifecycle import LifecycleStage
from crmcore.domain.customers.customer.messages.registration import CustomerKind, RegisterCustomer
from crmcore.domain.kernel import InvalidValueError, NotAllowedError, NotFoundError, derived_id
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.sales.lead import decisions as lead
from crmcore.domain.sales.lead.messages.qualification import ConversionOpportunity, ConvertLead
from crmcore.domain.sales.lead.phases import ConvertedLead, OpenLead
from crmcore.domain.sales.opportunity import decisions as opportunity
from crmcore.domain.sales.opportunity.messages import OpenOpportunity
from crmcore.domain.sales.opportunity.state import Open, Unopened


class OpportunityNotLinkableError(NotAllowedError):
    """The opportunity that a conversion names is another customer's, or closed."""


@frozen
class LeadConversion:
    """Converts leads."""

    normaliser: ContactNormaliser
    customers: Customers
    opportunities: OpportunityService

    def convert(self, command: ConvertLead, work: Work) -> None:
        """Record the conversion on the lead, the customer and the opportunity; once only."""
        state = work.state(lead.AGGREGATE, command.lead_id)
        events = lead.decide(command, state)
        if isinstance(state, OpenLead):
            work.record(lead.AGGREGATE, command.lead_id, events)
            self._become_customer(command, state, work)
            self._become_opportunity(command, state, work)
        elif isinstance(state, ConvertedLead):
            self._same_opportunity(command, state.lead, work)

    def _become_customer(self, command: ConvertLead, known: OpenLead, work: Work) -> None:
        registration = RegisterCustomer(
            customer_id=command.customer_id,
            kind=_kind(known),
            name=_name(known),
            stage=LifecycleStage.OPPORTUNITY if command.opportunity else LifecycleStage.SQL,
            at=command.at,
        )
        contact_points = _contact_points(command, known)
        self.customers.register_or_advance(work, registration, contact_points, self.normaliser)

    def _become_opportunity(self, command: ConvertLead, known: OpenLead, work: Work) -> None:
        wanted = command.opportunity
        if wanted is None:
            return
        if wanted.name is not None:
            try:
                self.opportunities.open(_opening(command, wanted, wanted.name, known), work)
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
            self.opportunities.open(_opening(command, wanted, wanted.name, known, then), work)


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


def _contact_points(command: ConvertLead, known: OpenLead) -> Sequence[AddContactPoint]:
    return [
        AddContactPoint(
            customer_id=command.customer_id,
            point_id=derived_id("lead-contact-point", str(command.lead_id), kind),
            kind=kind,
            value=value,
            at=command.at,
        )
        for kind, value in ((ContactKind.EMAIL, known.email), (ContactKind.PHONE, known.phone))
        if value is not None
    ]


def _kind(known: OpenLead) -> CustomerKind:
    if known.name is None and known.company is not None:
        return CustomerKind.ORGANISATION
    return CustomerKind.PERSON


def _name(known: OpenLead) -> str:
    """What the customer is called: whatever the lead was known by."""
    return known.name or known.company or known.email or known.phone or "unnamed"
