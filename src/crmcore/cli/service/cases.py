"""`crmcore cases` and `case`: what is owed to cases, and until when."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import typer
from rich.text import Text

import crmcore
from crmcore.cli.faults import Fault, answering
from crmcore.cli.instants import by_then, last_moment
from crmcore.cli.output import (
    Column,
    counted,
    emit,
    heading,
    instant,
    say,
    table,
)
from crmcore.cli.service.options import AsOf, KnownAt, Limit
from crmcore.cli.service.targets import burn_down, particulars, target_name, working_time
from crmcore.cli.session import Stale, options_of, reading
from crmcore.cli.timeline import Line, case_numbers_in, timeline, who
from crmcore.cli.wording import sentence

FIELDS: Final = (
    "case_id", "customer_id", "number", "subject", "kind", "channel", "category", "request_type",
    "priority", "queue", "agent", "status", "opened_at", "first_response_at", "closed_at",
)  # fmt: skip
TARGET_FIELDS: Final = (
    "cycle", "begun_at", "target", "occurrence", "policy", "version", "started_at", "due_at",
    "completed_at", "withdrawn_at", "paused_since", "elapsed", "remaining",
)  # fmt: skip


def add_to(app: typer.Typer) -> None:
    """Put these commands into *app*."""
    app.command("cases")(cases)
    app.command("case")(case)


@answering
def cases(
    ctx: typer.Context,
    limit: Limit = 20,
    as_of: AsOf = None,
    stale: Stale = False,
) -> None:
    """The open cases, the most urgent first, and how much time is left for each.

    The bar is what is left of the time allowed: it burns down to nothing when the target is due.
    """
    options, moment = options_of(ctx), last_moment("--as-of", as_of)
    with reading(options, "service_levels", stale=stale) as crm:
        moment = moment or crm.now()
        found = crm.read.open_cases(as_of=moment)
    if options.json:
        documents = [
            _case_document(one.case) | {"targets": [_target_document(of) for of in one.owed]}
            for one in found[:limit]
        ]
        emit({"as_of": moment, "count": len(found), "cases": documents})
        return
    waiting = [one for one in found if one.next is not None]
    shown = waiting[:limit]
    if shown:
        table(
            [
                Column("Case", whole=True),
                "Priority",
                "Target",
                Column("Due (UTC)", whole=True),
                Column("Left", number=True),
                Column("", whole=True),
            ],
            [_open_row(one) for one in shown],
        )
    _sum_up(len(shown), len(waiting), len(found))


def _sum_up(shown: int, waiting: int, opened: int) -> None:
    idle = opened - waiting
    more = [f"{waiting - shown:,} more (--limit shows them)"] if waiting > shown else []
    more += [f"{idle:,} of which nothing is owed"] if idle else []
    say(f"{counted(opened, 'open case')}{': ' if more else ''}{', '.join(more)}.", style="dim")


def _open_row(one: Any) -> list[object]:
    level = one.next
    return [
        one.case.number or one.case.case_id,
        one.case.priority,
        target_name(level),
        instant(level.due_at),
        working_time(level, level.remaining),
        burn_down(level),
    ]


@answering
def case(
    ctx: typer.Context,
    case: Annotated[str, typer.Argument(metavar="CASE", help="The case's id or number.")],
    as_of: AsOf = None,
    known_at: KnownAt = None,
    stale: Stale = False,
) -> None:
    """One case: what is owed to it and until when, and what happened."""
    options, known_by = options_of(ctx), last_moment("--known-at", known_at)
    with reading(options, "service_levels", stale=stale) as crm:
        moment = last_moment("--as-of", as_of) or known_by or crm.now()
        read = crm.read if known_by is None else crm.read.known_at(known_by)
        levels = read.case(case.strip(), as_of=moment)
        if not levels:
            asked = by_then(as_of, known_at)
            raise Fault(f"there is no case {case!r}{asked}: give its id or number")
        found = levels[0].case
        happened = (
            one
            for one in crm.events(stream_id=found.case_id)
            if one.occurred_at <= moment and (known_by is None or one.recorded_at <= known_by)
        )
        events = sorted(happened, key=lambda one: (one.occurred_at, one.position))
        names = case_numbers_in(crm, [one.data for one in events])
        kinds = crm.event_kinds
    if options.json:
        targets = [_target_document(one) for one in levels]
        emit(_case_document(found) | {"as_of": moment, "targets": targets})
        return
    say(f"Case {found.number or found.case_id}: {found.subject}", style="bold")
    facts = {
        "": found.status.replace("_", " "),
        "priority": found.priority,
        "queue": found.queue,
        "agent": found.agent,
    }
    say(", ".join(f"{name} {fact}".strip() for name, fact in facts.items() if fact))
    _show_targets(levels)
    heading("What happened")
    timeline([_line(kinds, one, names) for one in events])


def _show_targets(levels: Sequence[Any]) -> None:
    """A row for each thing that was owed, cycle by cycle, and what to know about it."""
    owed = [one for one in levels if one.target is not None]
    say()
    if not owed:
        say("Nothing is owed: no service level holds for it.")
        return
    several = len({one.cycle for one in levels}) > 1
    titles: list[Column | str] = ["Target", Column("Due (UTC)", whole=True)]
    titles += [Column("Used", number=True), Column("Left", number=True), "Verdict"]
    rows = [
        [
            target_name(one) + (f", cycle {one.cycle}" if several else ""),
            instant(one.due_at),
            working_time(one, one.elapsed),
            working_time(one, one.remaining),
            one.verdict().value,
            burn_down(one, 10, beside=True) if one.is_open else Text(""),
        ]
        for one in owed
    ]
    table([*titles, Column("", whole=True)], rows)
    say()
    for one in owed:
        say(f"{target_name(one).capitalize()}: {particulars(one)}.", style="dim")


def _case_document(case: Any) -> dict[str, Any]:
    """What a case is, without what only its clock needs."""
    return {name: getattr(case, name) for name in FIELDS}


def _target_document(one: Any) -> dict[str, Any]:
    standing = one.standing
    return {name: getattr(one, name) for name in TARGET_FIELDS} | {
        "verdict": one.verdict(),
        "next_escalation": None if standing is None else standing.next_escalation,
        "due_if_resumed": None if standing is None else standing.due_if_resumed,
    }


def _line(kinds: Mapping[str, type], one: crmcore.Recorded, names: Mapping[str, str]) -> Line:
    return Line(
        position=one.position,
        occurred_at=one.occurred_at,
        recorded_at=one.recorded_at,
        says=sentence(kinds, one.topic, one.data, names),
        who=who(one.actor, one.source),
    )
