"""Carry out the commands on campaigns and their members.

Whether a customer may be addressed is asked of the customer and the consents within the same
unit of work, at the instant of the command: when they are targeted, and again at each send.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import attrs

from crmcore.application.customers.public import Customers
from crmcore.application.marketing.public import Campaigns
from crmcore.application.work import Handler, Work, on_one_stream
from crmcore.domain.customers.contact_point import InvalidateContactPoint, InvalidReason
from crmcore.domain.customers.permission import WithdrawConsent
from crmcore.domain.kernel import Aggregate, Purpose
from crmcore.domain.marketing import addressing, campaign, membership, planning, results, running
from crmcore.domain.marketing.addressing import SendMessage, TargetMember
from crmcore.domain.marketing.membership_events import BounceKind
from crmcore.domain.marketing.planning import CopyCampaign, PlanCampaign
from crmcore.domain.marketing.results import RecordBounce, RecordOptOut
from crmcore.domain.marketing.suppression import Reach

AGGREGATES: Final[tuple[Aggregate[Any, Any], ...]] = (campaign.AGGREGATE, membership.AGGREGATE)


def reach(
    command: TargetMember | SendMessage,
    plan: campaign.CampaignPlanned,
    customers: Customers,
    work: Work,
) -> Reach:
    """What the company knows of addressing a customer for a campaign at the command's instant.

    A transactional message asks for the permission of service messages.  Permission is asked for
    the contact point that the message would use.  Raises ``NotFoundError`` for an unknown customer
    or contact point.
    """
    transactional, point_id = False, None
    if isinstance(command, SendMessage):
        transactional, point_id = command.transactional, command.point_id
    found = customers.contactability(
        work,
        command.customer_id,
        plan.channel,
        Purpose.SERVICE if transactional else plan.purpose,
        command.at,
        point_id=point_id,
        agreed_to=plan.purpose,
    )
    return Reach(
        active=found.active,
        consented=found.allowed,
        reasons=found.reasons,
        reachable=found.reachable,
        unwelcome=found.deferred,
        point_id=found.point_id,
        point_added_at=found.point_added_at,
        agreed=found.agreed,
    )


@attrs.frozen
class MarketingService:
    """Handles the commands on campaigns and on their members."""

    customers: Customers = attrs.field(factory=Customers)
    campaigns: Campaigns = attrs.field(factory=Campaigns)

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
            RecordBounce: self.bounce,
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
            self.campaigns.require(work, command.parent_id)
            self.campaigns.require(work, command.copied_from)
            work.record(campaign.AGGREGATE, command.campaign_id, events)

    def copy(self, command: CopyCampaign, work: Work) -> None:
        """Plan a campaign with the terms of another."""
        self.plan(planning.copied(command, _campaign(command.source_id, work)), work)

    def address(self, command: TargetMember | SendMessage, work: Work) -> None:
        """Target a customer or send them a message, if they may be addressed now."""
        running_campaign = _campaign(command.campaign_id, work)
        key = membership.membership_id(command.campaign_id, command.customer_id)
        state = work.state(membership.AGGREGATE, key)
        known = reach(command, running_campaign.plan, self.customers, work)
        events = addressing.decide(command, state, running_campaign, known)
        if events:
            work.record(membership.AGGREGATE, key, events)

    def note(self, command: results.Command, work: Work) -> None:
        """Record what came back from a member."""
        self._note(command, work)

    def bounce(self, command: RecordBounce, work: Work) -> None:
        """Record that a message came back; for good, its address is out of use for every message."""
        sent = self._note(command, work).messages[command.message_id].sent
        if command.kind is BounceKind.HARD and sent.point_id is not None:
            wrong = InvalidateContactPoint(
                customer_id=command.customer_id,
                point_id=sent.point_id,
                reason=InvalidReason.HARD,
                at=command.at,
            )
            self.customers.invalidate_contact_point(work, wrong)

    def opt_out(self, command: RecordOptOut, work: Work) -> None:
        """Record that a member wants no more, and withdraw the consent that the campaign used.

        Service messages rest on the contract: an opt-out from a service campaign ends its own
        messages alone.
        """
        plan = _campaign(command.campaign_id, work).plan
        agreed = self.customers.agreements(work, command.customer_id, plan.channel, plan.purpose)
        self._note(command, work, agreed)
        if plan.purpose is not Purpose.SERVICE:
            self.customers.withdraw_consent(work, _withdrawal(command, plan))

    def _note(
        self, command: results.Command, work: Work, agreed: Sequence[datetime] = ()
    ) -> membership.Member:
        known = _campaign(command.campaign_id, work)
        key = membership.membership_id(command.campaign_id, command.customer_id)
        state = work.state(membership.AGGREGATE, key)
        work.record(membership.AGGREGATE, key, results.decide(command, state, known, agreed))
        member = work.state(membership.AGGREGATE, key)
        assert isinstance(member, membership.Member), "results are of members only"
        return member


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
