"""The lifecycle: how far a customer has come, from subscriber to evangelist.

A part of the customer's stream, read from top to bottom: events, commands, ``decide``.
Automation only moves forward; a person may correct it backward and says why.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, assert_never
from uuid import UUID

from crmcore.domain.kernel import Length, NotAllowedError, Personal, command, event

__all__ = [
    "AdvanceLifecycle",
    "CorrectLifecycle",
    "LifecycleCommand",
    "LifecycleEvent",
    "LifecycleForwardError",
    "LifecycleStage",
    "LifecycleStageAdvanced",
    "LifecycleStageCorrected",
    "decide",
    "is_later",
]


class LifecycleStage(StrEnum):
    """The stages in their order; ``other`` comes last, so that automation never leaves it."""

    SUBSCRIBER = "subscriber"
    LEAD = "lead"
    MQL = "mql"
    SQL = "sql"
    OPPORTUNITY = "opportunity"
    CUSTOMER = "customer"
    EVANGELIST = "evangelist"
    OTHER = "other"


_RANK = {stage: rank for rank, stage in enumerate(LifecycleStage)}


class LifecycleForwardError(NotAllowedError):
    """A correction would move the customer forward."""


@event
class LifecycleStageAdvanced:
    """The customer came further."""

    TOPIC: ClassVar[str] = "lifecycle-stage-advanced"
    customer_id: UUID
    stage: LifecycleStage
    at: datetime


@event
class LifecycleStageCorrected:
    """The customer had not come that far: somebody put it right."""

    TOPIC: ClassVar[str] = "lifecycle-stage-corrected"
    customer_id: UUID
    stage: LifecycleStage
    reason: Annotated[str, Personal()]
    at: datetime


@command
class AdvanceLifecycle:
    """Move the customer forward to a stage; a stage that is not later changes nothing."""

    TOPIC: ClassVar[str] = "advance-lifecycle"
    customer_id: UUID
    stage: LifecycleStage
    at: datetime


@command
class CorrectLifecycle:
    """Move the customer back to an earlier stage, and say why."""

    TOPIC: ClassVar[str] = "correct-lifecycle"
    customer_id: UUID
    stage: LifecycleStage
    reason: Annotated[str, Length(1_000), Personal()]
    at: datetime


LifecycleEvent = LifecycleStageAdvanced | LifecycleStageCorrected
LifecycleCommand = AdvanceLifecycle | CorrectLifecycle


def is_later(stage: LifecycleStage, than: LifecycleStage | None) -> bool:
    """Whether *stage* comes after *than*; every stage comes after none."""
    return than is None or _RANK[stage] > _RANK[than]


def decide(command: LifecycleCommand, stage: LifecycleStage | None) -> Sequence[LifecycleEvent]:
    """What *command* changes for a customer at *stage*."""
    match command:
        case AdvanceLifecycle():
            if not is_later(command.stage, stage):
                return []
            return [
                LifecycleStageAdvanced(
                    customer_id=command.customer_id, stage=command.stage, at=command.at
                )
            ]
        case CorrectLifecycle():
            if command.stage is stage:
                return []
            if is_later(command.stage, stage):
                raise LifecycleForwardError(
                    f"a correction goes back from {stage or 'no stage'}, and {command.stage} is "
                    f"forward: {AdvanceLifecycle.TOPIC} does that"
                )
            return [
                LifecycleStageCorrected(
                    customer_id=command.customer_id,
                    stage=command.stage,
                    reason=command.reason,
                    at=command.at,
                )
            ]
        case _:
            assert_never(command)
