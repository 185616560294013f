"""Loyalty: what customers' purchases earn them."""

from crmcore.contexts.context import Context
from crmcore.projections.loyalty.loyalty_status import loyalty_status
from crmcore.projections.loyalty.questions import LoyaltyQuestions


class LoyaltyReadModels:
    """What can be asked, by its name under ``crm.read``."""

    loyalty: LoyaltyQuestions


LOYALTY = Context(name="loyalty", projections=(loyalty_status,), questions=LoyaltyReadModels)
