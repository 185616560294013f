"""`crmcore cases`, `case` and `escalations`: what is owed to cases, and until when."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Final

import typer
from rich.text import Text

import crmcore
from crmcore.cli.faults import Fault, WrongCallError, answering
from crmcore.cli.instants import FORM, by_then, end, last_moment
from crmcore.cli.output import (
    NOTHING,
    Column,
    bar,
    counted,
    duration,
    emit,
    heading,
    instant,
    say,
    table,
)
from crmcore.cli.service import AsOf, KnownAt
from crmcore.cli.session import Stale, options_of, reading
from crmcore.cli.timeline import Line, case_numbers_in, timeline, who
from crmcore.cli.wording import sentence

__all__ = ["add_to"]

OVERDUE: Final = "overdue"
FIELDS: Final = (
    "case_id", "customer_id", "number", "subject", "kind", "channel", "category", "request_type",
    "priority", "queue", "agent", "status", "opened_at", "first_response_at", "closed_at",
)  # fmt: skip
TARGET_FIELDS: Final = (
    "cycle", "begun_at", "target", "occurrence", "policy", "version", "started_at", "due_at",
    "completed_at", "withdrawn_at", "paused_since", "elapsed", "remaining",
)  # fmt: skip


Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Show so many at most.")]


def add_to(app: typer.Typer) -> None:
    """Put these commands into *app*."""
    app.command("cases")(cases)
    app.command("case")(case)
    app.command("escalations")(escalations)


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
        _target(level),
        instant(level.due_at),
        _time(level, level.remaining),
        _burned(level),
    ]


def _time(level: Any, span: timedelta | None) -> str:
    """Working time in hours; elapsed time, of a deadline that came with the case, in days."""
    return duration(span, days=level.version is None)


def _burned(level: Any, width: int = 12, *, told: bool = False) -> Text:
    """What is left of the time allowed, as a bar; a word where no time runs, unless *told* beside."""
    verdict = level.verdict().value
    if level.target is None or level.elapsed is None:
        return Text("")
    if not level.is_open:
        return Text(verdict, style="green" if verdict == "met" else "red")
    if verdict == "breached":
        return Text(OVERDUE, style="bold red")
    allowed = level.elapsed + level.remaining
    left = Decimal(level.remaining / allowed) if allowed > timedelta(0) else Decimal(0)
    drawn = bar(left, width)
    return drawn + Text(f" {verdict}") if verdict == "paused" and not told else drawn


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
    timeline([_line(one, names) for one in events])


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
            _target(one) + (f", cycle {one.cycle}" if several else ""),
            instant(one.due_at),
            _time(one, one.elapsed),
            _time(one, one.remaining),
            one.verdict().value,
            _burned(one, 10, told=True) if one.is_open else Text(""),
        ]
        for one in owed
    ]
    table([*titles, Column("", whole=True)], rows)
    say()
    for one in owed:
        say(f"{_target(one).capitalize()}: {_particulars(one)}.", style="dim")


def _particulars(one: Any) -> str:
    """Who owes it, what became of it, and what comes next."""
    given = one.version is None
    by = "given with the case" if given else f"policy {one.policy} ({one.version})"
    told = [f"{by}, from {instant(one.started_at)}"]
    if one.completed_at is not None and one.completed_at <= one.as_of:
        told.append(f"done {instant(one.completed_at)}")
    elif not one.is_open:
        told.append(f"not owed since {instant(one.withdrawn_at)}")
    elif one.verdict().value == "paused":
        told.append(f"paused since {instant(one.paused_since)}")
        told.append(f"due {instant(one.standing.due_if_resumed)} if it went on now")
    elif one.standing.next_escalation is not None:
        coming = one.standing.next_escalation
        action = f" ({coming.action})" if coming.action else ""
        told.append(f"next: {coming.name}{action} at {instant(coming.at)}")
    return "; ".join(told)


def _target(one: Any) -> str:
    if one.target is None:
        return "nothing owed"
    name = str(one.target.value).replace("_", " ")
    return name if one.occurrence == 1 else f"{name} {one.occurrence}"


@answering
def escalations(
    ctx: typer.Context,
    until: Annotated[
        str | None, typer.Option("--until", metavar="T", help=f"Before then: {FORM}. Now without.")
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", metavar="", help="Record them, each once.")
    ] = False,
    limit: Limit = 20,
    stale: Stale = False,
) -> None:
    """Warnings and breaches of service levels that nobody has recorded yet.

    With an instant to come it tells what will be due if nothing happens.  A scheduler
    calls this with --record, and tells whoever is to be told; verdicts do not depend on it.
    """
    options, moment = options_of(ctx), end("--until", until)
    if record and stale:
        raise WrongCallError("--record brings the read model up to date: leave out --stale")
    with reading(options, "service_levels", stale=stale) as crm:
        moment = moment or crm.now()
        found = crm.read.escalations(moment)
        done = crm.due(moment) if record else None
    if options.json:
        told = None if done is None else [_event_document(one) for one in done.events]
        listed = [_escalation_document(one) for one in found[:limit]]
        emit({"until": moment, "count": len(found), "due": listed, "recorded": told})
        return
    if found:
        table(
            [
                Column("When (UTC)", whole=True),
                Column("Case", whole=True),
                "Target",
                "What",
                "Action",
                Column("Due (UTC)", whole=True),
            ],
            [
                [
                    instant(one.at),
                    one.case.number or one.case.case_id,
                    _target(one),
                    one.name,
                    one.action or NOTHING,
                    instant(one.due_at),
                ]
                for one in found[:limit]
            ],
        )
    more = f", {len(found) - limit:,} of them not shown (--limit)" if len(found) > limit else ""
    say(f"{counted(len(found), 'escalation')} before {instant(moment)} UTC{more}.", style="dim")
    if done is not None:
        say(f"{counted(len(done.events), 'event')} recorded.")


def _escalation_document(one: Any) -> dict[str, Any]:
    names = ("cycle", "target", "occurrence", "policy", "name", "action", "at", "due_at")
    told = {name: getattr(one, name) for name in names}
    return {"case_id": one.case.case_id, "number": one.case.number} | told


def _event_document(one: crmcore.Recorded) -> dict[str, Any]:
    told = {"case_id": one.stream_id, "topic": one.topic, "at": one.occurred_at}
    return told | {"position": one.position}


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


def _line(one: crmcore.Recorded, names: Mapping[str, str]) -> Line:
    return Line(
        position=one.position,
        occurred_at=one.occurred_at,
        recorded_at=one.recorded_at,
        says=sentence(one.topic, one.data, names),
        who=who(one.actor, one.source),
    )
