"""Subscriptions: what is done when something has happened.

One import for those who have handlers of their own::

    from crmcore.subscriptions import Delivery

    def mail(delivery: Delivery) -> None: ...

    crm.subscribe("mailer", mail, topics=["order-placed"]).catch_up()

docs/subscriptions.md has whole ones.
"""

from crmcore.subscriptions.consumer import Done
from crmcore.subscriptions.dead_letters import DeadLetter
from crmcore.subscriptions.delivery import Delivery
from crmcore.subscriptions.processes import Processes
from crmcore.subscriptions.retry import Retry
from crmcore.subscriptions.status import SubscriptionStatus
from crmcore.subscriptions.subscription import Subscription
from crmcore.subscriptions.subscriptions import Subscriptions

__all__ = [
    "DeadLetter",
    "Delivery",
    "Done",
    "Processes",
    "Retry",
    "Subscription",
    "SubscriptionStatus",
    "Subscriptions",
]
