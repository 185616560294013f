"""A membership: one customer in one campaign, how far they came and what came of it.

Read from top to bottom: state, ``evolve``.  Its events are in ``membership_events``; who is
addressed is decided in ``addressing``, what comes back in ``results``.
"""

from collections.abc import Mapping
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
    """A message and what became of it."""

    sent: MessageSent
    delivered: bool = False
    opened: bool = False
    bounces: frozenset[BounceKind] = frozenset()


@attrs.frozen
class Member:
    """A customer in a campaign.

    ``assessed_at`` is when it was last decided whether to address them, ``addressed`` whether
    they ever were to be, ``reached`` the steps that a counted fact has led to.
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
    opt_outs: frozenset[OptOutKind] = frozenset()

    @property
    def step(self) -> Step:
        """How far the member has come."""
        return max(self.reached, default=Step.TARGETED)

    @property
    def opted_out(self) -> OptOutKind | None:
        """The weightiest way in which they said no."""
        return next((kind for kind in OptOutKind if kind in self.opt_outs), None)

    @property
    def bounced(self) -> bool:
        """Whether a message came back for good."""
        return any(BounceKind.HARD in one.bounces for one in self.messages.values())

    @property
    def exempt_lists(self) -> tuple[str, ...]:
        """The lists of people to leave out that they were on when last assessed."""
        return tuple(one.detail for one in self.suppressions if one.stage is Stage.EXEMPT)

    @property
    def marketing_sent(self) -> tuple[datetime, ...]:
        """When messages went out that a frequency cap counts."""
        return tuple(one.sent.at for one in self.messages.values() if not one.sent.transactional)


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
            return attrs.evolve(
                state, messages={**state.messages, event.message_id: Message(event)}
            )
        case MessageDelivered():
            return _message(state, event.message_id, delivered=True)
        case MessageOpened():
            return _message(state, event.message_id, opened=True)
        case MessageBounced():
            bounces = state.messages[event.message_id].bounces | {event.kind}
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
            return attrs.evolve(state, opt_outs=state.opt_outs | {event.kind})
        case _:
            assert_never(event)


def _message(state: Member, message_id: UUID, **changes: object) -> Member:
    message = attrs.evolve(state.messages[message_id], **changes)  # type: ignore[arg-type]  # of several types
    return attrs.evolve(state, messages={**state.messages, message_id: message})


def customer_of(state: State) -> UUID | None:
    """Whom the membership is about."""
    return state.customer_id if isinstance(state, Member) else None


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
)
