"""What can happen to a customer in a campaign: the stored facts of a membership.

``counted`` says whether statistics count a fact: not for proof copies, tests and transactional
messages (INV-M11).  ``first`` marks the first counted fact of its kind, so that members (not
messages) can be counted by adding events up.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import Channel, Money, Personal, event
from crmcore.domain.marketing.suppression import Suppression
from crmcore.domain.marketing.terms import (
    ResponseKind,
    Role,
)


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


@event
class MemberTargeted:
    """The customer is to be addressed."""

    TOPIC: ClassVar[str] = "member-targeted"
    membership_id: UUID
    campaign_id: UUID
    customer_id: UUID
    list_name: str
    role: Role
    at: datetime


@event
class MemberSuppressed:
    """The customer is not addressed, for these reasons; ``message_id`` is what was held back."""

    TOPIC: ClassVar[str] = "member-suppressed"
    membership_id: UUID
    campaign_id: UUID
    customer_id: UUID
    list_name: str
    role: Role
    suppressions: tuple[Suppression, ...]
    message_id: UUID | None
    at: datetime


@event
class MemberHeldOut:
    """The customer could be addressed but belongs to the control group."""

    TOPIC: ClassVar[str] = "member-held-out"
    membership_id: UUID
    campaign_id: UUID
    customer_id: UUID
    list_name: str
    role: Role
    at: datetime


@event
class MessageSent:
    """A message went out, to the contact point ``point_id``; None: to an address kept elsewhere."""

    TOPIC: ClassVar[str] = "message-sent"
    SCHEMA_VERSION: ClassVar[int] = 2
    membership_id: UUID
    campaign_id: UUID
    customer_id: UUID
    message_id: UUID
    channel: Channel
    point_id: UUID | None
    transactional: bool
    counted: bool
    first: bool
    at: datetime


@event
class MessageDelivered:
    """A message arrived."""

    TOPIC: ClassVar[str] = "message-delivered"
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
    membership_id: UUID
    campaign_id: UUID
    customer_id: UUID
    message_id: UUID | None
    kind: OptOutKind
    counted: bool
    at: datetime
