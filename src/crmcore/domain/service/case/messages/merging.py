"""A case that goes on in another one."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from crmcore.domain.kernel import command, event
from crmcore.domain.service.terms import Remark

__all__ = [
    "CaseAbsorbed",
    "CaseMerged",
    "CaseQuestionInherited",
    "MergeCase",
]

# Commands


@command
class MergeCase:
    """Go on with this case in another one; across customers only if *forced*."""

    TOPIC: ClassVar[str] = "merge-case"
    case_id: UUID
    into_case_id: UUID
    forced: bool = False
    reason: Remark | None = None
    at: datetime


# Events


@event
class CaseMerged:
    """The case ended; the work on it goes on in another."""

    TOPIC: ClassVar[str] = "case-merged"
    SENTENCE: ClassVar[str] = "case merged into {into_case_id:numbered}[: {reason}]"
    case_id: UUID
    into_case_id: UUID
    forced: bool
    reason: Remark | None
    at: datetime


@event
class CaseAbsorbed:
    """Another case was merged into this one."""

    TOPIC: ClassVar[str] = "case-absorbed"
    SENTENCE: ClassVar[str] = "case {source_case_id:numbered} was merged into this one"
    case_id: UUID
    source_case_id: UUID
    at: datetime


@event
class CaseQuestionInherited:
    """The customer of a case that was merged into this one waits for an answer, since ``asked_at``.

    Recorded again where something that came in late changes it; None: they do not wait.
    """

    TOPIC: ClassVar[str] = "case-question-inherited"
    SENTENCE: ClassVar[str] = "question of the merged case[, unanswered since {asked_at}]"
    case_id: UUID
    source_case_id: UUID
    asked_at: datetime | None
    at: datetime


MergingCommand = MergeCase
MergingEvent = CaseMerged | CaseAbsorbed | CaseQuestionInherited
