"""What other contexts may ask of leads, opportunities and orders."""

from uuid import UUID

from crmcore.application.work import Work
from crmcore.domain.kernel import NotFoundError
from crmcore.domain.sales.lead import decisions as lead
from crmcore.domain.sales.lead.phases import Uncaptured
from crmcore.domain.sales.opportunity import decisions as opportunity
from crmcore.domain.sales.opportunity.state import Unopened
from crmcore.domain.sales.order import decisions as order
from crmcore.domain.sales.order.state import NotPlaced


class Leads:
    """Answers about leads."""

    def exists(self, work: Work, lead_id: UUID) -> bool:
        """Whether a lead was captured under this identity, in whatever phase it is."""
        return not isinstance(work.state(lead.AGGREGATE, lead_id), Uncaptured)

    def require(self, work: Work, lead_id: UUID | None) -> None:
        """Raise ``NotFoundError`` for a lead that was never captured; None refers to nothing."""
        if lead_id is not None and not self.exists(work, lead_id):
            raise NotFoundError("lead", lead_id)


class Opportunities:
    """Answers about opportunities."""

    def exists(self, work: Work, opportunity_id: UUID) -> bool:
        """Whether the opportunity was ever opened, in whatever phase it is."""
        return not isinstance(work.state(opportunity.AGGREGATE, opportunity_id), Unopened)

    def require(self, work: Work, opportunity_id: UUID | None) -> None:
        """Raise ``NotFoundError`` for one that was never opened; None refers to nothing."""
        if opportunity_id is not None and not self.exists(work, opportunity_id):
            raise NotFoundError("opportunity", opportunity_id)


class Orders:
    """Answers about orders."""

    def exists(self, work: Work, order_id: UUID) -> bool:
        """Whether the order was ever placed, in whatever phase it is."""
        return not isinstance(work.state(order.AGGREGATE, order_id), NotPlaced)

    def require(self, work: Work, order_id: UUID | None) -> None:
        """Raise ``NotFoundError`` for an order that was never placed; None refers to nothing."""
        if order_id is not None and not self.exists(work, order_id):
            raise NotFoundError("order", order_id)
