"""The aggregate of a membership; ``addressing`` and ``results`` decide on its commands.

Both need the campaign's state as well, so a service carries their commands out.
"""

from typing import Final, get_args

from crmcore.domain.kernel import (
    Aggregate,
)
from crmcore.domain.marketing.membership.state import (
    Command,
    Event,
    State,
    Unassigned,
    earliest,
    evolve,
    membership_id,
    subject,
)

AGGREGATE: Final = Aggregate[State, Event](
    kind="membership",
    initial=Unassigned(),
    evolve=evolve,
    events=get_args(Event),
    subject=subject,
    earliest=earliest,
    commands=get_args(Command),
    stream_id=lambda command: membership_id(command.campaign_id, command.customer_id),
)
