"""The texts of the synthetic log's events: the codec's own, with blanks where events differ.

To encode ten million events takes longer than to write them.  So one event of each kind is made
and encoded, and its text becomes a pattern: whatever will differ is given a value found nowhere
else, which is then cut out.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, Self
from uuid import UUID

import attrs

from crmcore.composition import Composition
from crmcore.domain.customers.customer.messages.contact_point import ContactKind, ContactPointAdded
from crmcore.domain.customers.customer.messages.registration import CustomerKind, CustomerRegistered
from crmcore.domain.kernel import Money
from crmcore.domain.sales.order.messages import OrderLine, OrderPlaced, OrderReturned, ReturnedLine
from crmcore.domain.service.case.messages.life_cycle import CaseSolved
from crmcore.domain.service.case.messages.opening import CaseOpened
from crmcore.domain.service.terms import CaseChannel, CaseKind

MOST_LINES = 3
TOPICS: Final[Mapping[str, str]] = {
    "registered": CustomerRegistered.TOPIC,
    "addressed": ContactPointAdded.TOPIC,
    "placed": OrderPlaced.TOPIC,
    "returned": OrderReturned.TOPIC,
    "opened": CaseOpened.TOPIC,
    "solved": CaseSolved.TOPIC,
}

IDS: Final = {
    name: UUID(int=number, version=4)
    for number, name in enumerate(["customer", "point", "order", "return", "case"], start=1)
}
AT, PLACED = datetime(2001, 1, 1, tzinfo=UTC), datetime(2002, 2, 2, tzinfo=UTC)
NET, KEPT = Money(Decimal("900000.01"), "EUR"), Money(Decimal("900000.02"), "EUR")
GOODS: Final = [Money(Decimal(f"80000{n}.01"), "EUR") for n in range(1, MOST_LINES + 1)]
NUMBER: Final = "987654321"

BLANKS: Final[Mapping[str, str]] = {
    **{str(value): f"%({name})s" for name, value in IDS.items()},
    "2001-01-01T00:00:00Z": "%(at)s",
    "2002-02-02T00:00:00Z": "%(placed)s",
    str(NET.amount): "%(net)s",
    str(KEPT.amount): "%(kept)s",
    **{str(money.amount): f"%(goods{n})s" for n, money in enumerate(GOODS, start=1)},
    **{f"product-{n}-{NUMBER}": f"product-%(product{n})s" for n in range(1, MOST_LINES + 1)},
    NUMBER: "%(number)s",
}


@attrs.frozen
class Texts:
    """The pattern of each kind of event; ``placed`` has one for each number of lines."""

    registered: str
    addressed: str
    placed: tuple[str, ...]
    returned: str
    opened: str
    solved: str

    @classmethod
    def made(cls) -> Self:
        """The patterns, from events that the codec encoded."""
        codec = Composition().codec

        def pattern(event: Any) -> str:
            text = codec.encode(event).replace("%", "%%")
            for value, blank in BLANKS.items():
                text = text.replace(value, blank)
            return text

        registered, addressed = _newcomer()
        opened, solved = _case()
        return cls(
            registered=pattern(registered),
            addressed=pattern(addressed),
            placed=tuple(pattern(_placed(lines)) for lines in range(1, MOST_LINES + 1)),
            returned=pattern(_returned()),
            opened=pattern(opened),
            solved=pattern(solved),
        )


def _newcomer() -> tuple[CustomerRegistered, ContactPointAdded]:
    registered = CustomerRegistered(
        customer_id=IDS["customer"], kind=CustomerKind.PERSON, name=f"Customer {NUMBER}",
        stage=None, legal_name=None, registration_number=None, country=None, at=AT,
    )  # fmt: skip
    address = f"customer{NUMBER}@example.com"
    added = ContactPointAdded(
        customer_id=IDS["customer"], point_id=IDS["point"], kind=ContactKind.EMAIL, value=address,
        normalised=address, label=None, is_primary=True, at=AT,
    )  # fmt: skip
    return registered, added


def _placed(lines: int) -> OrderPlaced:
    return OrderPlaced(
        order_id=IDS["order"], customer_id=IDS["customer"], channel="store", campaign_id=None,
        lines=tuple(
            OrderLine(
                line=n, product=f"product-{n}-{NUMBER}", quantity=Decimal(1), goods=GOODS[n - 1]
            )
            for n in range(1, lines + 1)
        ),
        discount=None, delivery=None, net=NET, total=NET, handed_over=True, number=None, at=AT,
    )  # fmt: skip


def _returned() -> OrderReturned:
    """The first line comes back."""
    part = ReturnedLine(
        line=1, product=f"product-1-{NUMBER}", quantity=Decimal(1), refund=GOODS[0], net=GOODS[0]
    )
    return OrderReturned(
        order_id=IDS["order"], return_id=IDS["return"], customer_id=IDS["customer"],
        campaign_id=None, placed_at=PLACED, returned=(part,), delivery=None, net=GOODS[0],
        kept_net=KEPT, refund=GOODS[0], reason="wrong size", at=AT,
    )  # fmt: skip


def _case() -> tuple[CaseOpened, CaseSolved]:
    opened = CaseOpened(
        case_id=IDS["case"], customer_id=IDS["customer"], kind=CaseKind.COMPLAINT,
        channel=CaseChannel.EMAIL, subject="Where is my parcel?", at=AT,
    )  # fmt: skip
    solved = CaseSolved(
        case_id=IDS["case"], cycle=1, resolution_code="answered", note=None, agent="ann", at=AT
    )
    return opened, solved
