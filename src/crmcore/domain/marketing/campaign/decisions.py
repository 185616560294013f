"""What follows from a command on a campaign, and the aggregate of it all."""

from collections.abc import Sequence
from typing import Final, assert_never, get_args

from crmcore.domain.kernel import (
    Aggregate,
)
from crmcore.domain.marketing.campaign import planning, running
from crmcore.domain.marketing.campaign.messages.planning import (
    AttachTargetList,
    CopyCampaign,
    PlanCampaign,
    PlanningCommand,
    ScheduleCampaign,
    SetCampaignBudget,
)
from crmcore.domain.marketing.campaign.messages.running import (
    ApproveCampaign,
    CancelCampaign,
    CompleteCampaign,
    IncurCost,
    LaunchCampaign,
    PauseCampaign,
    ResumeCampaign,
    RunningCommand,
)
from crmcore.domain.marketing.campaign.state import Event, NotPlanned, State, earliest, evolve

Command = PlanningCommand | RunningCommand


def decide(command: Command, state: State) -> Sequence[Event]:
    """What follows from *command*; raises a ``DomainError`` to refuse it."""
    match command:
        case PlanCampaign() | SetCampaignBudget() | ScheduleCampaign() | AttachTargetList():
            return planning.decide(command, state)
        case (
            ApproveCampaign()
            | LaunchCampaign()
            | PauseCampaign()
            | ResumeCampaign()
            | CompleteCampaign()
            | CancelCampaign()
            | IncurCost()
        ):
            return running.decide(command, state)
        case _:
            assert_never(command)


AGGREGATE: Final = Aggregate[State, Event](
    kind="campaign",
    initial=NotPlanned(),
    evolve=evolve,
    events=get_args(Event),
    earliest=earliest,
    commands=(*get_args(Command), CopyCampaign),
    decide=decide,
    stream_id=lambda command: command.campaign_id,
)
