"""Loyalty: what customers' purchases earn them."""

from crmcore.contexts.context import Context
from crmcore.projections.loyalty.status import loyalty_status

LOYALTY = Context(name="loyalty", projections=(loyalty_status,))
