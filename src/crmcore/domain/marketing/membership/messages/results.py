"""What comes back from members: deliveries, bounces, opens, clicks, responses, conversions, opt-outs."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import (
    Length,
    Money,
    Personal,
    command,
    event,
)
from crmcore.domain.marketing.terms import ResponseKind

__all__ = [
    "BounceKind",
    "ConversionKind",
    "ConversionRecorded",
    "MessageBounced",
    "MessageClicked",
    "MessageDelivered",
    "MessageOpened",
    "OptOutKind",
    "OptOutReceived",
    "RecordBounce",
    "RecordClick",
    "RecordConversion",
    "RecordDelivery",
    "RecordOpen",
    "RecordOptOut",
    "RecordResponse",
    "ResponseKind",
    "ResponseRecorded",
]


class BounceKind(StrEnum):
    """Whether a message may still get through later (soft) or the address is wrong (hard)."""

    SOFT = "soft"
    HARD = "hard"


class OptOutKind(StrEnum):
    """How somebody said no, the weightier first."""

    UNSUBSCRIBE = "unsubscribe"
    COMPLAINT = "complaint"


class ConversionKind(StrEnum):
    """What a campaign led to."""

    ORDER = "order"
    LEAD = "lead"
    CUSTOMER = "customer"


# Events


@event
class MessageDelivered:
    """A message arrived."""

    TOPIC: ClassVar[str] = "message-delivered"
    SENTENCE: ClassVar[str] = "received a message of {campaign_id:named}"
    membership_id: UUID
    campaign_id: UUID
    customer_id: UUID
    message_id: UUID
    counted: bool
    first: bool
    at: datetime


@event
class MessageBounced:
    """A message came back."""

    TOPIC: ClassVar[str] = "message-bounced"
    SENTENCE: ClassVar[str] = "message of {campaign_id:named} came back ({kind:words})"
    membership_id: UUID
    campaign_id: UUID
    customer_id: UUID
    message_id: UUID
    kind: BounceKind
    counted: bool
    at: datetime


@event
class MessageOpened:
    """A message was opened: recorded once a message, however often it is looked at."""

    TOPIC: ClassVar[str] = "message-opened"
    SENTENCE: ClassVar[str] = "opened a message of {campaign_id:named}"
    membership_id: UUID
    campaign_id: UUID
    customer_id: UUID
    message_id: UUID
    counted: bool
    first: bool
    at: datetime


@event
class MessageClicked:
    """A link in a message was followed."""

    TOPIC: ClassVar[str] = "message-clicked"
    SENTENCE: ClassVar[str] = "followed a link of {campaign_id:named}[: {link}]"
    membership_id: UUID
    campaign_id: UUID
    customer_id: UUID
    message_id: UUID
    click_id: UUID
    link: str | None
    counted: bool
    first: bool
    at: datetime


@event
class ResponseRecorded:
    """The customer answered; ``counted`` if the campaign's definition takes it as a response."""

    TOPIC: ClassVar[str] = "response-recorded"
    SENTENCE: ClassVar[str] = "answered {campaign_id:named} ({kind:words})[: {note}]"
    membership_id: UUID
    campaign_id: UUID
    customer_id: UUID
    response_id: UUID
    kind: ResponseKind
    note: Annotated[str, Personal()] | None
    counted: bool
    first: bool
    at: datetime


@event
class ConversionRecorded:
    """The campaign led to an order, a lead or a customer worth *amount*, of it *margin* gross.

    ``held_out`` tells what members of the control group did without being addressed.
    """

    TOPIC: ClassVar[str] = "conversion-recorded"
    SENTENCE: ClassVar[str] = "{campaign_id:named} led to {kind:words}[ worth {amount}]"
    membership_id: UUID
    campaign_id: UUID
    customer_id: UUID
    conversion_id: UUID
    kind: ConversionKind
    amount: Money | None
    margin: Money | None
    counted: bool
    first: bool
    held_out: bool
    at: datetime


@event
class OptOutReceived:
    """The customer wants no more of this campaign."""

    TOPIC: ClassVar[str] = "opt-out-received"
    SENTENCE: ClassVar[str] = "wants no more of {campaign_id:named} ({kind:words})"
    membership_id: UUID
    campaign_id: UUID
    customer_id: UUID
    message_id: UUID | None
    kind: OptOutKind
    counted: bool
    at: datetime


# Commands


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
    """Record that a message came back; after a hard bounce none is sent to that address again."""

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


ResultEvent = (
    MessageDelivered
    | MessageBounced
    | MessageOpened
    | MessageClicked
    | ResponseRecorded
    | ConversionRecorded
    | OptOutReceived
)
MessageCommand = RecordDelivery | RecordBounce | RecordOpen | RecordClick
MemberCommand = RecordResponse | RecordConversion | RecordOptOut
ResultCommand = MessageCommand | MemberCommand
