"""The parts of the demo: each works something out, for JSON, and can show it to people."""

import shlex
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import attrs

import crmcore
from crmcore.cli.customers.history import history_document, show_history
from crmcore.cli.demo import checks
from crmcore.cli.importers.completejourney import CONTACT_COST, GROSS_MARGIN
from crmcore.cli.imports.importing import Imported
from crmcore.cli.imports.reports import show_imports
from crmcore.cli.log import verify as auditing
from crmcore.cli.loyalty.status import show_loyalty
from crmcore.cli.marketing.campaigns import EXPLAINED, campaign_documents, show_campaigns
from crmcore.cli.output import Column, bar, money, say, share, table
from crmcore.cli.pages import find
from crmcore.cli.progress import bars
from crmcore.cli.service.levels import compliance_document, show_compliance

LAST: Final = 12
"""Entries of a history that are shown."""

QUEUES: Final = 8
LOYAL: Final = 2
"""The highest tiers that a loyal household is looked for in."""

ASSUMED: Final = (
    f"Costs and margins are not in the data. Assumed: {CONTACT_COST} for each mailing, and a"
    f" gross margin of {share(GROSS_MARGIN, 0)} of a purchase with a coupon of the campaign."
)


@attrs.frozen
class Part:
    """A part of the demo, and whether what it promises holds."""

    name: str
    title: str
    document: Any
    show: Callable[[], None]
    holds: bool = True


def imports(done: Sequence[Imported]) -> Part:
    """How much came in, how fast, and what was refused."""
    documents = [one.document() for one in done]
    return Part("imported", "Imported through commands", documents, lambda: show_imports(done))


def read_models(crm: crmcore.CRM) -> Part:
    """The read models, brought to the end of the log."""
    begun = time.perf_counter()
    with bars() as step:
        crm.catch_up(step)
    seconds, position, count = time.perf_counter() - begun, crm.position, len(crm.projections)
    rate = round(position / seconds)
    document = {
        "events": position,
        "read_models": count,
        "seconds": round(seconds, 3),
        "events_per_second": rate,
    }
    text = (
        f"{position:,} events into {count} read models in {seconds:.1f} s:"
        f" {rate:,} events/s into all of them, {rate * count:,}/s into one."
    )
    return Part("projections", "Read models", document, lambda: say(text))


def most_loyal(crm: crmcore.CRM, done: Sequence[Imported]) -> UUID | None:
    """Of the members of the highest tiers, at their last purchase, who bought most often."""
    highest = [one.tier for one in crm.read.loyalty.tiers()][:LOYAL]
    buyers: Counter[UUID] = Counter()
    for one in done:
        buyers += one.orders
    for customer_id, _ in buyers.most_common():
        last = crm.read.customers.history(customer_id)[-1].occurred_at
        loyalty = crm.read.loyalty.get(customer_id, as_of=last)
        if loyalty is not None and loyalty.tier in highest:
            return customer_id
    return next(iter(buyers), None)


def household(crm: crmcore.CRM, customer_id: UUID | None) -> Part:
    """One loyal household: what it did last, and how it stands."""
    title = "A loyal household"
    if customer_id is None:
        return Part("loyal_household", title, None, lambda: say("Nobody bought anything."))
    entries = crm.read.customers.history(customer_id)
    last = entries[-1].occurred_at
    loyalty = crm.read.loyalty.get(customer_id, as_of=last)
    document = {
        "customer_id": customer_id,
        "loyalty": None if loyalty is None else attrs.asdict(loyalty),
        "history": history_document(entries, LAST),
    }

    def show() -> None:
        show_history(crm, entries, LAST)
        if loyalty is not None:
            say()
            show_loyalty("Its loyalty after that", loyalty)

    return Part("loyal_household", title, document, show)


def tiers(crm: crmcore.CRM) -> Part:
    """How many members stand in each tier."""
    found = crm.read.loyalty.tiers()
    members = sum(one.members for one in found)

    def show() -> None:
        titles = ("Members", "Points", "Spent within a year, USD")
        rows = [
            [
                one.tier,
                one.members,
                one.points,
                money(one.year_spending),
                bar(Decimal(one.members) / members if members else None),
            ]
            for one in found
        ]
        table(["Tier", *(Column(title, number=True) for title in titles), "Share"], rows)

    title = "Loyalty tiers, as each member's last purchase left them"
    return Part("loyalty_tiers", title, [attrs.asdict(one) for one in found], show)


def campaigns(crm: crmcore.CRM, done: Sequence[Imported]) -> Part:
    """What each campaign brought, on what assumptions; those before the first purchase apart."""
    results = find(crm.read.campaigns.find, limit=sys.maxsize).items
    since = min((one.first_order for one in done if one.first_order), default=None)
    judged = [one for one in results if since is None or one.ends_at > since]
    document = {
        "assumed": ASSUMED,
        "purchases_known_since": since,
        "results": campaign_documents(results),
    }

    def show() -> None:
        show_campaigns(judged)
        if since is not None and len(judged) < len(results):
            say(
                f"Left out: {len(results) - len(judged)} campaigns that ended before"
                f" {since:%Y-%m-%d}, when the purchases in this data begin."
            )
        say(EXPLAINED, style="dim")
        say(ASSUMED, style="dim")

    return Part("campaigns", "What campaigns brought", document, show)


def service_levels(crm: crmcore.CRM, verdicts: Mapping[UUID, bool | None]) -> Part:
    """Compliance by queue, and whether each verdict is the city's."""
    now = crm.now()
    report = crm.read.service_levels.compliance(as_of=now, by=crmcore.Grouping.QUEUE)
    found = checks.compared(crm.read.service_levels.verdicts(as_of=now), verdicts)
    document = compliance_document(report) | {
        "agreement": attrs.asdict(found) | {"holds": found.holds}
    }

    def show() -> None:
        show_compliance(_largest(report), report.total, "queue")
        checks.show_agreement(found)

    title = "Service levels: cases solved by their target"
    return Part("service_levels", title, document, show, found.holds)


def _largest(report: Any) -> Sequence[Any]:
    """The largest groups, and the others as one."""
    by_size = sorted(report.groups, key=lambda one: -sum(one.counts.values()))
    shown, others = by_size[:QUEUES], by_size[QUEUES:]
    if not others:
        return shown
    counts: Counter[Any] = Counter()
    for one in others:
        counts.update(one.counts)
    return [*shown, type(report.total).of(f"{len(others)} other queues", counts)]


def audit(crm: crmcore.CRM) -> Part:
    """Whether the chain of the log is intact."""
    verdict = crm.verify()
    document = auditing.verdict_document(verdict)
    return Part(
        "audit", "The log", document, lambda: say(auditing.said(verdict)), bool(verdict.intact)
    )


def second_import(done: Sequence[Imported], recorded: int) -> Part:
    """Whether importing the same data again changed nothing."""
    commands = sum(one.commands for one in done)
    document = {
        "commands": commands,
        "unchanged": sum(one.unchanged for one in done),
        "events": recorded,
        "seconds": round(sum(one.seconds for one in done), 3),
    }
    text = f"All {commands:,} commands again: {recorded:,} new events."

    def show() -> None:
        say(text, style=None if recorded == 0 else "bold red")

    return Part("second_import", "The same import once more", document, show, recorded == 0)


def next_steps(crm: crmcore.CRM, customer_id: UUID | None, where: str | None) -> Part:
    """Commands that answer from the kept database."""
    program = _program()
    kept = f"--db {shlex.quote(where or 'sqlite:///demo.db')}"
    lines = [] if where else [f"{program} demo --keep demo.db"]
    lines += [f"{program} {kept} {question}" for question in _questions(crm, customer_id)]

    def show() -> None:
        for line in lines:
            print(f"  {line}")  # whole, to be copied

    return Part("next", "What to try next", lines, show)


def _program() -> str:
    """How to call this command line again: by its path where the shell does not find the name."""
    called = Path(sys.argv[0])
    found = called.name != "crmcore" or shutil.which("crmcore") is not None
    return "crmcore" if found else shlex.quote(str(called))


def _questions(crm: crmcore.CRM, customer_id: UUID | None) -> list[str]:
    questions = []
    if customer_id is not None:
        entries = crm.read.customers.history(customer_id)
        earlier, last = entries[len(entries) // 2].occurred_at, entries[-1].occurred_at
        questions += [
            f"history {customer_id} --as-of {earlier:%Y-%m-%d}",
            f"loyalty {customer_id} --as-of {last:%Y-%m-%d}",
        ]
    first = crm.read.cases.find(order_by="opened_at", limit=10).items
    case = next((one.number for one in first if one.number), None)
    questions += [] if case is None else [f"case {case}"]
    return [
        *questions,
        "customers find 'household 1'",
        "campaigns",
        "service-levels --by queue --from 2024-01-01 --to 2024-12-31",
        "projections status",
        "projections rebuild loyalty_status --compare --switch",
        "audit verify --json",
        "commands place-order",
    ]
