"""Addressing members: who is targeted, suppressed or held out, and each message sent to them.

``decide`` over the state of the membership, the campaign, and what the company
knows of reaching the customer at that instant.  Consent is asked when a customer is targeted
and again for every message (INV-X2), of the address that it would use: whoever withdrew in
between gets none, and the stream says why.  What was decided before stands in the way of no
later message, but for the control group and the lists of people to leave out.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never
from uuid import UUID

from crmcore.domain.kernel import (
    AlreadyExistsError,
    Channel,
    NotAllowedError,
    NotFoundError,
)
from crmcore.domain.marketing.campaign.state import Campaign, CampaignStatus
from crmcore.domain.marketing.membership.messages.addressing import (
    AddressingCommand,
    Assessed,
    MemberHeldOut,
    MemberSuppressed,
    MemberTargeted,
    MessageSent,
    SendMessage,
    TargetMember,
)
from crmcore.domain.marketing.membership.state import (
    Event,
    Member,
    MemberStatus,
    State,
    Step,
    Unassigned,
    membership_id,
)
from crmcore.domain.marketing.suppression import Reach, Suppression, suppressions
from crmcore.domain.marketing.terms import Role


class NotSendingError(NotAllowedError):
    """The campaign is not running: nothing goes out (INV-M8)."""


class OtherChannelError(NotAllowedError):
    """The message is for another channel than the campaign's."""


class HeldOutError(NotAllowedError):
    """The customer is in the control group and gets no message (INV-M3)."""


class SuppressedError(NotAllowedError):
    """The customer may not be addressed, or this message was held back already (INV-M3)."""


class UnwelcomeError(NotAllowedError):
    """The customer is not to be disturbed at this time: send later."""


class FrequencyCapError(NotAllowedError):
    """The customer would get more messages than the campaign's cap allows (INV-M4)."""


def decide(
    command: AddressingCommand, state: State, campaign: Campaign, reach: Reach
) -> Sequence[Event]:
    """What follows from *command*; raises a ``DomainError`` to refuse it."""
    match command:
        case TargetMember():
            return _target(command, state, campaign, reach)
        case SendMessage():
            return _send(command, state, campaign, reach)
        case _:
            assert_never(command)


def _target(
    command: TargetMember, state: State, campaign: Campaign, reach: Reach
) -> Sequence[Event]:
    if isinstance(state, Unassigned):
        campaign.require_open()
        campaign.require_not_over(command.at)
        return [_assess(command, state, campaign, reach)]
    if state.role is not command.role:
        key = membership_id(command.campaign_id, command.customer_id)
        raise AlreadyExistsError("membership", key, f"the role is {state.role}")
    late = command.at <= state.assessed_at
    if not late and not campaign.is_ended and state.status is not MemberStatus.HELD_OUT:
        campaign.require_not_over(command.at)
        event = _assess(command, state, campaign, reach)
        if not _holds(event, state):
            return [event]
    _require_targeted(command, state)
    return []


def _assess(command: TargetMember, state: State, campaign: Campaign, reach: Reach) -> Assessed:
    reasons = _reasons(command, state, reach, command.exempt_lists)
    if reasons:
        return _suppressed(command, command.list_name, command.role, reasons)
    kind = MemberHeldOut if _is_kept_out(command, command.role, campaign) else MemberTargeted
    return kind(
        membership_id=membership_id(command.campaign_id, command.customer_id),
        campaign_id=command.campaign_id,
        customer_id=command.customer_id,
        list_name=command.list_name,
        role=command.role,
        at=command.at,
    )


def _is_kept_out(command: AddressingCommand, role: Role, campaign: Campaign) -> bool:
    holdout = campaign.plan.holdout
    return role is Role.DEFAULT and holdout is not None and holdout.keeps_out(command.customer_id)


def _holds(event: Assessed, state: Member) -> bool:
    match event:
        case MemberTargeted():
            return state.status is MemberStatus.TARGETED
        case MemberHeldOut():
            return state.status is MemberStatus.HELD_OUT
        case MemberSuppressed():
            return state.suppressions == event.suppressions
        case _:
            assert_never(event)


def _send(command: SendMessage, state: State, campaign: Campaign, reach: Reach) -> Sequence[Event]:
    if isinstance(state, Unassigned):
        key = membership_id(command.campaign_id, command.customer_id)
        missing = NotFoundError("membership", f"{key}: target the customer first")
        raise missing.about("campaign_id", "customer_id")
    channel = command.channel or campaign.plan.channel
    if command.message_id in state.messages:
        sent = state.messages[command.message_id].sent
        where = command.point_id or sent.point_id
        if (sent.channel, sent.transactional, sent.point_id) == (
            channel,
            command.transactional,
            where,
        ):
            return []
        raise AlreadyExistsError("message", command.message_id)
    if command.message_id in state.held_back:
        raise SuppressedError(
            f"message {command.message_id} to customer {command.customer_id} was held back already"
            f" ({_describe(state.held_back[command.message_id])})"
        )
    if channel is not campaign.plan.channel:
        raise OtherChannelError(
            f"campaign {command.campaign_id} goes by {campaign.plan.channel}, not by {channel}:"
            " plan one with this as its parent"
        )
    _require_sending(command.at, campaign, state.role)
    if command.transactional:
        return _send_transactional(command, channel, state, reach)
    _require_not_held_out(command, state.status is MemberStatus.HELD_OUT)
    reasons = _reasons(command, state, reach, state.exempt_lists)
    if reasons:
        return _hold_back(command, state, reasons)
    _require_not_held_out(command, _is_kept_out(command, state.role, campaign))
    if reach.deferral is not None:
        raise UnwelcomeError(f"customer {command.customer_id}: {reach.deferral}; send later")
    _require_below_cap(command, state, campaign)
    counted = state.role is Role.DEFAULT
    first = counted and Step.SENT not in state.reached
    return [_sent(command, channel, reach, counted, first)]


def _require_sending(at: datetime, campaign: Campaign, role: Role) -> None:
    proof = role is not Role.DEFAULT and campaign.status in (
        CampaignStatus.PLANNED,
        CampaignStatus.APPROVED,
    )
    if campaign.status is not CampaignStatus.RUNNING and not proof:
        raise NotSendingError(
            f"campaign {campaign.plan.campaign_id} is {campaign.status}: messages go out while it"
            " runs, proof copies and tests before the launch too"
        )
    if not proof:
        campaign.require_started(at)
    campaign.require_not_over(at)


def _send_transactional(
    command: SendMessage, channel: Channel, state: Member, reach: Reach
) -> Sequence[Event]:
    reasons = suppressions(reach, bounced=state.has_bounced(reach.point_id, reach.point_added_at))
    if reasons:
        raise SuppressedError(f"customer {command.customer_id}: {_describe(reasons)}")
    return [_sent(command, channel, reach, counted=False, first=False)]


def _hold_back(
    command: SendMessage, state: Member, reasons: tuple[Suppression, ...]
) -> Sequence[Event]:
    if command.at < state.assessed_at:
        raise SuppressedError(
            f"customer {command.customer_id} could not be addressed at {command.at:%Y-%m-%dT%H:%M:%SZ}"
            f" ({_describe(reasons)}), and has been assessed anew since"
        )
    return [_suppressed(command, state.list_name, state.role, reasons, command.message_id)]


def _require_targeted(command: TargetMember, state: Member) -> None:
    _require_not_held_out(command, state.status is MemberStatus.HELD_OUT)
    if state.status is MemberStatus.SUPPRESSED:
        raise SuppressedError(
            f"customer {command.customer_id} was suppressed"
            f" ({_describe(state.suppressions)}): target them anew when that has changed"
        )


def _require_not_held_out(command: AddressingCommand, held_out: bool) -> None:
    if held_out:
        raise HeldOutError(f"customer {command.customer_id} is in the control group")


def _require_below_cap(command: SendMessage, state: Member, campaign: Campaign) -> None:
    cap = campaign.plan.frequency_cap
    if cap is None or campaign.plan.informational:
        return
    free = cap.next_free(state.marketing_sent, command.at)
    if free is not None:
        raise FrequencyCapError(
            f"customer {command.customer_id} had {cap.most} messages in {cap.days} days: the next"
            f" may go out at {free:%Y-%m-%dT%H:%M:%SZ} at the earliest"
        )


def _reasons(
    command: AddressingCommand, state: State, reach: Reach, exempt_lists: Sequence[str]
) -> tuple[Suppression, ...]:
    if isinstance(state, Unassigned):
        return suppressions(reach, exempt_lists=exempt_lists)
    return suppressions(
        reach,
        opted_out=state.opt_out_in_force(command.at, reach.agreed),
        bounced=state.has_bounced(reach.point_id, reach.point_added_at),
        exempt_lists=exempt_lists,
    )


def _describe(reasons: Sequence[Suppression]) -> str:
    return "; ".join(reason.detail for reason in reasons)


def _suppressed(
    command: AddressingCommand,
    list_name: str,
    role: Role,
    reasons: tuple[Suppression, ...],
    message_id: UUID | None = None,
) -> MemberSuppressed:
    return MemberSuppressed(
        membership_id=membership_id(command.campaign_id, command.customer_id),
        campaign_id=command.campaign_id,
        customer_id=command.customer_id,
        list_name=list_name,
        role=role,
        suppressions=reasons,
        message_id=message_id,
        at=command.at,
    )


def _sent(
    command: SendMessage, channel: Channel, reach: Reach, counted: bool, first: bool
) -> MessageSent:
    return MessageSent(
        membership_id=membership_id(command.campaign_id, command.customer_id),
        campaign_id=command.campaign_id,
        customer_id=command.customer_id,
        message_id=command.message_id,
        channel=channel,
        point_id=reach.point_id,
        transactional=command.transactional,
        counted=counted,
        first=first,
        at=command.at,
    )
