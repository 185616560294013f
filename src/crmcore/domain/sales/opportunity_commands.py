"""What can be asked of an opportunity; every field is checked as it comes in.

A probability given by hand is a whole percent from 0 to 99: only a win is certain.
"""

from datetime import date, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import Between, Length, Money, Personal, command

__all__ = [
    "AdvanceOpportunity",
    "LoseOpportunity",
    "OpenOpportunity",
    "OverrideOpportunityProbability",
    "ReopenOpportunity",
    "ResetOpportunityProbability",
    "ReviseOpportunityAmount",
    "WinOpportunity",
]

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
