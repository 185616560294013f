"""Carry out the commands on orders that need more than the order's own stream.

A new order needs a customer who is registered and active and, where one is named, a
campaign that exists.  What follows (shipping, returning, cancelling) concerns the order
alone: goods on their way arrive even when their customer has left.
"""

from collections.abc import Mapping

from crmcore.application.customers.public import Customers
from crmcore.application.marketing.public import Campaigns
from crmcore.application.work import Handler, Work
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.sales.order import decisions as order
from crmcore.domain.sales.order.messages import PlaceOrder


@frozen
class OrderService:
    """Places orders."""

    customers: Customers
    campaigns: Campaigns

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """The handler of each command that concerns more than an order."""
        return {PlaceOrder: self.place}

    def place(self, command: PlaceOrder, work: Work) -> None:
        """Record the order of an active customer."""
        events = order.decide(command, work.state(order.AGGREGATE, command.order_id))
        if not events:  # placed before: nothing is asked again, so an import can be repeated
            return
        self.customers.require(work, command.customer_id)
        self.campaigns.require(work, command.campaign_id)
        work.record(order.AGGREGATE, command.order_id, events)
