"""Service: cases, what is owed to them and by when, and what customers think of the solutions."""

from crmcore.application import feedback, service
from crmcore.contexts.context import Context
from crmcore.infrastructure.packing import JsonPacking
from crmcore.infrastructure.service.upcasters import UPCASTERS
from crmcore.projections.service import feedback as surveys
from crmcore.projections.service.service_levels import Packing, service_levels

SERVICE = Context(
    name="service",
    aggregates=(*service.AGGREGATES, *feedback.AGGREGATES),
    services=(service.CaseService, feedback.FeedbackService),
    provides={Packing: JsonPacking},
    projections=(service_levels, surveys.feedback),
    upcasters=UPCASTERS,
)
