"""Another process that books costs on one campaign, and tells of each once it was accepted.

``python -m tests.application.hammer URL COUNT``: a line ``POSITION COST_ID`` per booking.
"""

import sys
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import crmcore
from crmcore import CRM, Money
from crmcore.commands import Channel, CostKind, IncurCost, PlanCampaign
from tests.scenario import START, uid

SPRING = uid(3)


def plan() -> PlanCampaign:
    return PlanCampaign(
        campaign_id=SPRING,
        name="Spring",
        kind="coupons",
        channel=Channel.POST,
        currency="EUR",
        starts_at=START,
        ends_at=START + timedelta(days=30),
        at=START,
    )


def cost(cost_id: UUID | None = None, amount: str = "1") -> IncurCost:
    """A cost of a euro."""
    return IncurCost(
        campaign_id=SPRING,
        cost_id=cost_id or crmcore.new_id(),
        cost=Money(Decimal(amount), "EUR"),
        kind=CostKind.POSTAGE,
        at=START + timedelta(days=1),
    )


def spent(crm: CRM) -> Decimal:
    """What the campaign has cost, by its stream."""
    costs = [
        one.event.cost.amount for one in crm.events(stream_id=SPRING) if one.stream_version > 1
    ]
    return sum(costs, start=Decimal(0))


def main(url: str, count: int) -> None:
    with crmcore.open(url) as crm:
        for _ in range(count):
            command = cost()
            receipt = crm.execute(command, by="hammer", command_id=command.cost_id)
            print(receipt.position, command.cost_id, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
