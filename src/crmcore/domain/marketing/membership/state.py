"""The state of a membership: how its events are folded, and what must come before what."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import assert_never
from uuid import UUID

import attrs

from crmcore.domain.kernel import (
    derived_id,
)
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.marketing.membership.messages.addressing import (
    AddressingCommand,
    AddressingEvent,
    Assessed,
    MemberHeldOut,
    MemberSuppressed,
    MemberTargeted,
    MessageSent,
)
from crmcore.domain.marketing.membership.messages.results import (
    BounceKind,
    ConversionRecorded,
    MessageBounced,
    MessageClicked,
    MessageDelivered,
    MessageOpened,
    OptOutKind,
    OptOutReceived,
    ResponseRecorded,
    ResultCommand,
    ResultEvent,
)
from crmcore.domain.marketing.suppression import Stage, Suppression
from crmcore.domain.marketing.terms import Role


def membership_id(campaign_id: UUID, customer_id: UUID) -> UUID:
    """The one membership that a customer can have in a campaign (INV-M2)."""
    return derived_id("membership", str(campaign_id), str(customer_id))


class MemberStatus(StrEnum):
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


@frozen
class Unassigned:
    """The customer is no member of the campaign."""


@frozen
class Message:
    """A message and what became of it: how and when it came back, every time that was recorded."""

    sent: MessageSent
    delivered: bool = False
    opened: bool = False
    bounces: frozenset[tuple[BounceKind, datetime]] = frozenset()

    def has_bounced(self, kind: BounceKind) -> bool:
        """Whether it ever came back in that way."""
        return any(bounce is kind for bounce, _ in self.bounces)


@frozen
class Member:
    """A customer in a campaign.

    ``status`` is what was decided last: by targeting them, holding a message back or sending
    one; ``assessed_at`` is when.  ``addressed`` says whether they ever were to be, ``reached``
    the steps that a counted fact has led to, ``held_back`` why messages were not sent.  A message
    asks for none of these but the control group and the lists of people to leave out.
    """

    status: MemberStatus
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

    def opt_out_in_force(self, at: datetime, agreed: Sequence[datetime] = ()) -> OptOutKind | None:
        """The weightiest way in which they said no, if none of the times they *agreed* undid it."""
        in_force = {kind for kind, said_at in self.opt_outs if not is_undone(said_at, at, agreed)}
        return next((kind for kind in OptOutKind if kind in in_force), None)

    def has_bounced(self, point_id: UUID | None, added_at: datetime | None = None) -> bool:
        """Whether a message to this contact point, on record since *added_at*, came back for good.

        Of a message of which it is not known where it went: to a contact point on record then.
        """
        return any(
            one.has_bounced(BounceKind.HARD)
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


def is_undone(said_at: datetime, at: datetime, agreed: Sequence[datetime]) -> bool:
    """Whether a no was taken back up to *at*: at one instant, the no counts."""
    return any(said_at < yes <= at for yes in agreed)


Event = AddressingEvent | ResultEvent
Command = AddressingCommand | ResultCommand
State = Unassigned | Member


def evolve(state: State, event: Event) -> State:
    """The membership after one more event; only an assessment makes a member."""
    if isinstance(state, Unassigned):
        return _assessed(_newcomer(event), event) if isinstance(event, Assessed) else state
    match event:
        case MemberTargeted() | MemberSuppressed() | MemberHeldOut():
            return _assessed(state, event)
        case MessageSent():
            messages = {**state.messages, event.message_id: Message(event)}
            state = attrs.evolve(state, messages=messages)
            if not event.transactional:
                state = _readmitted(state, event.at)
            return _reached(state, Step.SENT, event.counted)
        case MessageDelivered():
            state = _message(state, event.message_id, delivered=True)
            return _reached(state, Step.DELIVERED, event.counted)
        case MessageOpened():
            state = _message(state, event.message_id, opened=True)
            return _reached(state, Step.OPENED, event.counted)
        case MessageBounced():
            bounces = state.messages[event.message_id].bounces | {(event.kind, event.at)}
            return _message(state, event.message_id, bounces=bounces)
        case MessageClicked():
            state = attrs.evolve(state, clicks={**state.clicks, event.click_id: event})
            return _reached(state, Step.CLICKED, event.counted)
        case ResponseRecorded():
            responses = {**state.responses, event.response_id: event}
            state = attrs.evolve(state, responses=responses)
            return _reached(state, Step.RESPONDED, event.counted)
        case ConversionRecorded():
            conversions = {**state.conversions, event.conversion_id: event}
            state = attrs.evolve(state, conversions=conversions)
            return _reached(state, Step.CONVERTED, event.counted)
        case OptOutReceived():
            return attrs.evolve(state, opt_outs=state.opt_outs | {(event.kind, event.at)})
        case _:
            assert_never(event)


def _newcomer(event: Assessed) -> Member:
    return Member(
        status=status_after(event),
        role=event.role,
        list_name=event.list_name,
        assessed_at=event.at,
        addressed=False,
        customer_id=event.customer_id,
    )


def _assessed(state: Member, event: Assessed) -> Member:
    status = status_after(event)
    if isinstance(event, MemberSuppressed) and event.message_id is not None:
        held_back = {**state.held_back, event.message_id: event.suppressions}
        state = attrs.evolve(state, held_back=held_back)
    return attrs.evolve(
        state,
        status=status,
        suppressions=event.suppressions if isinstance(event, MemberSuppressed) else (),
        assessed_at=event.at,
        addressed=state.addressed or status is MemberStatus.TARGETED,
    )


def status_after(event: Assessed) -> MemberStatus:
    """The status of a member about whom this was decided last."""
    match event:
        case MemberTargeted():
            return MemberStatus.TARGETED
        case MemberSuppressed():
            return MemberStatus.SUPPRESSED
        case MemberHeldOut():
            return MemberStatus.HELD_OUT
        case _:
            assert_never(event)


def _reached(state: Member, step: Step, counted: bool) -> Member:
    return attrs.evolve(state, reached=state.reached | {step}) if counted else state


def _readmitted(state: Member, at: datetime) -> Member:
    """Whoever was suppressed and is sent a message is addressed after all."""
    return attrs.evolve(
        state,
        status=MemberStatus.TARGETED,
        suppressions=(),
        assessed_at=max(state.assessed_at, at),
        addressed=True,
    )


def _message(state: Member, message_id: UUID, **changes: object) -> Member:
    message = attrs.evolve(state.messages[message_id], **changes)  # type: ignore[arg-type]  # of several types
    return attrs.evolve(state, messages={**state.messages, message_id: message})


def subject(state: State) -> UUID | None:
    """Whom the membership is about."""
    return state.customer_id if isinstance(state, Member) else None


def earliest(state: State, event: Event, began_at: datetime) -> datetime | None:
    """No message precedes the targeting, and nothing about a message the message itself.

    What customers do of their own accord may be older than their membership.
    """
    match event:
        case MemberTargeted() | MemberHeldOut():
            return began_at
        case (
            MemberSuppressed(message_id=message_id)
            | MessageSent(message_id=message_id)
            | MessageDelivered(message_id=message_id)
            | MessageBounced(message_id=message_id)
            | MessageOpened(message_id=message_id)
            | MessageClicked(message_id=message_id)
        ):
            return _sent_at(state, message_id) or began_at
        case OptOutReceived(message_id=message_id):
            return _sent_at(state, message_id)
        case ResponseRecorded() | ConversionRecorded():
            return None
        case _:
            assert_never(event)


def _sent_at(state: State, message_id: UUID | None) -> datetime | None:
    if isinstance(state, Unassigned) or message_id is None:
        return None
    message = state.messages.get(message_id)
    return None if message is None else message.sent.at
