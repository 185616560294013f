"""The Complete Journey: a grocer's household panel, as customers, campaigns and orders.

What the data leaves open is settled here, once:

- A household is registered when it first occurs: at its first campaign or its first basket.
  It is taken to have agreed to marketing by post, as members of such a panel do.  What it said
  about itself becomes a note.
- A campaign is planned, approved and launched when its first day begins, and completed when its
  last day ends.  All its members are mailed at the launch.  The data knows no costs and no
  margins: each mailing is booked at ``CONTACT_COST`` and each purchase is taken to leave
  ``GROSS_MARGIN`` of its net amount, unless the caller says otherwise.
- A basket is an order that is handed over at once.  A line costs what the grocer received
  for it; the loyalty card and the matched coupon are its discounts.  What a manufacturer pays
  in the household's place (``coupon_disc``) is revenue, and no discount of the grocer's.
- A redemption names a day.  It is placed at the household's first basket of that day that shows
  a manufacturer's coupon, else at its first basket of that day, else at noon.
- A basket counts for the campaign of which most coupons were redeemed at it; of equals, for the
  one launched last, then by its number: once at most, so that no revenue is counted twice.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

from crmcore import Command, derived_id
from crmcore.cli.importers.journey_campaigns import campaigns, conversion, credited, redemptions
from crmcore.cli.importers.journey_panel import Panel, read_panel
from crmcore.cli.importers.journey_rows import (
    CURRENCY,
    SOURCE,
    Basket,
    Household,
    Line,
    baskets,
    customer_id,
    order_id,
)
from crmcore.cli.importers.row import Planned, Row, in_time_order
from crmcore.commands import (
    Channel,
    CustomerKind,
    GiveConsent,
    LinkExternalIdentity,
    Money,
    OrderLine,
    PlaceOrder,
    Purpose,
    RecordNote,
    RegisterCustomer,
)
from crmcore.errors import InvalidValueError

CONTACT_COST: Final = Money(Decimal("0.50"), CURRENCY)
"""What one mailing is taken to cost, printing and postage included: an assumption, not data."""

GROSS_MARGIN: Final = Decimal("0.25")
"""What a grocer is taken to keep of a sale before its own costs: an assumption, not data."""


def commands(
    folder: Path,
    *,
    contact_cost: Money | None = CONTACT_COST,
    gross_margin: Decimal | None = GROSS_MARGIN,
) -> Iterator[Row]:
    """What the panel in *folder* asks for: the rejects of the small files, then all as it happened.

    With *contact_cost* None no costs are booked, with *gross_margin* None no margins.  The small files are held in memory, the
    baskets are read one by one, in the order of their file.  Raises ``SourceError`` where a
    file cannot be read.
    """
    panel = read_panel(folder)
    yield from panel.rejects
    yield from in_time_order(
        _sorted(_households(panel)),
        _sorted(campaigns(panel, contact_cost)),
        _sorted(redemptions(panel, None)),
        _purchases(folder, panel, gross_margin),
    )


def _sorted(rows: Iterable[Planned]) -> list[Planned]:
    return sorted(rows, key=lambda row: row.command.at)


def _households(panel: Panel) -> Iterator[Planned]:
    for household, (at, source, line) in panel.first_seen.items():
        customer = customer_id(household)
        wanted: list[Command] = [
            RegisterCustomer(
                customer_id=customer, kind=CustomerKind.PERSON, name=f"Household {household}", at=at
            ),
            LinkExternalIdentity(customer_id=customer, source=SOURCE, external_id=household, at=at),
            GiveConsent(
                customer_id=customer,
                consent_id=derived_id(SOURCE, "consent", household),
                channel=Channel.POST,
                purpose=Purpose.MARKETING,
                method="household panel",
                at=at,
            ),
        ]
        yield from (Planned(source, line, command) for command in wanted)
        if (known := panel.households.get(household)) is not None:
            note = RecordNote(
                note_id=derived_id(SOURCE, "demographics", household),
                customer_id=customer,
                text=_particulars(known.row),
                at=at,
            )
            yield Planned(known.source, known.line, note)


def _particulars(household: Household) -> str:
    facts = {
        "age": household.age,
        "income": household.income,
        "home": household.home_ownership,
        "marital status": household.marital_status,
        "persons": household.household_size,
        "composition": household.household_comp,
        "children": household.kids_count,
    }
    said = "; ".join(f"{name} {fact}" for name, fact in facts.items() if fact)
    return f"Household panel: {said or 'nothing told'}"


def _purchases(folder: Path, panel: Panel, gross_margin: Decimal | None) -> Iterator[Row]:
    """Each basket as an order, with the coupons that were redeemed at it."""
    seen: set[str] = set()
    for basket in baskets(folder):
        if not isinstance(basket, Basket):
            yield basket
        elif basket.first.basket_id in seen:
            reason = f"basket {basket.first.basket_id} ended on an earlier line"
            yield from (line.refused(reason) for line in basket.lines)
        else:
            seen.add(basket.first.basket_id)
            yield from _purchase(basket, panel, gross_margin)


def _purchase(basket: Basket, panel: Panel, gross_margin: Decimal | None) -> Iterator[Row]:
    lines: list[OrderLine] = []
    for number, found in enumerate(basket.lines, start=1):
        fault = _fault(found.row, basket.first)
        try:
            if not fault:
                lines.append(_order_line(number, found.row, panel))
        except InvalidValueError as error:
            fault = str(error)
        if fault:
            yield found.refused(fault)
    if lines:
        campaign = credited(panel, basket)
        order = PlaceOrder(
            order_id=order_id(basket.first.basket_id),
            customer_id=customer_id(basket.first.household_id),
            channel="store",
            campaign_id=campaign,
            lines=tuple(lines),
            handed_over=True,
            number=basket.first.basket_id,
            at=basket.first.at,
        )
        yield Planned(basket.lines[0].source, basket.lines[0].line, order)
        yield from redemptions(panel, basket.first.basket_id)
        if campaign is not None:
            yield conversion(basket, order, campaign, gross_margin)
    else:
        yield from redemptions(panel, basket.first.basket_id)


def _fault(line: Line, first: Line) -> str | None:
    """Why a line of a receipt is no line of an order; None where it is one."""
    if (line.household_id, line.store_id, line.at) != (
        first.household_id,
        first.store_id,
        first.at,
    ):
        return (
            f"expected household, store and instant of the first line of basket {first.basket_id}"
        )
    if line.quantity:
        return None
    if line.sales_value:
        return f"quantity: expected 1 or more for goods of {line.sales_value}, got 0"
    return "quantity: expected 1 or more, got 0: nothing was sold on this line"


def _order_line(number: int, line: Line, panel: Panel) -> OrderLine:
    discount = line.retail_disc + line.coupon_match_disc
    return OrderLine(
        line=number,
        product=line.product_id,
        description=panel.products.get(line.product_id),
        quantity=Decimal(line.quantity),
        goods=Money(line.sales_value + discount, CURRENCY),
        discount=Money(discount, CURRENCY) if discount else None,
    )
