"""`crmcore campaigns`: what each campaign brought, and what it cost."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import attrs
import click

from crmcore.cli.output import NOTHING, Column, money, say, table
from crmcore.cli.pages import after, emit_page, find, limit, show_next
from crmcore.cli.session import Options, reading, stale


@limit
@after
@stale
@click.pass_obj
def campaigns(options: Options, limit: int, after: str | None, stale: bool) -> None:
    """Carry out `crmcore campaigns`."""
    with reading(options, "campaign_results", stale=stale) as crm:
        page = find(crm.read.campaigns.find, limit=limit, after=after)
    if options.json:
        emit_page("campaigns", campaign_documents(page.items), page.next)
    elif page.items:
        show_campaigns(page.items)
        say(EXPLAINED, style="dim")
        show_next(page.next)
    else:
        say("There is no campaign yet.")


def campaign_documents(results: Sequence[Any]) -> list[dict[str, Any]]:
    """The results, for JSON."""
    return [attrs.asdict(one) for one in results]


def show_campaigns(results: Sequence[Any]) -> None:
    """A row for each campaign, in the order in which they start."""
    currencies = {one.currency for one in results}
    several = len(currencies) > 1
    unit = "" if several or not currencies else f" {currencies.pop()}"
    titles = ("People", "Answers", "Buys", f"Revenue{unit}", f"Cost{unit}", f"Each{unit}")
    table(
        ["Campaign", *(Column(title, number=True) for title in (*titles, "ROAS", "ROI"))],
        [
            [
                one.name,
                one.members,
                one.interactions,
                one.purchases,
                money(one.revenue, one.currency if several else None),
                money(one.cost, one.currency if several else None),
                NOTHING if one.cost_per_interaction is None else money(one.cost_per_interaction),
                _times(one.roas),
                _times(one.roi),
            ]
            for one in results
        ],
    )


def _times(rate: Decimal | None) -> str:
    return NOTHING if rate is None else f"{rate:,.1f}"


EXPLAINED = (
    "Each: cost of one answer or click. ROAS: revenue / cost. ROI: (margin - cost) / cost, where"
    " the margin of all purchases is known."
)
