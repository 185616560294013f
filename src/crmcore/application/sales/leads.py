"""Carry out the commands on leads that need more than the lead's own stream.

An e-mail address belongs to one lead at a time (``LeadAddresses``).  Who asks again from the address of an open
or a converted lead is not a second lead: the inquiry is noted on the first, in the converted
lead's case about its customer.  A lead that was given up, or that has another address by now,
leaves the address to the next.  Telephone numbers are shared too often to say who is who.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

from crmcore.application.customers.public import ContactNormaliser, Customers
from crmcore.application.marketing.public import Campaigns
from crmcore.application.sales.lead_addresses import LeadAddresses, Pseudonym
from crmcore.application.sales.lead_conversion import LeadConversion
from crmcore.application.sales.opportunities import OpportunityService
from crmcore.application.work import Handler, Work, on_one_stream
from crmcore.domain.customers.customer.messages.contact_point import ContactKind
from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.sales.assignment import decisions as assignment_policy
from crmcore.domain.sales.assignment.routing import RoutableLead, Unrouted, route
from crmcore.domain.sales.assignment.state import business_email
from crmcore.domain.sales.lead import decisions as lead
from crmcore.domain.sales.lead.assignment import assign, leave_unassigned
from crmcore.domain.sales.lead.decisions import repeat_inquiry
from crmcore.domain.sales.lead.messages.assignment import AssignLead
from crmcore.domain.sales.lead.messages.capture import CaptureLead, EnrichLead, LeadEnriched
from crmcore.domain.sales.lead.messages.qualification import ConvertLead, QualifyLead, RecycleLead
from crmcore.domain.sales.lead.messages.scoring import RecordLeadActivity
from crmcore.domain.sales.lead.phases import OpenLead, State
from crmcore.domain.sales.lead.refusals import require_open
from crmcore.domain.sales.lead.scoring_model import STANDARD_MODEL, ScoringModel
from crmcore.domain.sales.lead.state import Event

AddressT = TypeVar("AddressT", CaptureLead, EnrichLead)


@frozen
class LeadService:
    """Captures, enriches, assigns, scores, recycles and converts leads, under a *scoring* model."""

    normaliser: ContactNormaliser
    pseudonym: Pseudonym
    customers: Customers
    campaigns: Campaigns
    opportunities: OpportunityService
    scoring: ScoringModel = STANDARD_MODEL

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """The handler of each command that concerns more than a lead."""
        score = on_one_stream(lead.AGGREGATE, self._decide, lambda command: command.lead_id)
        conversion = LeadConversion(self.normaliser, self.customers, self.opportunities)
        return {
            CaptureLead: self.capture,
            EnrichLead: self.enrich,
            AssignLead: self.assign,
            RecordLeadActivity: score,
            QualifyLead: score,
            RecycleLead: self.recycle,
            ConvertLead: conversion.convert,
        }

    def capture(self, command: CaptureLead, work: Work) -> None:
        """Record a new lead, or a further inquiry of the one that holds the address."""
        wanted = self._normal(command)
        events = self._decide(wanted, work.state(lead.AGGREGATE, wanted.lead_id))
        if not events:  # captured before: nothing is asked again
            return
        self.campaigns.require(work, wanted.campaign_id)
        if wanted.email is None:
            work.record(lead.AGGREGATE, wanted.lead_id, events)
            return
        holder = self._addresses.holder_of(wanted.lead_id, wanted.email, work)
        if holder is None:
            work.record(lead.AGGREGATE, wanted.lead_id, events)
            self._addresses.claim(wanted.lead_id, wanted.email, wanted.at, work)
            return
        noted = repeat_inquiry(wanted, work.state(lead.AGGREGATE, holder))
        if noted:
            work.record(lead.AGGREGATE, holder, noted)
            self._addresses.note(wanted.lead_id, wanted.email, wanted.at, work)

    def enrich(self, command: EnrichLead, work: Work) -> None:
        """Record what became known; a new address must not be that of another open lead."""
        wanted = self._normal(command)
        events = self._decide(wanted, work.state(lead.AGGREGATE, wanted.lead_id))
        work.record(lead.AGGREGATE, wanted.lead_id, events)
        for event in events:
            if isinstance(event, LeadEnriched) and event.email is not None:
                self._addresses.claim(wanted.lead_id, event.email, wanted.at, work)

    def recycle(self, command: RecycleLead, work: Work) -> None:
        """Start afresh, unless another lead was captured from the address in the meantime."""
        events = self._decide(command, work.state(lead.AGGREGATE, command.lead_id))
        work.record(lead.AGGREGATE, command.lead_id, events)
        fresh = require_open(command.lead_id, work.state(lead.AGGREGATE, command.lead_id))
        if events and fresh.email is not None:
            email, at = fresh.email, command.at
            self._addresses.claim(command.lead_id, email, at, work, field="lead_id")

    def assign(self, command: AssignLead, work: Work) -> None:
        """Assign to the person named or, unless somebody has the lead, as the policy says."""
        state = work.state(lead.AGGREGATE, command.lead_id)
        if command.policy_id is None or command.assignee is not None:
            work.record(lead.AGGREGATE, command.lead_id, self._decide(command, state))
            return
        known = require_open(command.lead_id, state)
        if known.assignee is not None:
            return
        policy = work.state(assignment_policy.AGGREGATE, command.policy_id)
        routed = route(_routable(known), command.policy_id, policy, command.at)
        if isinstance(routed, Unrouted):
            left = leave_unassigned(command, command.policy_id, routed, state)
            work.record(lead.AGGREGATE, command.lead_id, left)
            return
        chosen = AssignLead(
            lead_id=command.lead_id,
            assignee=routed.assignee,
            assignee_email=business_email(policy, routed.assignee),
            policy_id=command.policy_id,
            at=command.at,
        )
        work.record(lead.AGGREGATE, command.lead_id, assign(chosen, state, routed.rule))
        work.record(assignment_policy.AGGREGATE, command.policy_id, [routed])

    @property
    def _addresses(self) -> LeadAddresses:
        return LeadAddresses(self.pseudonym)

    def _decide(self, command: lead.Command, state: State, /) -> list[Event]:
        return list(lead.decide(command, state, self.scoring))

    def _normal(self, command: AddressT) -> AddressT:
        email, phone = command.email, command.phone
        normalise, region = self._normal_address, command.region
        unchecked: Any = command  # the type checker does not see that commands are attrs classes
        normal: AddressT = attrs.evolve(
            unchecked,
            email=email and normalise("email", ContactKind.EMAIL, email, None),
            phone=phone and normalise("phone", ContactKind.PHONE, phone, region),
        )
        return normal

    def _normal_address(self, field: str, kind: ContactKind, value: str, region: str | None) -> str:
        try:
            return self.normaliser.normalise(kind, value, region)
        except InvalidValueError as error:
            raise error.named(field if error.field == "value" else error.field) from None


def _routable(known: OpenLead) -> RoutableLead:
    return RoutableLead(
        lead_id=known.captured.lead_id,
        source=known.captured.source,
        campaign_id=known.captured.campaign_id,
        attributes=known.attributes,
        email=known.email,
    )
