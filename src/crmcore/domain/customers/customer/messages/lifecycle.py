"""The lifecycle: how far a customer has come, from subscriber to evangelist.

Automation only moves forward; a person may correct it backward and says why.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import (
    Length,
    Personal,
    command,
    event,
)

__all__ = [
    "AdvanceLifecycle",
    "CorrectLifecycle",
    "LifecycleStage",
    "LifecycleStageAdvanced",
    "LifecycleStageCorrected",
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


# Events


@event
class LifecycleStageAdvanced:
    """The customer came further."""

    TOPIC: ClassVar[str] = "lifecycle-stage-advanced"
    SENTENCE: ClassVar[str] = "advanced to {stage:words}"
    customer_id: UUID
    stage: LifecycleStage
    at: datetime


@event
class LifecycleStageCorrected:
    """The customer had not come that far: somebody put it right."""

    TOPIC: ClassVar[str] = "lifecycle-stage-corrected"
    SENTENCE: ClassVar[str] = "stage put right to {stage:words}: {reason}"
    customer_id: UUID
    stage: LifecycleStage
    reason: Annotated[str, Personal()]
    at: datetime


# Commands


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
