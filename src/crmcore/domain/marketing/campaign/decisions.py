"""What follows from a command on a campaign, and the aggregate of it all."""

from collections.abc import Sequence
from typing import Final, get_args

from crmcore.domain.kernel import (
    Aggregate,
)
from crmcore.domain.marketing.campaign import planning, running
from crmcore.domain.marketing.campaign.messages.planning import (
    CopyCampaign,
    PlanningCommand,
)
from crmcore.domain.marketing.campaign.messages.running import (
    RunningCommand,
)
from crmcore.domain.marketing.campaign.state import Event, NotPlanned, State, earliest, evolve

Command = PlanningCommand | RunningCommand


def decide(command: Command, state: State) -> Sequence[Event]:
    """What follows from *command*; raises a ``DomainError`` to refuse it."""
    if isinstance(command, PlanningCommand):
        return planning.decide(command, state)
    return running.decide(command, state)


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
