"""Carry out the commands on campaigns and their members.

Whether a customer may be addressed is asked of the customer and the consents within the same
unit of work, at the instant of the command: when they are targeted, and again at each send.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import get_args
from uuid import UUID

from crmcore.application.customers.public import Customers
from crmcore.application.marketing.public import Campaigns
from crmcore.application.work import Handler, Work
from crmcore.domain.customers.consent.messages import WithdrawConsent
from crmcore.domain.customers.customer.messages.contact_point import (
    InvalidReason,
)
from crmcore.domain.kernel import Purpose
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.marketing.campaign import decisions as campaign
from crmcore.domain.marketing.campaign import planning
from crmcore.domain.marketing.campaign.messages.planning import (
    CampaignPlanned,
    CopyCampaign,
    PlanCampaign,
)
from crmcore.domain.marketing.campaign.planning import copy_terms
from crmcore.domain.marketing.campaign.state import Campaign, require_planned
from crmcore.domain.marketing.membership import addressing, results
from crmcore.domain.marketing.membership import decisions as membership
from crmcore.domain.marketing.membership.messages.addressing import SendMessage, TargetMember
from crmcore.domain.marketing.membership.messages.results import (
    BounceKind,
    RecordBounce,
    RecordOptOut,
    ResultCommand,
)
from crmcore.domain.marketing.membership.state import Command, Event, Member, membership_id
from crmcore.domain.marketing.suppression import Reach


def reach(
    command: TargetMember | SendMessage,
    plan: CampaignPlanned,
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
        deferral=found.deferral,
        point_id=found.point_id,
        point_added_at=found.point_added_at,
        agreed=found.agreed,
    )


@frozen
class MarketingService:
    """Handles the commands on campaigns and on their members."""

    customers: Customers
    campaigns: Campaigns

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """The handlers of the commands that need more than the campaign's own stream."""
        return {
            PlanCampaign: self.plan,
            CopyCampaign: self.copy,
            TargetMember: self.address,
            SendMessage: self.address,
            **dict.fromkeys(get_args(ResultCommand), self.record_result),
            RecordBounce: self.record_bounce,
            RecordOptOut: self.record_opt_out,
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
        self.plan(copy_terms(command, _campaign(command.source_id, work)), work)

    def address(self, command: TargetMember | SendMessage, work: Work) -> None:
        """Target a customer or send them a message, if they may be addressed now."""
        running_campaign = _campaign(command.campaign_id, work)
        key = _membership_id(command)
        state = work.state(membership.AGGREGATE, key)
        known = reach(command, running_campaign.plan, self.customers, work)
        events = addressing.decide(command, state, running_campaign, known)
        if events:
            work.record(membership.AGGREGATE, key, events)

    def record_result(self, command: ResultCommand, work: Work) -> None:
        """Record what came back from a member."""
        self._record(command, work)

    def record_bounce(self, command: RecordBounce, work: Work) -> None:
        """Record that a message came back; for good, its address is out of use for every message."""
        if not self._record(command, work) or command.kind is not BounceKind.HARD:
            return
        member = work.state(membership.AGGREGATE, _membership_id(command))
        sent = member.messages[command.message_id].sent if isinstance(member, Member) else None
        if sent is not None and sent.point_id is not None:
            self.customers.invalidate_address(
                work, command.customer_id, sent.point_id, InvalidReason.HARD, command.at
            )

    def record_opt_out(self, command: RecordOptOut, work: Work) -> None:
        """Record that a member wants no more, and withdraw the consent that the campaign used.

        Service messages rest on the contract: an opt-out from a service campaign ends its own
        messages alone.
        """
        plan = _campaign(command.campaign_id, work).plan
        agreed = self.customers.agreements(work, command.customer_id, plan.channel, plan.purpose)
        self._record(command, work, agreed)
        if plan.purpose is not Purpose.SERVICE:
            self.customers.withdraw_consent(work, _withdrawal(command, plan))

    def _record(
        self, command: ResultCommand, work: Work, agreed: Sequence[datetime] = ()
    ) -> Sequence[Event]:
        key, known = _membership_id(command), _campaign(command.campaign_id, work)
        events = results.decide(command, work.state(membership.AGGREGATE, key), known, agreed)
        work.record(membership.AGGREGATE, key, events)
        return events


def _withdrawal(command: RecordOptOut, plan: CampaignPlanned) -> WithdrawConsent:
    return WithdrawConsent(
        customer_id=command.customer_id,
        channel=plan.channel,
        purpose=plan.purpose,
        method=f"{command.kind} in campaign {command.campaign_id}",
        at=command.at,
    )


def _campaign(campaign_id: UUID, work: Work) -> Campaign:
    return require_planned(campaign_id, work.state(campaign.AGGREGATE, campaign_id))


def _membership_id(command: Command) -> UUID:
    return membership_id(command.campaign_id, command.customer_id)
