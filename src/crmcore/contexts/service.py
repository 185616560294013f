"""Service: cases, what is owed to them and by when, and what customers think of the solutions."""

from crmcore.application import feedback, service
from crmcore.contexts.context import Context
from crmcore.infrastructure.packing import JsonPacking
from crmcore.infrastructure.service.upcasters import UPCASTERS
from crmcore.projections.service.service_levels.cases import Cases
from crmcore.projections.service.service_levels.projection import service_levels
from crmcore.projections.service.service_levels.reports import ServiceLevels
from crmcore.projections.service.service_levels.timelines import Packing
from crmcore.projections.service.surveys.projection import feedback as surveys
from crmcore.projections.service.surveys.questions import Surveys


class ServiceQuestions:
    """What can be asked of service, under ``crm.read``."""

    cases: Cases
    service_levels: ServiceLevels
    surveys: Surveys


SERVICE = Context(
    name="service",
    aggregates=(*service.AGGREGATES, *feedback.AGGREGATES),
    services=(service.CaseService, feedback.FeedbackService),
    provides={Packing: JsonPacking},
    projections=(service_levels, surveys),
    questions=ServiceQuestions,
    upcasters=UPCASTERS,
)
