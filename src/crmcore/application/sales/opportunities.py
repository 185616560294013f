"""Carry out the commands on opportunities that need more than the opportunity's own stream.

A new opportunity needs a customer who is registered and active and, where they are named,
a lead and a campaign that exist.  Working on a deal concerns the deal alone, and the pipeline
that it is in.
"""

from collections.abc import Mapping, Sequence

from crmcore.application.customers.public import Customers
from crmcore.application.marketing.public import Campaigns
from crmcore.application.sales.public import Leads
from crmcore.application.work import Handler, Work, on_one_stream
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.sales.opportunity import decisions as opportunity
from crmcore.domain.sales.opportunity.messages import (
    AdvanceOpportunity,
    OpenOpportunity,
    ReopenOpportunity,
    ResetOpportunityProbability,
)
from crmcore.domain.sales.opportunity.pipeline import PIPELINES, Pipeline
from crmcore.domain.sales.opportunity.state import Event, State


@frozen
class OpportunityService:
    """Opens opportunities and moves them through the ``pipelines`` in force."""

    customers: Customers
    campaigns: Campaigns
    leads: Leads
    pipelines: Mapping[str, Pipeline] = PIPELINES

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """The handler of each command that concerns more than an opportunity."""
        follow = on_one_stream(
            opportunity.AGGREGATE, self._decide, lambda command: command.opportunity_id
        )
        return {
            OpenOpportunity: self.open,
            AdvanceOpportunity: follow,
            ResetOpportunityProbability: follow,
            ReopenOpportunity: follow,
        }

    def open(self, command: OpenOpportunity, work: Work) -> None:
        """Begin a deal with an active customer."""
        events = self._decide(command, work.state(opportunity.AGGREGATE, command.opportunity_id))
        if not events:  # opened before: nothing is asked again
            return
        self.customers.require(work, command.customer_id)
        self.leads.require(work, command.lead_id)
        self.campaigns.require(work, command.campaign_id)
        work.record(opportunity.AGGREGATE, command.opportunity_id, events)

    def _decide(self, command: opportunity.Command, state: State, /) -> Sequence[Event]:
        return opportunity.decide(command, state, self.pipelines)
