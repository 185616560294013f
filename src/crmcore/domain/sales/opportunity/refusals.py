"""Why something cannot be done with an opportunity, and the checks that say so."""

from collections.abc import Mapping
from datetime import datetime

from crmcore.domain.kernel import InvalidValueError, Money, NotAllowedError, NotFoundError
from crmcore.domain.sales.opportunity.pipeline import Pipeline, Stage, StageKind

Pipelines = Mapping[str, Pipeline]


class OpportunityClosedError(NotAllowedError):
    """The deal is won or lost: reopen it before it is changed (INV-O2)."""


class ClosingStageError(NotAllowedError):
    """A deal comes to a won or lost stage by being won or lost, which takes a reason (EC-O3)."""


class TooEarlyError(NotAllowedError):
    """The change is dated before the one that it follows."""


def require_pipeline(key: str, pipelines: Pipelines) -> Pipeline:
    """The pipeline called *key*; ``NotFoundError`` names the ones there are."""
    if key not in pipelines:
        raise NotFoundError("pipeline", key, f"there are: {', '.join(pipelines)}")
    return pipelines[key]


def require_open_stage(pipeline: Pipeline, key: str) -> Stage:
    """The stage called *key*; refuses one that closes a deal."""
    stage = pipeline.stage(key)
    if stage.kind is not StageKind.OPEN:
        ways = ", ".join(stage.key for stage in pipeline.open_stages)
        raise ClosingStageError(
            f"stage {key} closes a deal: use win-opportunity, or lose-opportunity with a reason"
            f" (open stages: {ways})"
        )
    return stage


def require_not_before(earliest: datetime, at: datetime, what: str) -> None:
    """Refuse what is dated before *what* it follows."""
    if at < earliest:
        raise TooEarlyError(f"at: {what} at {earliest.isoformat()}, got {at.isoformat()} before it")


def require_not_negative(amount: Money | None) -> None:
    """Refuse a deal that is worth less than nothing."""
    if amount is not None and amount.amount < 0:
        raise InvalidValueError("amount", str(amount), "0 or more")
