"""What comes back from members: deliveries, bounces, opens, clicks, responses, conversions, noes.

Commands and ``decide`` over the state of the membership and the campaign.  All of these are
facts that somebody observed, so they are recorded after the campaign's end as well, once each:
sent twice, they change nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, assert_never
from uuid import UUID

from crmcore.domain.kernel import (
    AlreadyExistsError,
    InvalidValueError,
    Length,
    Money,
    NotFoundError,
    Personal,
    command,
)
from crmcore.domain.marketing.campaign import Campaign
from crmcore.domain.marketing.membership import (
    Event,
    Member,
    Message,
    Standing,
    State,
    Step,
    Unassigned,
    membership_id,
)
from crmcore.domain.marketing.membership_events import (
    BounceKind,
    ConversionKind,
    ConversionRecorded,
    MessageBounced,
    MessageClicked,
    MessageDelivered,
    MessageOpened,
    OptOutKind,
    OptOutReceived,
    ResponseRecorded,
)
from crmcore.domain.marketing.terms import ResponseKind, Role, payable


@command
class RecordDelivery:
    """Record that a message arrived."""

    TOPIC: ClassVar[str] = "record-delivery"
    campaign_id: UUID
    customer_id: UUID
    message_id: UUID
    at: datetime


@command
class RecordBounce:
    """Record that a message came back; after a hard bounce no further message is sent."""

    TOPIC: ClassVar[str] = "record-bounce"
    campaign_id: UUID
    customer_id: UUID
    message_id: UUID
    kind: BounceKind
    at: datetime


@command
class RecordOpen:
    """Record that a message was opened; only the first time of each message is kept."""

    TOPIC: ClassVar[str] = "record-open"
    campaign_id: UUID
    customer_id: UUID
    message_id: UUID
    at: datetime


@command
class RecordClick:
    """Record that a link in a message was followed."""

    TOPIC: ClassVar[str] = "record-click"
    campaign_id: UUID
    customer_id: UUID
    message_id: UUID
    click_id: UUID
    link: Annotated[str, Length(2_000)] | None = None
    at: datetime


@command
class RecordResponse:
    """Record an answer; it counts if the campaign's plan takes that *kind* as a response."""

    TOPIC: ClassVar[str] = "record-response"
    campaign_id: UUID
    customer_id: UUID
    response_id: UUID
    kind: ResponseKind
    note: Annotated[str, Length(1_000), Personal()] | None = None
    at: datetime


@command
class RecordConversion:
    """Record what the campaign led to: an order, a lead, a customer; of the control group too.

    ``amount`` and ``margin`` (the gross margin in it) are in the campaign's currency.
    """

    TOPIC: ClassVar[str] = "record-conversion"
    campaign_id: UUID
    customer_id: UUID
    conversion_id: UUID
    kind: ConversionKind = ConversionKind.ORDER
    amount: Money | None = None
    margin: Money | None = None
    at: datetime


@command
class RecordOptOut:
    """Record that somebody wants no more: they unsubscribed, or complained of unwanted mail."""

    TOPIC: ClassVar[str] = "record-opt-out"
    campaign_id: UUID
    customer_id: UUID
    message_id: UUID | None = None
    kind: OptOutKind = OptOutKind.UNSUBSCRIBE
    at: datetime


OfMessage = RecordDelivery | RecordBounce | RecordOpen | RecordClick
OfMember = RecordResponse | RecordConversion | RecordOptOut
Command = OfMessage | OfMember


def decide(command: Command, state: State, campaign: Campaign) -> Sequence[Event]:
    """What follows from *command*; raises a ``DomainError`` to refuse it."""
    if isinstance(state, Unassigned):
        key = membership_id(command.campaign_id, command.customer_id)
        raise NotFoundError("membership", f"{key}: target the customer first")
    match command:
        case RecordDelivery() | RecordBounce() | RecordOpen() | RecordClick():
            return _of_message(command, state, campaign, _message(command.message_id, state))
        case RecordResponse():
            return _response(command, state, campaign)
        case RecordConversion():
            return _conversion(command, state, campaign)
        case RecordOptOut():
            return _opt_out(command, state)
        case _:
            assert_never(command)


def _of_message(
    command: OfMessage, state: Member, campaign: Campaign, message: Message
) -> Sequence[Event]:
    counted = message.sent.counted
    about = {"message_id": command.message_id, "counted": counted, **_about(command)}
    match command:
        case RecordDelivery():
            first = _first(counted, Step.DELIVERED, state)
            return [] if message.delivered else [MessageDelivered(first=first, **about)]
        case RecordOpen():
            first = _first(counted, Step.OPENED, state)
            return [] if message.opened else [MessageOpened(first=first, **about)]
        case RecordBounce(kind=kind):
            return [] if kind in message.bounces else [MessageBounced(kind=kind, **about)]
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
    first = _first(counted, Step.CLICKED, state)
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
            first=_first(True, Step.RESPONDED, state),
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
    counted = _in_statistics(state) and command.kind in campaign.plan.response_kinds
    return [
        ResponseRecorded(
            response_id=command.response_id,
            kind=command.kind,
            note=command.note,
            counted=counted,
            first=_first(counted, Step.RESPONDED, state),
            **_about(command),
        )
    ]


def _conversion(command: RecordConversion, state: Member, campaign: Campaign) -> Sequence[Event]:
    payable("amount", command.amount, campaign.plan.currency)
    if command.margin is not None and command.margin.currency != campaign.plan.currency:
        expected = f"{campaign.plan.currency}, the campaign's currency"
        raise InvalidValueError("margin", str(command.margin), expected)
    known = state.conversions.get(command.conversion_id)
    if known is not None:
        given = (command.kind, command.amount, command.margin)
        if (known.kind, known.amount, known.margin) == given:
            return []
        raise AlreadyExistsError("conversion", command.conversion_id)
    counted = _in_statistics(state)
    return [
        ConversionRecorded(
            conversion_id=command.conversion_id,
            kind=command.kind,
            amount=command.amount,
            margin=command.margin,
            counted=counted,
            first=_first(counted, Step.CONVERTED, state),
            held_out=state.standing is Standing.HELD_OUT,
            **_about(command),
        )
    ]


def _opt_out(command: RecordOptOut, state: Member) -> Sequence[Event]:
    if command.message_id is not None:
        _message(command.message_id, state)
    if command.kind in state.opt_outs:
        return []
    return [
        OptOutReceived(
            message_id=command.message_id,
            kind=command.kind,
            counted=_in_statistics(state),
            **_about(command),
        )
    ]


def _about(command: Command) -> dict[str, Any]:
    return {
        "membership_id": membership_id(command.campaign_id, command.customer_id),
        "campaign_id": command.campaign_id,
        "customer_id": command.customer_id,
        "at": command.at,
    }


def _message(message_id: UUID, state: Member) -> Message:
    if message_id not in state.messages:
        raise NotFoundError("message", f"{message_id} to this member")
    return state.messages[message_id]


def _in_statistics(state: Member) -> bool:
    return state.role is Role.DEFAULT and state.addressed


def _first(counted: bool, step: Step, state: Member) -> bool:
    return counted and step not in state.reached
