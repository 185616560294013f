"""What a lead does and what it is worth in points: commands and events."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import Between, Length, command, event

__all__ = ["AdjustLeadScore", "LeadActivityScored", "LeadScoreAdjusted", "RecordLeadActivity"]


@command
class RecordLeadActivity:
    """Record what the lead did; the scoring model says how many points that is worth.

    The same activity at the same instant is the same fact.
    """

    TOPIC: ClassVar[str] = "record-lead-activity"
    lead_id: UUID
    activity: Annotated[str, Length(100)]
    at: datetime


@command
class AdjustLeadScore:
    """Give or take points by hand, with a reason."""

    TOPIC: ClassVar[str] = "adjust-lead-score"
    lead_id: UUID
    points: Annotated[int, Between(-1_000, 1_000)]
    reason: Annotated[str, Length(500)]
    at: datetime


@event
class LeadActivityScored:
    """The lead did something that tells how interested it is; the points are the model's."""

    TOPIC: ClassVar[str] = "lead-activity-scored"
    SENTENCE: ClassVar[str] = "{activity:words}: {points} points of interest"
    lead_id: UUID
    activity: str
    group: str
    points: int
    model_version: str
    at: datetime


@event
class LeadScoreAdjusted:
    """Someone gave or took points by hand; they do not fade."""

    TOPIC: ClassVar[str] = "lead-score-adjusted"
    SENTENCE: ClassVar[str] = "score changed by {points} points: {reason}"
    lead_id: UUID
    points: int
    reason: str
    at: datetime


ScoringCommand = RecordLeadActivity | AdjustLeadScore
ScoringEvent = LeadActivityScored | LeadScoreAdjusted
