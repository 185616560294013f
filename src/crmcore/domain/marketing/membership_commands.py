"""What can be asked about a member: to address them, and to record what came back."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import Channel, Length, Money, Personal, command
from crmcore.domain.marketing.membership_events import BounceKind, ConversionKind, OptOutKind
from crmcore.domain.marketing.terms import ResponseKind, Role

__all__ = [
    "RecordBounce",
    "RecordClick",
    "RecordConversion",
    "RecordDelivery",
    "RecordOpen",
    "RecordOptOut",
    "RecordResponse",
    "SendMessage",
    "TargetMember",
]

Name = Annotated[str, Length(200)]


@command
class TargetMember:
    """Make a customer from the list *list_name* a member, if they may be addressed.

    ``exempt_lists`` names the lists of people to leave out that the customer is on (by identity,
    address or domain): while it names one, they get nothing but transactional messages.  Sent
    again later, it decides anew for a customer not held out.  No events mean that the customer is
    targeted already; who is not is recorded or refused with the reason.
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
    """Send a member one message on the campaign's channel, within its dates.

    It goes to the contact point *point_id*, or to the customer's first one at which it is
    permitted.  A *transactional* message (a booking confirmed, say) is neither capped nor counted,
    and asks for the permission that such messages need.  Every new message is decided by what
    holds at that instant, whatever was held back before.

    The reply says what was decided: ``MessageSent`` that it may go out and where to,
    ``MemberSuppressed`` that it was held back and why; a refusal why not, or not now.  No events
    mean that this very message went out before, and nothing else.
    """

    TOPIC: ClassVar[str] = "send-message"
    campaign_id: UUID
    customer_id: UUID
    message_id: UUID
    channel: Channel | None = None
    point_id: UUID | None = None
    transactional: bool = False
    at: datetime


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
