"""A sales pipeline: the stages that a deal passes, and what each says about its chances.

A pipeline is configuration.  Events store the figures that were in force, so changing a
pipeline never rewrites what a deal was worth before.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

from crmcore.domain.kernel import Between, InvalidValueError, Length, NotFoundError, value
from crmcore.domain.sales.opportunity.messages import ForecastCategory, Key


class StageKind(StrEnum):
    """Whether a deal in this stage is still being worked on."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


@value
class Stage:
    """One step of a pipeline; *probability* is the chance to win, in percent, by default."""

    key: Key
    name: Annotated[str, Length(100)]
    probability: Annotated[int, Between(0, 100)]
    kind: StageKind = StageKind.OPEN
    forecast: ForecastCategory = ForecastCategory.PIPELINE


@value
class Pipeline:
    """Stages in their order: at least one open, exactly one won (100 %) and one lost (0 %)."""

    key: Key
    name: Annotated[str, Length(100)]
    stages: tuple[Stage, ...]

    def __attrs_post_init__(self) -> None:
        kinds = [stage.kind for stage in self.stages]
        if len({stage.key for stage in self.stages}) < len(self.stages):
            raise InvalidValueError("stages", self.key, "stages with keys of their own")
        if (
            not self.open_stages
            or kinds.count(StageKind.WON) != 1
            or kinds.count(StageKind.LOST) != 1
        ):
            raise InvalidValueError("stages", self.key, "open stages, one won and one lost stage")
        for stage in self.stages:
            certain = {StageKind.WON: 100, StageKind.LOST: 0}.get(stage.kind, stage.probability)
            if stage.probability != certain:
                raise InvalidValueError(
                    "probability", stage.probability, f"{certain} for {stage.key}"
                )

    @property
    def open_stages(self) -> tuple[Stage, ...]:
        """The stages of deals that are being worked on, in their order."""
        return tuple(stage for stage in self.stages if stage.kind is StageKind.OPEN)

    def stage(self, key: str) -> Stage:
        """The stage called *key*; ``NotFoundError`` names the ones there are."""
        for stage in self.stages:
            if stage.key == key:
                return stage
        known = ", ".join(stage.key for stage in self.stages)
        raise NotFoundError("stage", key, f"pipeline {self.key} has: {known}")


DEFAULT_PIPELINE: Final = Pipeline(
    key="sales",
    name="Sales",
    stages=(
        Stage(key="qualification", name="Qualification", probability=10),
        Stage(key="discovery", name="Discovery", probability=25),
        Stage(
            key="proposal",
            name="Proposal",
            probability=50,
            forecast=ForecastCategory.BEST_CASE,
        ),
        Stage(
            key="negotiation",
            name="Negotiation",
            probability=75,
            forecast=ForecastCategory.COMMIT,
        ),
        Stage(
            key="won",
            name="Won",
            probability=100,
            kind=StageKind.WON,
            forecast=ForecastCategory.CLOSED,
        ),
        Stage(
            key="lost",
            name="Lost",
            probability=0,
            kind=StageKind.LOST,
            forecast=ForecastCategory.OMITTED,
        ),
    ),
)


PIPELINES: Final[Mapping[str, Pipeline]] = {DEFAULT_PIPELINE.key: DEFAULT_PIPELINE}
