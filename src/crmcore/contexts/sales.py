"""Sales: leads, opportunities and orders."""

from typing import TYPE_CHECKING

from crmcore.application.sales.leads import LeadService
from crmcore.application.sales.opportunities import OpportunityService
from crmcore.application.sales.orders import OrderService
from crmcore.application.sales.public import Leads, Opportunities, Orders
from crmcore.contexts.context import Context
from crmcore.domain.sales import lead_address
from crmcore.domain.sales.assignment import decisions as assignment
from crmcore.domain.sales.lead import decisions as lead
from crmcore.domain.sales.opportunity import decisions as opportunity
from crmcore.domain.sales.order import decisions as order
from crmcore.projections.sales.leads.questions import LeadQuestions
from crmcore.projections.sales.leads.table import leads
from crmcore.projections.sales.opportunities.questions import OpportunityQuestions
from crmcore.projections.sales.opportunities.table import opportunities
from crmcore.projections.sales.orders import OrderQuestions, orders


class SalesReadModels:
    """What can be asked of sales under ``crm.read``."""

    orders: OrderQuestions
    leads: LeadQuestions
    opportunities: OpportunityQuestions


if TYPE_CHECKING:  # the names of crmcore.commands and crmcore.events
    from crmcore.domain.sales.assignment.messages import *
    from crmcore.domain.sales.lead.messages.assignment import *
    from crmcore.domain.sales.lead.messages.capture import *
    from crmcore.domain.sales.lead.messages.qualification import *
    from crmcore.domain.sales.lead.messages.scoring import *
    from crmcore.domain.sales.lead_address import *
    from crmcore.domain.sales.opportunity.messages import *
    from crmcore.domain.sales.order.messages import *

SALES = Context(
    name="sales",
    aggregates=(
        order.AGGREGATE,
        opportunity.AGGREGATE,
        lead.AGGREGATE,
        lead_address.AGGREGATE,
        assignment.AGGREGATE,
    ),
    services=(OrderService, OpportunityService, LeadService),
    provides={
        Leads: Leads,
        Opportunities: Opportunities,
        OpportunityService: OpportunityService,
        Orders: Orders,
    },
    projections=(orders, leads, opportunities),
    questions=SalesReadModels,
)
