"""Carry out the commands on leads and on the policies that assign them.

An e-mail address belongs to one lead at a time (``LeadAddresses``).  Who asks again from the address of an open
or a converted lead is not a second lead: the inquiry is noted on the first, in the converted
lead's case about its customer.  A lead that was given up, or that has another address by now,
leaves the address to the next.  Telephone numbers are shared too often to say who is who.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeVar, get_args
from uuid import UUID

import attrs

from crmcore.application.customers import ContactNormaliser
from crmcore.application.lead_addresses import LeadAddresses, Pseudonym
from crmcore.application.lead_conversion import LeadConversion
from crmcore.application.references import Exists, require
from crmcore.application.work import Handler, Work, on_one_stream
from crmcore.domain.customers.contact_point import ContactKind
from crmcore.domain.kernel import Aggregate, InvalidValueError
from crmcore.domain.sales import lead_address
from crmcore.domain.sales.assignment import decisions as assignment_policy
from crmcore.domain.sales.assignment.messages import DefineAssignmentPolicy, ReviseAssignmentPolicy
from crmcore.domain.sales.assignment.routing import RoutableLead, Unrouted, route
from crmcore.domain.sales.assignment.state import business_email
from crmcore.domain.sales.lead import decisions as lead
from crmcore.domain.sales.lead.assignment import assign, leave_unassigned
from crmcore.domain.sales.lead.decisions import Command, decide, repeat_inquiry
from crmcore.domain.sales.lead.messages.assignment import AssignLead
from crmcore.domain.sales.lead.messages.capture import CaptureLead, EnrichLead, LeadEnriched
from crmcore.domain.sales.lead.messages.qualification import ConvertLead, RecycleLead
from crmcore.domain.sales.lead.phases import OpenLead, State, Uncaptured
from crmcore.domain.sales.lead.refusals import require_open
from crmcore.domain.sales.lead.scoring_model import STANDARD_MODEL, ScoringModel
from crmcore.domain.sales.lead.state import Event

__all__ = ["AGGREGATES", "LeadService", "Pseudonym", "lead_exists"]

AGGREGATES: Final[tuple[Aggregate[Any, Any], ...]] = (
    lead.AGGREGATE,
    lead_address.AGGREGATE,
    assignment_policy.AGGREGATE,
)

AddressedT = TypeVar("AddressedT", CaptureLead, EnrichLead)


def lead_exists(work: Work, key: UUID, /) -> bool:
    """Whether a lead was captured under this identity."""
    return not isinstance(work.state(lead.AGGREGATE, key), Uncaptured)


@attrs.frozen
class LeadService:
    """Handles the commands on leads and assignment policies, under a *scoring* model.

    ``open_opportunity`` carries out ``OpenOpportunity``, for conversions; ``campaign_exists``
    is marketing's answer.
    """

    normaliser: ContactNormaliser
    pseudonym: Pseudonym
    campaign_exists: Exists
    open_opportunity: Handler
    scoring: ScoringModel = STANDARD_MODEL

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """The handler of each command on leads and assignment policies."""
        own = on_one_stream(lead.AGGREGATE, self._decide, lambda command: command.lead_id)
        policy = on_one_stream(
            assignment_policy.AGGREGATE,
            assignment_policy.decide,
            lambda command: command.policy_id,
        )
        conversion = LeadConversion(self.normaliser, self.open_opportunity)
        return {
            **dict.fromkeys(get_args(Command), own),
            CaptureLead: self.capture,
            EnrichLead: self.enrich,
            AssignLead: self.assign,
            RecycleLead: self.recycle,
            ConvertLead: conversion.convert,
            DefineAssignmentPolicy: policy,
            ReviseAssignmentPolicy: policy,
        }

    def capture(self, command: CaptureLead, work: Work) -> None:
        """Record a new lead, or a further inquiry of the one that holds the address."""
        told = self._normal(command)
        events = self._decide(told, work.state(lead.AGGREGATE, told.lead_id))
        if not events:  # captured before: nothing is asked again
            return
        require(self.campaign_exists, work, "campaign", told.campaign_id)
        if told.email is None:
            work.record(lead.AGGREGATE, told.lead_id, events)
            return
        holder = self._addresses.noted_on(told.lead_id, told.email, work)
        if holder is None:
            work.record(lead.AGGREGATE, told.lead_id, events)
            self._addresses.claim(told.lead_id, told.email, told.at, work)
            return
        noted = repeat_inquiry(told, work.state(lead.AGGREGATE, holder))
        if noted:
            work.record(lead.AGGREGATE, holder, noted)
            self._addresses.note(told.lead_id, told.email, told.at, work)

    def enrich(self, command: EnrichLead, work: Work) -> None:
        """Record what became known; a new address must not be that of another open lead."""
        told = self._normal(command)
        events = self._decide(told, work.state(lead.AGGREGATE, told.lead_id))
        work.record(lead.AGGREGATE, told.lead_id, events)
        for event in events:
            if isinstance(event, LeadEnriched) and event.email is not None:
                self._addresses.claim(told.lead_id, event.email, told.at, work)

    def recycle(self, command: RecycleLead, work: Work) -> None:
        """Start afresh, unless another lead was captured from the address in the meantime."""
        events = self._decide(command, work.state(lead.AGGREGATE, command.lead_id))
        work.record(lead.AGGREGATE, command.lead_id, events)
        fresh = require_open(command.lead_id, work.state(lead.AGGREGATE, command.lead_id))
        if events and fresh.email is not None:
            self._addresses.claim(command.lead_id, fresh.email, command.at, work)

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

    def _decide(self, command: Command, state: State, /) -> list[Event]:
        return list(decide(command, state, self.scoring))

    def _normal(self, command: AddressedT) -> AddressedT:
        email, phone = command.email, command.phone
        normalise, region = self._normal_address, command.region
        unchecked: Any = command  # the type checker does not see that commands are attrs classes
        normal: AddressedT = attrs.evolve(
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
