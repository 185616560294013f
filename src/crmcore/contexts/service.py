"""Service: cases, the service levels that hold for them, and what customers think of the solutions."""

from crmcore.application.service.cases import CaseService
from crmcore.application.service.public import Cases
from crmcore.application.service.surveys import SurveyService
from crmcore.contexts.context import Context
from crmcore.domain.service import case_number
from crmcore.domain.service.case.decisions import decide as case
from crmcore.domain.service.levels.version import decisions as service_levels
from crmcore.domain.service.survey import decisions as survey
from crmcore.domain.service.survey import throttle
from crmcore.infrastructure.packing import JsonPacking
from crmcore.infrastructure.service.upcasters import UPCASTERS
from crmcore.projections.service import feedback
from crmcore.projections.service.service_levels import Packing
from crmcore.projections.service.service_levels import service_levels as levels

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
    projections=(levels, feedback.feedback),
    upcasters=UPCASTERS,
)
