"""Bounded contexts: what a host's own context is made of, beside those that come along.

One import for those who add aggregates, commands and events of their own::

    from crmcore.contexts import Aggregate, Context, command, event

    crm = crmcore.open("sqlite:///crm.db", contexts=[WORKSHOP])

docs/own-context.md has a whole one.
"""

from crmcore.application.clock import Clock
from crmcore.application.customers.public import Customers
from crmcore.application.marketing.public import Campaigns
from crmcore.application.processes import Process
from crmcore.application.sales.public import Leads, Opportunities, Orders
from crmcore.application.service.public import Cases
from crmcore.application.work import Handler, Work
from crmcore.contexts.context import Context
from crmcore.domain.kernel import (
    Aggregate,
    AsText,
    Between,
    Command,
    Event,
    Length,
    Personal,
    Text,
    WorkingTime,
    anytime,
    command,
    derived_id,
    event,
    from_the_beginning,
    nobody,
    shown,
    value,
)
from crmcore.infrastructure.events.upcasting import Upcaster
from crmcore.infrastructure.identity import new_id
from crmcore.projections.paging import Order, Page, either_way, page
from crmcore.projections.questions import Questions
from crmcore.projections.results import result

__all__ = [
    "Aggregate",
    "AsText",
    "Between",
    "Campaigns",
    "Cases",
    "Clock",
    "Command",
    "Context",
    "Customers",
    "Event",
    "Handler",
    "Leads",
    "Length",
    "Opportunities",
    "Order",
    "Orders",
    "Page",
    "Personal",
    "Process",
    "Questions",
    "Text",
    "Upcaster",
    "Work",
    "WorkingTime",
    "anytime",
    "command",
    "derived_id",
    "either_way",
    "event",
    "from_the_beginning",
    "new_id",
    "nobody",
    "page",
    "result",
    "shown",
    "value",
]
