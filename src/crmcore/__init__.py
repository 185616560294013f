"""crmcore: an event-sourced CRM domain core that products embed.

>>> import crmcore  # doctest: +SKIP
>>> crm = crmcore.open("sqlite:///crm.db")  # doctest: +SKIP

Its modules are public as well: ``commands`` holds every command, ``events`` every event, ``catalogue``
what is to be known of them, ``errors`` everything that can be raised, ``calendars`` working time,
``policies`` what an organisation decides for itself, ``projections`` and ``contexts`` what read models
and contexts of one's own are made of, ``subscriptions`` what handlers are given when something has
happened, ``testing`` how rules are tested, ``telemetry`` how a core is seen running, ``alembic`` what
migrations of a host leave alone, and ``eventsourcing`` what applications of that package record with.
Nothing else is public.

What is named here is imported when it is first asked for, so that ``import crmcore`` costs nothing.
"""

TYPE_CHECKING = False  # `typing` would take longer to import than all of this

if TYPE_CHECKING:
    from crmcore import (
        alembic,
        calendars,
        catalogue,
        commands,
        contexts,
        errors,
        events,
        policies,
        projections,
        subscriptions,
        telemetry,
        testing,
    )
    from crmcore.aio import AsyncCRM
    from crmcore.application.envelope import Batch, Envelope, Refused
    from crmcore.application.log import Receipt, Recorded
    from crmcore.application.service.escalation import Escalated
    from crmcore.composition import all_contexts
    from crmcore.crm import CRM, open  # noqa: A004  # read as `crmcore.open`
    from crmcore.domain.kernel import Command, Money, derived_id, minor_digits
    from crmcore.domain.marketing.campaign.state import CampaignStatus
    from crmcore.domain.sales.lead.phases import LeadStatus
    from crmcore.domain.service.levels.clock import Mode
    from crmcore.domain.service.terms import StatusCategory
    from crmcore.infrastructure.commands.schema import schema_of
    from crmcore.infrastructure.identity import new_id
    from crmcore.previews import Preview, PreviewedEvent
    from crmcore.projections.engine.projection import Projection
    from crmcore.projections.sales.opportunities.table import OpportunityStatus
    from crmcore.projections.sales.orders import OrderStatus
    from crmcore.projections.service.metrics.catalogue import METRICS
    from crmcore.projections.service.metrics.metric import Figure, Metric
    from crmcore.projections.service.periods import Period, PeriodLength
    from crmcore.projections.service.service_levels.compliance import Grouping, Unit
    from crmcore.projections.service.surveys.results import FeedbackGrouping

__all__ = [
    "CRM",
    "METRICS",
    "AsyncCRM",
    "Batch",
    "CampaignStatus",
    "Command",
    "Envelope",
    "Escalated",
    "FeedbackGrouping",
    "Figure",
    "Grouping",
    "LeadStatus",
    "Metric",
    "Mode",
    "Money",
    "OpportunityStatus",
    "OrderStatus",
    "Period",
    "PeriodLength",
    "Preview",
    "PreviewedEvent",
    "Projection",
    "Receipt",
    "Recorded",
    "Refused",
    "StatusCategory",
    "Unit",
    "alembic",
    "all_contexts",
    "calendars",
    "catalogue",
    "commands",
    "contexts",
    "derived_id",
    "errors",
    "events",
    "eventsourcing",
    "minor_digits",
    "new_id",
    "open",
    "policies",
    "projections",
    "schema_of",
    "subscriptions",
    "telemetry",
    "testing",
]

_PARTS = {
    "crmcore": (
        "alembic",
        "calendars",
        "catalogue",
        "commands",
        "contexts",
        "errors",
        "events",
        "eventsourcing",
        "policies",
        "projections",
        "subscriptions",
        "telemetry",
        "testing",
    ),
    "crmcore.application.service.escalation": ("Escalated",),
    "crmcore.aio": ("AsyncCRM",),
    "crmcore.application.envelope": ("Batch", "Envelope", "Refused"),
    "crmcore.application.log": ("Receipt", "Recorded"),
    "crmcore.composition": ("all_contexts",),
    "crmcore.crm": ("CRM", "open"),
    "crmcore.infrastructure.commands.schema": ("schema_of",),
    "crmcore.domain.kernel": ("Command", "Money", "derived_id", "minor_digits"),
    "crmcore.domain.marketing.campaign.state": ("CampaignStatus",),
    "crmcore.domain.sales.lead.phases": ("LeadStatus",),
    "crmcore.domain.service.terms": ("StatusCategory",),
    "crmcore.projections.sales.opportunities.table": ("OpportunityStatus",),
    "crmcore.projections.sales.orders": ("OrderStatus",),
    "crmcore.domain.service.levels.clock": ("Mode",),
    "crmcore.infrastructure.identity": ("new_id",),
    "crmcore.previews": ("Preview", "PreviewedEvent"),
    "crmcore.projections.engine.projection": ("Projection",),
    "crmcore.projections.service.service_levels.compliance": ("Grouping", "Unit"),
    "crmcore.projections.service.surveys.results": ("FeedbackGrouping",),
    "crmcore.projections.service.metrics.metric": ("Figure", "Metric"),
    "crmcore.projections.service.metrics.catalogue": ("METRICS",),
    "crmcore.projections.service.periods": ("Period", "PeriodLength"),
}
_WHERE = {name: module for module, names in _PARTS.items() for name in names}

if not TYPE_CHECKING:  # to a type checker, any name would then be right

    def __getattr__(name: str) -> object:
        """What is named *name*, from where it is defined."""
        if name not in _WHERE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        if _WHERE[name] == __name__:
            return import_module(f"{__name__}.{name}")
        found = globals()[name] = getattr(import_module(_WHERE[name]), name)
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
