"""Carry out the commands on campaigns and their members.

Whether a customer may be addressed is asked of the customer and the consents within the same
unit of work, at the instant of the command: when they are targeted, and again at each send.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import attrs

from crmcore.application.customers import consents, known_customer
from crmcore.application.references import require
from crmcore.application.work import Handler, Work, on_one_stream
from crmcore.domain.customers import consent, contact_point, customer, preference
from crmcore.domain.customers.permission import WithdrawConsent
from crmcore.domain.kernel import Aggregate, Channel, Purpose
from crmcore.domain.marketing import addressing, campaign, membership, planning, results, running
from crmcore.domain.marketing.addressing import SendMessage, TargetMember
from crmcore.domain.marketing.planning import CopyCampaign, PlanCampaign
from crmcore.domain.marketing.results import RecordOptOut
from crmcore.domain.marketing.suppression import Reach

__all__ = ["AGGREGATES", "MarketingService", "campaign_exists", "reach"]

AGGREGATES: Final[tuple[Aggregate[Any, Any], ...]] = (campaign.AGGREGATE, membership.AGGREGATE)

POINTS: Final[Mapping[Channel, contact_point.ContactKind]] = {
    Channel.EMAIL: contact_point.ContactKind.EMAIL,
    Channel.SMS: contact_point.ContactKind.PHONE,
    Channel.PHONE: contact_point.ContactKind.PHONE,
    Channel.POST: contact_point.ContactKind.POSTAL,
    Channel.SOCIAL: contact_point.ContactKind.SOCIAL,
    Channel.PUSH: contact_point.ContactKind.PUSH,
}
"""Which contact points a channel needs; the others need none that we keep."""


def campaign_exists(work: Work, campaign_id: UUID) -> bool:
    """Whether the campaign was ever planned."""
    return isinstance(work.state(campaign.AGGREGATE, campaign_id), campaign.Campaign)


def reach(command: TargetMember | SendMessage, plan: campaign.CampaignPlanned, work: Work) -> Reach:
    """What the company knows of addressing a customer for a campaign at the command's instant.

    A transactional message asks for the permission of service messages.  A customer whose
    contact points of the channel's kind are all out of use cannot be reached; one without any
    can, for addresses may be kept elsewhere.  Raises ``NotFoundError`` for an unknown customer.
    """
    known = known_customer(work, command.customer_id)
    transactional = isinstance(command, SendMessage) and command.transactional
    purpose = Purpose.SERVICE if transactional else plan.purpose
    ledger = consents(work, command.customer_id)
    decision = consent.allowed(ledger, plan.channel, purpose, command.at)
    points = [point for point in known.points if point.kind is POINTS.get(plan.channel)]
    return Reach(
        active=isinstance(work.state(customer.AGGREGATE, command.customer_id), customer.Active),
        consented=decision.allowed,
        reasons=decision.reasons,
        reachable=not points or any(point.active for point in points),
        unwelcome=preference.unwelcome(known.preferences, plan.channel, command.at),
    )


@attrs.frozen
class MarketingService:
    """Handles the commands on campaigns and on their members."""

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """The handler of each command on campaigns and members."""
        planned = on_one_stream(campaign.AGGREGATE, planning.decide, _campaign_id)
        run = on_one_stream(campaign.AGGREGATE, running.decide, _campaign_id)
        return {
            PlanCampaign: self.plan,
            CopyCampaign: self.copy,
            planning.SetCampaignBudget: planned,
            planning.ScheduleCampaign: planned,
            planning.AttachTargetList: planned,
            running.ApproveCampaign: run,
            running.LaunchCampaign: run,
            running.PauseCampaign: run,
            running.ResumeCampaign: run,
            running.CompleteCampaign: run,
            running.CancelCampaign: run,
            running.IncurCost: run,
            TargetMember: self.address,
            SendMessage: self.address,
            results.RecordDelivery: self.note,
            results.RecordBounce: self.note,
            results.RecordOpen: self.note,
            results.RecordClick: self.note,
            results.RecordResponse: self.note,
            results.RecordConversion: self.note,
            RecordOptOut: self.opt_out,
        }

    def plan(self, command: PlanCampaign, work: Work) -> None:
        """Plan a campaign, whose parent (and what it was copied from) must exist."""
        state = work.state(campaign.AGGREGATE, command.campaign_id)
        events = planning.decide(command, state)
        if events:
            require(campaign_exists, work, "campaign", command.parent_id)
            require(campaign_exists, work, "campaign", command.copied_from)
            work.record(campaign.AGGREGATE, command.campaign_id, events)

    def copy(self, command: CopyCampaign, work: Work) -> None:
        """Plan a campaign with the terms of another."""
        self.plan(planning.copied(command, _campaign(command.source_id, work)), work)

    def address(self, command: TargetMember | SendMessage, work: Work) -> None:
        """Target a customer or send them a message, if they may be addressed now."""
        running_campaign = _campaign(command.campaign_id, work)
        key = membership.membership_id(command.campaign_id, command.customer_id)
        state = work.state(membership.AGGREGATE, key)
        known = reach(command, running_campaign.plan, work)
        events = addressing.decide(command, state, running_campaign, known)
        if events:
            work.record(membership.AGGREGATE, key, events)

    def note(self, command: results.Command, work: Work) -> None:
        """Record what came back from a member."""
        self._note(command, _campaign(command.campaign_id, work), work)

    def opt_out(self, command: RecordOptOut, work: Work) -> None:
        """Record that a member wants no more, and withdraw the consent that the campaign used.

        Service messages rest on the contract: an opt-out from a service campaign ends its own
        messages alone.
        """
        known = _campaign(command.campaign_id, work)
        if self._note(command, known, work) and known.plan.purpose is not Purpose.SERVICE:
            withdrawn = consent.decide(
                _withdrawal(command, known.plan), consents(work, command.customer_id)
            )
            if withdrawn:
                key = consent.ledger_id(command.customer_id)
                work.record(consent.AGGREGATE, key, withdrawn)

    def _note(self, command: results.Command, known: campaign.Campaign, work: Work) -> bool:
        key = membership.membership_id(command.campaign_id, command.customer_id)
        events = results.decide(command, work.state(membership.AGGREGATE, key), known)
        if events:
            work.record(membership.AGGREGATE, key, events)
        return bool(events)


def _withdrawal(command: RecordOptOut, plan: campaign.CampaignPlanned) -> WithdrawConsent:
    return WithdrawConsent(
        customer_id=command.customer_id,
        channel=plan.channel,
        purpose=plan.purpose,
        method=f"{command.kind} in campaign {command.campaign_id}",
        at=command.at,
    )


def _campaign(campaign_id: UUID, work: Work) -> campaign.Campaign:
    return campaign.planned(campaign_id, work.state(campaign.AGGREGATE, campaign_id))


def _campaign_id(command: planning.Command | running.Command) -> UUID:
    return command.campaign_id
