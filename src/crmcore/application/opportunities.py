"""Carry out the commands on opportunities.

A new opportunity needs a customer who is registered and active and, where they are named,
a lead and a campaign that exist.  Working on a deal concerns the deal alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import attrs

from crmcore.application.customers import require_customer
from crmcore.application.references import Exists, require
from crmcore.application.work import Handler, Work, on_one_stream
from crmcore.domain.kernel import Aggregate
from crmcore.domain.sales.opportunity import decisions as opportunity
from crmcore.domain.sales.opportunity.messages import (
    AdvanceOpportunity,
    LoseOpportunity,
    OpenOpportunity,
    OverrideOpportunityProbability,
    ReopenOpportunity,
    ResetOpportunityProbability,
    ReviseOpportunityAmount,
    WinOpportunity,
)
from crmcore.domain.sales.opportunity.pipeline import PIPELINES, Pipeline
from crmcore.domain.sales.opportunity.state import Event, State, Unopened

__all__ = ["AGGREGATES", "OpportunityService", "opportunity_exists"]

AGGREGATES: Final[tuple[Aggregate[Any, Any], ...]] = (opportunity.AGGREGATE,)


@attrs.frozen
class OpportunityService:
    """Handles the commands on opportunities, over the ``pipelines`` in force."""

    campaign_exists: Exists
    lead_exists: Exists
    pipelines: Mapping[str, Pipeline] = PIPELINES

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """The handler of each command on opportunities."""
        followed = on_one_stream(
            opportunity.AGGREGATE, self._decide, lambda command: command.opportunity_id
        )
        later = (
            AdvanceOpportunity,
            OverrideOpportunityProbability,
            ResetOpportunityProbability,
            ReviseOpportunityAmount,
            WinOpportunity,
            LoseOpportunity,
            ReopenOpportunity,
        )
        return {OpenOpportunity: self.open, **dict.fromkeys(later, followed)}

    def open(self, command: OpenOpportunity, work: Work) -> None:
        """Begin a deal with an active customer."""
        events = self._decide(command, work.state(opportunity.AGGREGATE, command.opportunity_id))
        if not events:  # opened before: nothing is asked again
            return
        require_customer(work, command.customer_id)
        require(self.lead_exists, work, "lead", command.lead_id)
        require(self.campaign_exists, work, "campaign", command.campaign_id)
        work.record(opportunity.AGGREGATE, command.opportunity_id, events)

    def _decide(self, command: opportunity.Command, state: State, /) -> Sequence[Event]:
        return opportunity.decide(command, state, self.pipelines)


def opportunity_exists(work: Work, opportunity_id: UUID) -> bool:
    """Whether there is such an opportunity, in whatever phase."""
    return not isinstance(work.state(opportunity.AGGREGATE, opportunity_id), Unopened)
