"""What can happen to an opportunity: topics and fields are the stored format.

Probabilities are whole percents.  A stage event stores the probability and the forecast
category that applied, so that a pipeline may change later.
"""

from datetime import date, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import Length, Money, Personal, event
from crmcore.domain.sales.pipeline import ForecastCategory

__all__ = [
    "OpportunityAmountRevised",
    "OpportunityLost",
    "OpportunityOpened",
    "OpportunityProbabilityOverridden",
    "OpportunityProbabilityReset",
    "OpportunityReopened",
    "OpportunityStageEntered",
    "OpportunityWon",
]


@event
class OpportunityOpened:
    """A deal came into sight; ``overridden`` when the seller set the probability by hand."""

    TOPIC: ClassVar[str] = "opportunity-opened"
    opportunity_id: UUID
    customer_id: UUID
    name: Annotated[str, Length(300), Personal()]
    amount: Money | None
    pipeline: str
    stage: str
    probability: int
    overridden: bool
    forecast: ForecastCategory
    expected_close: date | None
    lead_id: UUID | None
    campaign_id: UUID | None
    at: datetime


@event
class OpportunityStageEntered:
    """The deal moved on (or back) to another open stage."""

    TOPIC: ClassVar[str] = "opportunity-stage-entered"
    opportunity_id: UUID
    left: str
    entered: str
    probability: int
    overridden: bool
    forecast: ForecastCategory
    at: datetime


@event
class OpportunityProbabilityOverridden:
    """The seller set the probability by hand; it stays over changes of stage until it is reset."""

    TOPIC: ClassVar[str] = "opportunity-probability-overridden"
    opportunity_id: UUID
    probability: int
    at: datetime


@event
class OpportunityProbabilityReset:
    """The probability follows the stage again."""

    TOPIC: ClassVar[str] = "opportunity-probability-reset"
    opportunity_id: UUID
    probability: int
    at: datetime


@event
class OpportunityAmountRevised:
    """The deal is expected to be worth more or less than before; None is not known."""

    TOPIC: ClassVar[str] = "opportunity-amount-revised"
    opportunity_id: UUID
    previous: Money | None
    amount: Money | None
    at: datetime


@event
class OpportunityWon:
    """The customer agreed: the probability is 100 % from here on."""

    TOPIC: ClassVar[str] = "opportunity-won"
    opportunity_id: UUID
    customer_id: UUID
    campaign_id: UUID | None
    last_open_stage: str
    amount: Money | None
    cycle: int
    at: datetime


@event
class OpportunityLost:
    """The deal will not happen: the probability is 0 % from here on."""

    TOPIC: ClassVar[str] = "opportunity-lost"
    opportunity_id: UUID
    customer_id: UUID
    campaign_id: UUID | None
    reason: str
    competitor: str | None
    last_open_stage: str
    amount: Money | None
    cycle: int
    at: datetime


@event
class OpportunityReopened:
    """A closed deal is worked on again, in a new cycle and with its stage's own probability."""

    TOPIC: ClassVar[str] = "opportunity-reopened"
    opportunity_id: UUID
    reason: str
    cycle: int
    stage: str
    probability: int
    forecast: ForecastCategory
    at: datetime
