"""What can be asked of an opportunity and what can happen to it.

Topics and fields are the stored format; every field of a command is checked as it comes in.
Probabilities are whole percents; one given by hand is from 0 to 99: only a win is certain.  A
stage event stores the probability and the forecast category that applied, so that a pipeline may
change later.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import Between, Length, Money, Personal, command, event

__all__ = [
    "AdvanceOpportunity",
    "ForecastCategory",
    "LoseOpportunity",
    "OpenOpportunity",
    "OpportunityAmountRevised",
    "OpportunityLost",
    "OpportunityOpened",
    "OpportunityProbabilityOverridden",
    "OpportunityProbabilityReset",
    "OpportunityReopened",
    "OpportunityStageEntered",
    "OpportunityWon",
    "OverrideOpportunityProbability",
    "ReopenOpportunity",
    "ResetOpportunityProbability",
    "ReviseOpportunityAmount",
    "WinOpportunity",
]


class ForecastCategory(StrEnum):
    """How a deal counts in a forecast; omitted ones do not count at all."""

    OMITTED = "omitted"
    PIPELINE = "pipeline"
    BEST_CASE = "best-case"
    COMMIT = "commit"
    CLOSED = "closed"


Key = Annotated[str, Length(60)]
Chance = Annotated[int, Between(0, 99)]
Reason = Annotated[str, Length(200)]  # from the company's list; it names no person


@command
class OpenOpportunity:
    """Begin a deal, in the named stage or the first open one of its pipeline.

    ``probability`` overrides that of the stage.  A deal that is already decided is opened
    and then won or lost.
    """

    TOPIC: ClassVar[str] = "open-opportunity"
    opportunity_id: UUID
    customer_id: UUID
    name: Annotated[str, Length(300), Personal()]
    amount: Money | None = None
    pipeline: Key = "sales"
    stage: Key | None = None
    probability: Chance | None = None
    expected_close: date | None = None
    lead_id: UUID | None = None
    campaign_id: UUID | None = None
    at: datetime


@command
class AdvanceOpportunity:
    """Move the deal to any open stage; ``probability`` overrides that of the stage."""

    TOPIC: ClassVar[str] = "advance-opportunity"
    opportunity_id: UUID
    stage: Key
    probability: Chance | None = None
    at: datetime


@command
class OverrideOpportunityProbability:
    """Set the probability by hand; it stays over changes of stage until it is reset."""

    TOPIC: ClassVar[str] = "override-opportunity-probability"
    opportunity_id: UUID
    probability: Chance
    at: datetime


@command
class ResetOpportunityProbability:
    """Let the probability follow the stage again."""

    TOPIC: ClassVar[str] = "reset-opportunity-probability"
    opportunity_id: UUID
    at: datetime


@command
class ReviseOpportunityAmount:
    """Say what the deal is now expected to be worth; no amount if it is not known."""

    TOPIC: ClassVar[str] = "revise-opportunity-amount"
    opportunity_id: UUID
    amount: Money | None
    at: datetime


@command
class WinOpportunity:
    """Close the deal: the customer agreed."""

    TOPIC: ClassVar[str] = "win-opportunity"
    opportunity_id: UUID
    at: datetime


@command
class LoseOpportunity:
    """Close the deal: it will not happen, for this reason."""

    TOPIC: ClassVar[str] = "lose-opportunity"
    opportunity_id: UUID
    reason: Reason
    competitor: Annotated[str, Length(200)] | None = None
    at: datetime


@command
class ReopenOpportunity:
    """Work on a closed deal again, in the named stage or the one that it was closed in."""

    TOPIC: ClassVar[str] = "reopen-opportunity"
    opportunity_id: UUID
    reason: Reason
    stage: Key | None = None
    at: datetime


@event
class OpportunityOpened:
    """A deal came into sight; ``overridden`` when the seller set the probability by hand."""

    TOPIC: ClassVar[str] = "opportunity-opened"
    SENTENCE: ClassVar[str] = (
        "deal in sight: {name}[, worth {amount}], {probability} % likely ({stage:words})"
    )
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
    SENTENCE: ClassVar[str] = (
        "deal went from {left:words} to {entered:words}, {probability} % likely"
    )
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
    SENTENCE: ClassVar[str] = "deal rated {probability} % likely by hand"
    opportunity_id: UUID
    probability: int
    at: datetime


@event
class OpportunityProbabilityReset:
    """The probability follows the stage again."""

    TOPIC: ClassVar[str] = "opportunity-probability-reset"
    SENTENCE: ClassVar[str] = "deal rated by its stage again: {probability} %"
    opportunity_id: UUID
    probability: int
    at: datetime


@event
class OpportunityAmountRevised:
    """The deal is expected to be worth more or less than before; None is not known."""

    TOPIC: ClassVar[str] = "opportunity-amount-revised"
    SENTENCE: ClassVar[str] = "deal revised[ from {previous}][ to {amount}]"
    opportunity_id: UUID
    previous: Money | None
    amount: Money | None
    at: datetime


@event
class OpportunityWon:
    """The customer agreed: the probability is 100 % from here on."""

    TOPIC: ClassVar[str] = "opportunity-won"
    SENTENCE: ClassVar[str] = "deal won[, worth {amount}]"
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
    SENTENCE: ClassVar[str] = "deal lost[, worth {amount}]: {reason:words}[ (to {competitor})]"
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
    SENTENCE: ClassVar[str] = "deal taken up again: {reason}"
    opportunity_id: UUID
    reason: str
    cycle: int
    stage: str
    probability: int
    forecast: ForecastCategory
    at: datetime
