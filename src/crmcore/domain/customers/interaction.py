"""An interaction: a call, a message, a visit; a stream of its own for each.

One decider, read from top to bottom: events, commands, state, ``evolve``, ``decide``.
What was recorded is never rewritten: a correction is a further entry that supersedes it.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Final, assert_never, get_args
from uuid import UUID

import attrs

from crmcore.domain.kernel import (
    Aggregate,
    AlreadyExistsError,
    Channel,
    Length,
    NotFoundError,
    Personal,
    command,
    event,
)
from crmcore.domain.kernel.frozen import frozen

__all__ = [
    "CorrectInteraction",
    "Direction",
    "InteractionCorrected",
    "InteractionRecorded",
    "RecordInteraction",
]


class Direction(StrEnum):
    """Who began: the customer (inbound) or the company (outbound)."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


@event
class InteractionRecorded:
    """The customer and the company were in touch."""

    TOPIC: ClassVar[str] = "interaction-recorded"
    SENTENCE: ClassVar[str] = (
        "{direction:words} contact by {channel:words}: {summary}[ ({department})]"
    )
    interaction_id: UUID
    customer_id: UUID
    channel: Channel
    direction: Direction
    summary: Annotated[str, Personal()]
    department: str | None
    case_id: UUID | None
    lead_id: UUID | None
    opportunity_id: UUID | None
    at: datetime


@event
class InteractionCorrected:
    """This summary supersedes the one before."""

    TOPIC: ClassVar[str] = "interaction-corrected"
    SENTENCE: ClassVar[str] = "contact put right: {summary}[ ({reason})]"
    interaction_id: UUID
    customer_id: UUID
    summary: Annotated[str, Personal()]
    reason: Annotated[str, Personal()] | None
    at: datetime


@command
class RecordInteraction:
    """Note that a customer and the company were in touch, and what else it belongs to."""

    TOPIC: ClassVar[str] = "record-interaction"
    interaction_id: UUID
    customer_id: UUID
    channel: Channel
    direction: Direction
    summary: Annotated[str, Length(20_000), Personal()]
    at: datetime
    department: Annotated[str, Length(100)] | None = None
    case_id: UUID | None = None
    lead_id: UUID | None = None
    opportunity_id: UUID | None = None


@command
class CorrectInteraction:
    """Supersede the summary of an interaction; the former one stays in the history."""

    TOPIC: ClassVar[str] = "correct-interaction"
    interaction_id: UUID
    summary: Annotated[str, Length(20_000), Personal()]
    at: datetime
    reason: Annotated[str, Length(1_000), Personal()] | None = None


@frozen
class Unrecorded:
    """Nothing happened yet."""


@frozen
class Recorded:
    """An interaction as first recorded, and its summary as it stands."""

    first: InteractionRecorded
    summary: str


Event = InteractionRecorded | InteractionCorrected
Command = RecordInteraction | CorrectInteraction
State = Unrecorded | Recorded


def evolve(state: State, event: Event) -> State:
    """The state after *event*."""
    match event:
        case InteractionRecorded():
            return Recorded(event, event.summary)
        case InteractionCorrected():
            if isinstance(state, Unrecorded):
                return state
            return attrs.evolve(state, summary=event.summary)
        case _:
            assert_never(event)


def decide(command: Command, state: State) -> Sequence[Event]:
    """What *command* changes; refused where the interaction is unknown, or known as another one."""
    match command:
        case RecordInteraction():
            event = _recording(command)
            if isinstance(state, Unrecorded):
                return [event]
            if event != state.first:
                raise AlreadyExistsError(
                    "interaction",
                    command.interaction_id,
                    "correct it, or take a new id",
                    at=state.first.at,
                )
            return []
        case CorrectInteraction():
            if isinstance(state, Unrecorded):
                raise NotFoundError("interaction", command.interaction_id)
            if command.summary == state.summary:
                return []
            return [
                InteractionCorrected(
                    interaction_id=command.interaction_id,
                    customer_id=state.first.customer_id,
                    summary=command.summary,
                    reason=command.reason,
                    at=command.at,
                )
            ]
        case _:
            assert_never(command)


def _recording(command: RecordInteraction) -> InteractionRecorded:
    return InteractionRecorded(
        interaction_id=command.interaction_id,
        customer_id=command.customer_id,
        channel=command.channel,
        direction=command.direction,
        summary=command.summary,
        department=command.department,
        case_id=command.case_id,
        lead_id=command.lead_id,
        opportunity_id=command.opportunity_id,
        at=command.at,
    )


def subject(state: State) -> UUID | None:
    """The customer who was in touch."""
    return state.first.customer_id if isinstance(state, Recorded) else None


AGGREGATE: Final = Aggregate[State, Event](
    kind="interaction",
    initial=Unrecorded(),
    evolve=evolve,
    events=get_args(Event),
    subject=subject,
    commands=get_args(Command),
    decide=decide,
    stream_id=lambda command: command.interaction_id,
)
