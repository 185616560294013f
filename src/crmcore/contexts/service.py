"""Service: cases, the service levels that hold for them, and what customers think of the solutions."""

from typing import TYPE_CHECKING

from crmcore.application.service.asking import offer_survey
from crmcore.application.service.cases import CaseService
from crmcore.application.service.public import Cases
from crmcore.application.service.surveys import SurveyService
from crmcore.contexts.context import Context
from crmcore.domain.service import case_number
from crmcore.domain.service.case.decisions import decide as case
from crmcore.domain.service.levels.version import decisions as service_levels
from crmcore.domain.service.survey import decisions as survey
from crmcore.domain.service.survey import throttle
from crmcore.infrastructure.service.packing import JsonPacking
from crmcore.infrastructure.service.upcasters import UPCASTERS
from crmcore.projections.service.service_levels.cases import CaseQuestions
from crmcore.projections.service.service_levels.projection import service_levels as levels
from crmcore.projections.service.service_levels.reports import ServiceLevelQuestions
from crmcore.projections.service.service_levels.timelines import Packing
from crmcore.projections.service.surveys.projection import feedback
from crmcore.projections.service.surveys.questions import SurveyQuestions

if TYPE_CHECKING:  # the names of crmcore.commands and crmcore.events
    from crmcore.domain.service.case.messages.conversation import *
    from crmcore.domain.service.case.messages.life_cycle import *
    from crmcore.domain.service.case.messages.merging import *
    from crmcore.domain.service.case.messages.opening import *
    from crmcore.domain.service.case.messages.routing import *
    from crmcore.domain.service.case.messages.service_levels import *
    from crmcore.domain.service.case_number import *
    from crmcore.domain.service.levels.version.messages import *
    from crmcore.domain.service.survey.messages import *
    from crmcore.domain.service.survey.throttle import *


class ServiceReadModels:
    """What can be asked of service, under ``crm.read``."""

    cases: CaseQuestions
    service_levels: ServiceLevelQuestions
    surveys: SurveyQuestions


SERVICE = Context(
    name="service",
    aggregates=(
        case.AGGREGATE,
        case_number.AGGREGATE,
        service_levels.AGGREGATE,
        survey.AGGREGATE,
        throttle.AGGREGATE,
    ),
    services=(CaseService, SurveyService),
    provides={Cases: Cases, Packing: JsonPacking},
    projections=(levels, feedback),
    questions=ServiceReadModels,
    processes=(offer_survey,),
    upcasters=UPCASTERS,
)
