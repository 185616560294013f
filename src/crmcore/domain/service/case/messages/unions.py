"""Every command on a case, and every event of one."""

from crmcore.domain.service.case.messages.conversation import (
    ConversationCommand,
    ConversationEvent,
)
from crmcore.domain.service.case.messages.life_cycle import LifeCycleCommand, LifeCycleEvent
from crmcore.domain.service.case.messages.merging import MergeCase, MergingEvent
from crmcore.domain.service.case.messages.opening import OpeningCommand, OpeningEvent
from crmcore.domain.service.case.messages.routing import RoutingCommand, RoutingEvent
from crmcore.domain.service.case.messages.service_levels import (
    ServiceLevelsCommand,
    ServiceLevelsEvent,
)

SingleCaseCommand = (
    OpeningCommand | RoutingCommand | ConversationCommand | LifeCycleCommand | ServiceLevelsCommand
)
"""The commands that are decided on one case alone; ``MergeCase`` is decided on two."""

CaseCommand = SingleCaseCommand | MergeCase
CaseEvent = (
    OpeningEvent
    | RoutingEvent
    | ConversationEvent
    | LifeCycleEvent
    | ServiceLevelsEvent
    | MergingEvent
)
