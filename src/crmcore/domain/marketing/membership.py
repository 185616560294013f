"""A membership: one customer in one campaign, how far they came and what came of it.

Read from top to bottom: state, ``evolve``.  Its events are in ``membership_events``; who is
addressed is decided in ``addressing``, what comes back in ``results``.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final, assert_never
from uuid import UUID

import attrs

from crmcore.domain.kernel import Aggregate, derived_id
from crmcore.domain.marketing.membership_events import (
    BounceKind,
    ConversionRecorded,
    MemberHeldOut,
    MemberSuppressed,
    MemberTargeted,
    MessageBounced,
    MessageClicked,
    MessageDelivered,
    MessageOpened,
    MessageSent,
    OptOutKind,
    OptOutReceived,
    ResponseRecorded,
)
from crmcore.domain.marketing.suppression import Stage, Suppression
from crmcore.domain.marketing.terms import Role


def membership_id(campaign_id: UUID, customer_id: UUID) -> UUID:
    """The one membership that a customer can have in a campaign (INV-M2)."""
    return derived_id("membership", str(campaign_id), str(customer_id))


class Standing(StrEnum):
    """Whether a member is addressed."""

    TARGETED = "targeted"
    SUPPRESSED = "suppressed"
    HELD_OUT = "held_out"


class Step(IntEnum):
    """The ladder that a member climbs and never descends (INV-M2)."""

    TARGETED = 0
    SENT = 1
    DELIVERED = 2
    OPENED = 3
    CLICKED = 4
    RESPONDED = 5
    CONVERTED = 6


@attrs.frozen
class Unassigned:
    """The customer is no member of the campaign."""


@attrs.frozen
class Message:
    """A message and what became of it: how and when it came back, every time that was told."""

    sent: MessageSent
    delivered: bool = False
    opened: bool = False
    bounces: frozenset[tuple[BounceKind, datetime]] = frozenset()

    def bounced(self, kind: BounceKind) -> bool:
        """Whether it ever came back in that way."""
        return any(bounce is kind for bounce, _ in self.bounces)


@attrs.frozen
class Member:
    """A customer in a campaign.

    ``standing`` is what was decided last: by targeting them, holding a message back or sending
    one; ``assessed_at`` is when.  ``addressed`` says whether they ever were to be, ``reached``
    the steps that a counted fact has led to, ``held_back`` why messages were not sent.  A message
    asks for none of these but the control group and the lists of people to leave out.
    """

    standing: Standing
    role: Role
    list_name: str
    assessed_at: datetime
    addressed: bool
    customer_id: UUID
    suppressions: tuple[Suppression, ...] = ()
    reached: frozenset[Step] = frozenset()
    messages: Mapping[UUID, Message] = attrs.Factory(dict)
    clicks: Mapping[UUID, MessageClicked] = attrs.Factory(dict)
    responses: Mapping[UUID, ResponseRecorded] = attrs.Factory(dict)
    conversions: Mapping[UUID, ConversionRecorded] = attrs.Factory(dict)
    opt_outs: frozenset[tuple[OptOutKind, datetime]] = frozenset()
    held_back: Mapping[UUID, tuple[Suppression, ...]] = attrs.Factory(dict)

    @property
    def step(self) -> Step:
        """How far the member has come."""
        return max(self.reached, default=Step.TARGETED)

    def opted_out(self, at: datetime, agreed: Sequence[datetime] = ()) -> OptOutKind | None:
        """The weightiest way in which they said no, if none of the times they *agreed* undid it."""
        standing = {kind for kind, said_at in self.opt_outs if not undone(said_at, at, agreed)}
        return next((kind for kind in OptOutKind if kind in standing), None)

    def bounced(self, point_id: UUID | None, added_at: datetime | None = None) -> bool:
        """Whether a message to this contact point, on record since *added_at*, came back for good.

        Of a message of which it is not known where it went: to a contact point on record then.
        """
        return any(
            one.bounced(BounceKind.HARD)
            and (
                one.sent.point_id == point_id
                if one.sent.point_id is not None
                else added_at is None or added_at <= one.sent.at
            )
            for one in self.messages.values()
        )

    @property
    def exempt_lists(self) -> tuple[str, ...]:
        """The lists of people to leave out that they were on when last assessed."""
        return tuple(one.detail for one in self.suppressions if one.stage is Stage.EXEMPT)

    @property
    def marketing_sent(self) -> tuple[datetime, ...]:
        """When messages went out that a frequency cap counts."""
        return tuple(one.sent.at for one in self.messages.values() if not one.sent.transactional)


def undone(said_at: datetime, at: datetime, agreed: Sequence[datetime]) -> bool:
    """Whether a no was taken back up to *at*: at one instant, the no counts."""
    return any(said_at < yes <= at for yes in agreed)


Assessed = MemberTargeted | MemberSuppressed | MemberHeldOut
Fact = (
    MessageSent
    | MessageDelivered
    | MessageBounced
    | MessageOpened
    | MessageClicked
    | ResponseRecorded
    | ConversionRecorded
    | OptOutReceived
)
Event = Assessed | Fact
State = Unassigned | Member

_STANDINGS: Final[Mapping[type[Assessed], Standing]] = {
    MemberTargeted: Standing.TARGETED,
    MemberSuppressed: Standing.SUPPRESSED,
    MemberHeldOut: Standing.HELD_OUT,
}
_STEPS: Final[Mapping[type[Fact], Step]] = {
    MessageSent: Step.SENT,
    MessageDelivered: Step.DELIVERED,
    MessageOpened: Step.OPENED,
    MessageClicked: Step.CLICKED,
    ResponseRecorded: Step.RESPONDED,
    ConversionRecorded: Step.CONVERTED,
}


def evolve(state: State, event: Event) -> State:
    """The membership after one more event."""
    match event:
        case MemberTargeted() | MemberSuppressed() | MemberHeldOut():
            return _assessed(state, event)
        case _ if isinstance(state, Unassigned):
            return state
        case _:
            member = _with(state, event)
            step = _STEPS.get(type(event))
            if step is None or not event.counted:
                return member
            return attrs.evolve(member, reached=member.reached | {step})


def _assessed(state: State, event: Assessed) -> Member:
    standing = _STANDINGS[type(event)]
    if isinstance(state, Unassigned):
        state = Member(
            standing=standing,
            role=event.role,
            list_name=event.list_name,
            assessed_at=event.at,
            addressed=False,
            customer_id=event.customer_id,
        )
    if isinstance(event, MemberSuppressed) and event.message_id is not None:
        held_back = {**state.held_back, event.message_id: event.suppressions}
        state = attrs.evolve(state, held_back=held_back)
    return attrs.evolve(
        state,
        standing=standing,
        suppressions=event.suppressions if isinstance(event, MemberSuppressed) else (),
        assessed_at=event.at,
        addressed=state.addressed or standing is Standing.TARGETED,
    )


def _with(state: Member, event: Fact) -> Member:
    match event:
        case MessageSent():
            messages = {**state.messages, event.message_id: Message(event)}
            return attrs.evolve(
                state if event.transactional else _welcomed(state, event.at), messages=messages
            )
        case MessageDelivered():
            return _message(state, event.message_id, delivered=True)
        case MessageOpened():
            return _message(state, event.message_id, opened=True)
        case MessageBounced():
            bounces = state.messages[event.message_id].bounces | {(event.kind, event.at)}
            return _message(state, event.message_id, bounces=bounces)
        case MessageClicked():
            return attrs.evolve(state, clicks={**state.clicks, event.click_id: event})
        case ResponseRecorded():
            return attrs.evolve(state, responses={**state.responses, event.response_id: event})
        case ConversionRecorded():
            return attrs.evolve(
                state, conversions={**state.conversions, event.conversion_id: event}
            )
        case OptOutReceived():
            return attrs.evolve(state, opt_outs=state.opt_outs | {(event.kind, event.at)})
        case _:
            assert_never(event)


def _welcomed(state: Member, at: datetime) -> Member:
    """Whoever was suppressed and is sent a message is addressed after all."""
    return attrs.evolve(
        state,
        standing=Standing.TARGETED,
        suppressions=(),
        assessed_at=max(state.assessed_at, at),
        addressed=True,
    )


def _message(state: Member, message_id: UUID, **changes: object) -> Member:
    message = attrs.evolve(state.messages[message_id], **changes)  # type: ignore[arg-type]  # of several types
    return attrs.evolve(state, messages={**state.messages, message_id: message})


def customer_of(state: State) -> UUID | None:
    """Whom the membership is about."""
    return state.customer_id if isinstance(state, Member) else None


def _earliest(state: State, event: Event, began_at: datetime) -> datetime | None:
    """No message precedes the targeting, and nothing about a message the message itself.

    What customers do of their own accord may be older than their membership.
    """
    message_id = getattr(event, "message_id", None)
    message = state.messages.get(message_id) if isinstance(state, Member) and message_id else None
    if message is not None:
        return message.sent.at
    if isinstance(event, ResponseRecorded | ConversionRecorded | OptOutReceived):
        return None
    return began_at


AGGREGATE: Final = Aggregate[State, Event](
    kind="membership",
    initial=Unassigned(),
    evolve=evolve,
    events=(
        MemberTargeted,
        MemberSuppressed,
        MemberHeldOut,
        MessageSent,
        MessageDelivered,
        MessageBounced,
        MessageOpened,
        MessageClicked,
        ResponseRecorded,
        ConversionRecorded,
        OptOutReceived,
    ),
    subject=customer_of,
    earliest=_earliest,
)
