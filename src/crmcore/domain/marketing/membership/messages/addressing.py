"""Addressing members: who is targeted, suppressed or held out, and each message sent to them."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import (
    Channel,
    Length,
    command,
    event,
)
from crmcore.domain.marketing.suppression import Stage, Suppression
from crmcore.domain.marketing.terms import Role

__all__ = [
    "MemberHeldOut",
    "MemberSuppressed",
    "MemberTargeted",
    "MessageSent",
    "Role",
    "SendMessage",
    "Stage",
    "Suppression",
    "TargetMember",
]


Name = Annotated[str, Length(200)]

# Events


@event
class MemberTargeted:
    """The customer is to be addressed."""

    TOPIC: ClassVar[str] = "member-targeted"
    SENTENCE: ClassVar[str] = "chosen for {campaign_id:named}"
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
    SENTENCE: ClassVar[str] = "left out of {campaign_id:named}: {suppressions:list}"
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
    SENTENCE: ClassVar[str] = "in the control group of {campaign_id:named}"
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
    SENTENCE: ClassVar[str] = "sent a message by {channel:words} for {campaign_id:named}"
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


# Commands


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


Assessed = MemberTargeted | MemberSuppressed | MemberHeldOut
AddressingEvent = Assessed | MessageSent
AddressingCommand = TargetMember | SendMessage
