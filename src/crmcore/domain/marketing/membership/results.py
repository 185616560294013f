"""What comes back from members: deliveries, bounces, opens, clicks, responses, conversions, opt-outs.

``decide`` over the state of the membership and the campaign.  All of these are
facts that somebody observed, so they are recorded after the campaign's end as well, once each:
sent twice, they change nothing.  A bounce or an opt-out at another instant is another one, for what
undid the first may have come between; it counts again only where something did.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from crmcore.domain.kernel import (
    AlreadyExistsError,
    InvalidValueError,
    NotFoundError,
)
from crmcore.domain.marketing.campaign.state import Campaign
from crmcore.domain.marketing.membership.messages.results import (
    ConversionRecorded,
    MessageBounced,
    MessageClicked,
    MessageCommand,
    MessageDelivered,
    MessageOpened,
    OptOutReceived,
    RecordBounce,
    RecordClick,
    RecordConversion,
    RecordDelivery,
    RecordOpen,
    RecordOptOut,
    RecordResponse,
    ResponseRecorded,
    ResultCommand,
)
from crmcore.domain.marketing.membership.state import (
    Event,
    Member,
    MemberStatus,
    Message,
    State,
    Step,
    Unassigned,
    is_undone,
    membership_id,
)
from crmcore.domain.marketing.terms import ResponseKind, Role, require_payable


def decide(
    command: ResultCommand, state: State, campaign: Campaign, agreed: Sequence[datetime] = ()
) -> Sequence[Event]:
    """What follows from *command*; raises a ``DomainError`` to refuse it.

    *agreed* is when the customer said yes of their own accord, to what the campaign serves.
    """
    if isinstance(state, Unassigned):
        key = membership_id(command.campaign_id, command.customer_id)
        missing = NotFoundError("membership", f"{key}: target the customer first")
        raise missing.about("campaign_id", "customer_id")
    match command:
        case RecordDelivery() | RecordBounce() | RecordOpen() | RecordClick():
            return _of_message(command, state, campaign, _message(command.message_id, state))
        case RecordResponse():
            return _response(command, state, campaign)
        case RecordConversion():
            return _conversion(command, state, campaign)
        case RecordOptOut():
            return _opt_out(command, state, agreed)
        case _:
            assert_never(command)


def _of_message(
    command: MessageCommand, state: Member, campaign: Campaign, message: Message
) -> Sequence[Event]:
    counted = message.sent.counted
    about = {"message_id": command.message_id, "counted": counted, **_about(command)}
    match command:
        case RecordDelivery():
            first = _is_first(counted, Step.DELIVERED, state)
            return [] if message.delivered else [MessageDelivered(first=first, **about)]
        case RecordOpen():
            first = _is_first(counted, Step.OPENED, state)
            return [] if message.opened else [MessageOpened(first=first, **about)]
        case RecordBounce(kind=kind, at=at):
            if (kind, at) in message.bounces:
                return []
            about["counted"] = counted and not message.has_bounced(kind)
            return [MessageBounced(kind=kind, **about)]
        case RecordClick():
            return _click(command, state, campaign, counted)
        case _:
            assert_never(command)


def _click(
    command: RecordClick, state: Member, campaign: Campaign, counted: bool
) -> Sequence[Event]:
    known = state.clicks.get(command.click_id)
    if known is not None:
        if known.message_id == command.message_id:
            return []
        raise AlreadyExistsError("click", command.click_id)
    first = _is_first(counted, Step.CLICKED, state)
    clicked = MessageClicked(
        message_id=command.message_id,
        click_id=command.click_id,
        link=command.link,
        counted=counted,
        first=first,
        **_about(command),
    )
    if not first or ResponseKind.CLICK not in campaign.plan.response_kinds:
        return [clicked]
    return [
        clicked,
        ResponseRecorded(
            response_id=command.click_id,
            kind=ResponseKind.CLICK,
            note=None,
            counted=True,
            first=_is_first(True, Step.RESPONDED, state),
            **_about(command),
        ),
    ]


def _response(command: RecordResponse, state: Member, campaign: Campaign) -> Sequence[Event]:
    if command.kind is ResponseKind.CLICK:
        raise InvalidValueError("kind", command.kind.value, "record-click for a click")
    known = state.responses.get(command.response_id)
    if known is not None:
        if known.kind is command.kind:
            return []
        raise AlreadyExistsError("response", command.response_id)
    counted = _is_counted(state) and command.kind in campaign.plan.response_kinds
    return [
        ResponseRecorded(
            response_id=command.response_id,
            kind=command.kind,
            note=command.note,
            counted=counted,
            first=_is_first(counted, Step.RESPONDED, state),
            **_about(command),
        )
    ]


def _conversion(command: RecordConversion, state: Member, campaign: Campaign) -> Sequence[Event]:
    require_payable("amount", command.amount, campaign.plan.currency)
    if command.margin is not None and command.margin.currency != campaign.plan.currency:
        expected = f"{campaign.plan.currency}, the campaign's currency"
        raise InvalidValueError("margin", str(command.margin), expected)
    known = state.conversions.get(command.conversion_id)
    if known is not None:
        given = (command.kind, command.amount, command.margin)
        if (known.kind, known.amount, known.margin) == given:
            return []
        raise AlreadyExistsError("conversion", command.conversion_id)
    counted = _is_counted(state)
    return [
        ConversionRecorded(
            conversion_id=command.conversion_id,
            kind=command.kind,
            amount=command.amount,
            margin=command.margin,
            counted=counted,
            first=_is_first(counted, Step.CONVERTED, state),
            held_out=state.status is MemberStatus.HELD_OUT,
            **_about(command),
        )
    ]


def _opt_out(command: RecordOptOut, state: Member, agreed: Sequence[datetime]) -> Sequence[Event]:
    if command.message_id is not None:
        _message(command.message_id, state)
    if (command.kind, command.at) in state.opt_outs:
        return []
    known = any(
        not is_undone(min(said_at, command.at), max(said_at, command.at), agreed)
        for kind, said_at in state.opt_outs
        if kind is command.kind
    )
    return [
        OptOutReceived(
            message_id=command.message_id,
            kind=command.kind,
            counted=_is_counted(state) and not known,
            **_about(command),
        )
    ]


def _about(command: ResultCommand) -> dict[str, Any]:
    return {
        "membership_id": membership_id(command.campaign_id, command.customer_id),
        "campaign_id": command.campaign_id,
        "customer_id": command.customer_id,
        "at": command.at,
    }


def _message(message_id: UUID, state: Member) -> Message:
    if message_id not in state.messages:
        raise NotFoundError("message", f"{message_id} to this member").about("message_id")
    return state.messages[message_id]


def _is_counted(state: Member) -> bool:
    return state.role is Role.DEFAULT and state.addressed


def _is_first(counted: bool, step: Step, state: Member) -> bool:
    return counted and step not in state.reached
