"""Addressing members: who is targeted, suppressed or held out, and each message sent to them.

Commands and ``decide`` over the state of the membership, the campaign, and what the company
knows of reaching the customer at that instant.  Consent is asked when a customer is targeted
and again for every message (INV-X2): whoever withdrew in between gets none, and the stream
says why.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar, assert_never
from uuid import UUID

from crmcore.domain.kernel import (
    AlreadyExistsError,
    Channel,
    Length,
    NotAllowedError,
    NotFoundError,
    command,
)
from crmcore.domain.marketing.campaign import Campaign, Status
from crmcore.domain.marketing.membership import (
    Assessed,
    Event,
    Member,
    Standing,
    State,
    Step,
    Unassigned,
    membership_id,
)
from crmcore.domain.marketing.membership_events import (
    MemberHeldOut,
    MemberSuppressed,
    MemberTargeted,
    MessageSent,
)
from crmcore.domain.marketing.suppression import Reach, Suppression, suppressions
from crmcore.domain.marketing.terms import (
    Role,
)

Name = Annotated[str, Length(200)]


@command
class TargetMember:
    """Make a customer from the list *list_name* a member, if they may be addressed.

    ``exempt_lists`` names the lists of people to leave out that the customer is on (by identity,
    address or domain).  Sent again later, it decides anew for a customer not held out.
    """

    TOPIC: ClassVar[str] = "target-member"
    campaign_id: UUID
    customer_id: UUID
    list_name: Name
    role: Role = Role.DEFAULT
    exempt_lists: tuple[Name, ...] = ()
    at: datetime


@command
class SendMessage:
    """Send a member one message on the campaign's channel.

    A *transactional* message (a booking confirmed, say) is neither capped nor counted, and asks
    for the permission that such messages need.
    """

    TOPIC: ClassVar[str] = "send-message"
    campaign_id: UUID
    customer_id: UUID
    message_id: UUID
    channel: Channel | None = None
    transactional: bool = False
    at: datetime


class NotSendingError(NotAllowedError):
    """The campaign is not running: nothing goes out (INV-M8)."""


class OtherChannelError(NotAllowedError):
    """The message is for another channel than the campaign's."""


class HeldOutError(NotAllowedError):
    """The customer is in the control group and gets no message (INV-M3)."""


class SuppressedError(NotAllowedError):
    """The customer was suppressed, and has not been targeted anew since (INV-M3)."""


class UnwelcomeError(NotAllowedError):
    """The customer is not to be disturbed at this time: send later."""


class FrequencyCapError(NotAllowedError):
    """The customer would get more messages than the campaign's cap allows (INV-M4)."""


Command = TargetMember | SendMessage


def decide(command: Command, state: State, campaign: Campaign, reach: Reach) -> Sequence[Event]:
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
        campaign.refuse_if_ended()
        return [_assess(command, state, campaign, reach)]
    if state.role is not command.role:
        key = membership_id(command.campaign_id, command.customer_id)
        raise AlreadyExistsError("membership", key, f"the role is {state.role}")
    late = command.at <= state.assessed_at
    if late or campaign.ended or state.standing is Standing.HELD_OUT:
        return []
    event = _assess(command, state, campaign, reach)
    return [] if _holds(event, state) else [event]


def _assess(command: TargetMember, state: State, campaign: Campaign, reach: Reach) -> Assessed:
    reasons = _reasons(state, reach, command.exempt_lists)
    if reasons:
        return _suppressed(command, command.list_name, command.role, reasons)
    holdout = campaign.plan.holdout
    held_out = holdout is not None and holdout.keeps_out(command.customer_id)
    kind = MemberHeldOut if held_out and command.role is Role.DEFAULT else MemberTargeted
    return kind(
        membership_id=membership_id(command.campaign_id, command.customer_id),
        campaign_id=command.campaign_id,
        customer_id=command.customer_id,
        list_name=command.list_name,
        role=command.role,
        at=command.at,
    )


def _holds(event: Assessed, state: Member) -> bool:
    match event:
        case MemberTargeted():
            return state.standing is Standing.TARGETED
        case MemberHeldOut():
            return state.standing is Standing.HELD_OUT
        case MemberSuppressed():
            return state.suppressions == event.suppressions
        case _:
            assert_never(event)


def _send(command: SendMessage, state: State, campaign: Campaign, reach: Reach) -> Sequence[Event]:
    if isinstance(state, Unassigned):
        key = membership_id(command.campaign_id, command.customer_id)
        raise NotFoundError("membership", f"{key}: target the customer first")
    channel = command.channel or campaign.plan.channel
    if command.message_id in state.messages:
        sent = state.messages[command.message_id].sent
        if (sent.channel, sent.transactional) == (channel, command.transactional):
            return []
        raise AlreadyExistsError("message", command.message_id)
    if channel is not campaign.plan.channel:
        raise OtherChannelError(
            f"campaign {command.campaign_id} goes by {campaign.plan.channel}, not by {channel}:"
            " plan one with this as its parent"
        )
    _refuse_unless_sending(campaign, state.role)
    if command.transactional:
        return _send_transactional(command, channel, reach)
    reasons = _reasons(state, reach, state.exempt_lists)
    if reasons:
        return _hold_back(command, state, reasons)
    _refuse_unless_targeted(command, state)
    if reach.unwelcome is not None:
        raise UnwelcomeError(f"customer {command.customer_id}: {reach.unwelcome}; send later")
    _refuse_over_cap(command, state, campaign)
    counted = state.role is Role.DEFAULT
    return [_sent(command, channel, counted, counted and Step.SENT not in state.reached)]


def _refuse_unless_sending(campaign: Campaign, role: Role) -> None:
    proof = role is not Role.DEFAULT and campaign.status in (Status.PLANNED, Status.APPROVED)
    if campaign.status is not Status.RUNNING and not proof:
        raise NotSendingError(
            f"campaign {campaign.plan.campaign_id} is {campaign.status}: messages go out while it"
            " runs, proof copies and tests before the launch too"
        )


def _send_transactional(command: SendMessage, channel: Channel, reach: Reach) -> Sequence[Event]:
    reasons = suppressions(reach)
    if reasons:
        raise SuppressedError(
            f"customer {command.customer_id}: {'; '.join(reason.detail for reason in reasons)}"
        )
    return [_sent(command, channel, counted=False, first=False)]


def _hold_back(
    command: SendMessage, state: Member, reasons: tuple[Suppression, ...]
) -> Sequence[Event]:
    if state.standing is Standing.HELD_OUT:
        _refuse_unless_targeted(command, state)
    if state.suppressions == reasons:
        return []
    if command.at < state.assessed_at:
        raise SuppressedError(
            f"customer {command.customer_id} could not be addressed at {command.at:%Y-%m-%dT%H:%M:%SZ},"
            " and has been assessed anew since"
        )
    return [_suppressed(command, state.list_name, state.role, reasons, command.message_id)]


def _refuse_unless_targeted(command: SendMessage, state: Member) -> None:
    match state.standing:
        case Standing.TARGETED:
            return
        case Standing.HELD_OUT:
            raise HeldOutError(f"customer {command.customer_id} is in the control group")
        case Standing.SUPPRESSED:
            raise SuppressedError(
                f"customer {command.customer_id} was suppressed"
                f" ({'; '.join(reason.detail for reason in state.suppressions)}): target them anew"
            )
        case _:
            assert_never(state.standing)


def _refuse_over_cap(command: SendMessage, state: Member, campaign: Campaign) -> None:
    cap = campaign.plan.frequency_cap
    if cap is None or campaign.plan.informational:
        return
    free = cap.next_free(state.marketing_sent, command.at)
    if free is not None:
        raise FrequencyCapError(
            f"customer {command.customer_id} had {cap.most} messages in {cap.days} days: the next"
            f" may go out at {free:%Y-%m-%dT%H:%M:%SZ} at the earliest"
        )


def _reasons(state: State, reach: Reach, exempt_lists: Sequence[str]) -> tuple[Suppression, ...]:
    if isinstance(state, Unassigned):
        return suppressions(reach, exempt_lists=exempt_lists)
    return suppressions(
        reach, opted_out=state.opted_out, bounced=state.bounced, exempt_lists=exempt_lists
    )


def _suppressed(
    command: Command,
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


def _sent(command: SendMessage, channel: Channel, counted: bool, first: bool) -> MessageSent:
    return MessageSent(
        membership_id=membership_id(command.campaign_id, command.customer_id),
        campaign_id=command.campaign_id,
        customer_id=command.customer_id,
        message_id=command.message_id,
        channel=channel,
        transactional=command.transactional,
        counted=counted,
        first=first,
        at=command.at,
    )
