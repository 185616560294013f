"""`crmcore cases` and `case`: the targets of cases, and when they are due."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

import crmcore
from crmcore.cli.faults import Fault
from crmcore.cli.instants import by_then, last_moment
from crmcore.cli.output import (
    NOTHING,
    Column,
    counted,
    emit,
    heading,
    instant,
    one_line,
    say,
    table,
)
from crmcore.cli.pages import after, emit_page, find, limit, show_next
from crmcore.cli.service.options import as_of, known_at
from crmcore.cli.service.targets import burn_down, particulars, target_name, working_time
from crmcore.cli.session import Options, reading, stale
from crmcore.cli.timeline import Line, case_numbers_in, timeline, who

FIELDS: Final = (
    "case_id", "customer_id", "number", "subject", "kind", "channel", "category", "request_type",
    "priority", "queue", "agent", "status", "opened_at", "first_response_at", "closed_at",
)  # fmt: skip
TARGET_FIELDS: Final = (
    "target", "occurrence", "policy", "version", "started_at", "due_at", "completed_at",
    "withdrawn_at", "paused_since", "elapsed", "remaining", "verdict", "next_escalation",
    "due_if_resumed",
)  # fmt: skip
NO_TARGET: Final = {"occurrence": 1, "verdict": "none"}
"""What is said of a cycle without a target, beside nothing."""


@limit
@after
@as_of
@stale
@click.pass_obj
def cases(options: Options, limit: int, after: str | None, as_of: str | None, stale: bool) -> None:
    """Carry out `crmcore cases`."""
    moment = last_moment("--as-of", as_of)
    with reading(options, "service_levels", stale=stale) as crm:
        moment = moment or crm.now()
        page = find(crm.read.cases.find, is_open=True, as_of=moment, limit=limit, after=after)
        backlog = crm.read.cases.backlog(as_of=moment)
    if options.json:
        documents = [_case_document(one) | {"targets": _open_targets(one)} for one in page.items]
        emit_page("cases", documents, page.next, as_of=moment, count=backlog.open)
        return
    if page.items:
        table(
            [
                Column("Case", whole=True),
                "Priority",
                "Target",
                Column("Due (UTC)", whole=True),
                Column("Left", number=True),
                Column("", whole=True),
            ],
            [_open_row(one) for one in page.items],
        )
    _sum_up(len(page.items), backlog)
    show_next(page.next)


def _sum_up(shown: int, backlog: Any) -> None:
    """How many are shown of how many, and for how many no time runs."""
    of = f"{shown:,} of " if shown < backlog.open else ""
    idle = backlog.open - backlog.with_targets
    without = f", {idle:,} of them without a target to be met" if idle else ""
    say(f"{of}{counted(backlog.open, 'open case')}{without}.", style="dim")


def _open_row(one: Any) -> list[object]:
    name = one.number or one.case_id
    to_meet = _by_urgency(one)
    if not to_meet:
        return [name, one.priority, *([NOTHING] * 3), ""]
    target = to_meet[0][1]
    return [
        name,
        one.priority,
        target_name(target),
        instant(target.due_at),
        working_time(target, target.remaining),
        burn_down(target),
    ]


def _by_urgency(case: Any) -> Sequence[tuple[Any, Any]]:
    """The targets that are still to be met, each with its cycle: first what is due first."""
    opened = [one for one in _targets(case) if one[1].is_open]
    return sorted(opened, key=lambda one: (one[1].due_at is None, one[1].due_at or case.as_of))


def _targets(case: Any) -> Sequence[tuple[Any, Any]]:
    """All targets of a case, each with its cycle."""
    return [(cycle, target) for cycle in case.cycles for target in cycle.targets]


@click.argument("case", help="The case's id or number.")
@as_of
@known_at
@stale
@click.pass_obj
def case(options: Options, case: str, as_of: str | None, known_at: str | None, stale: bool) -> None:
    """Carry out `crmcore case`."""
    known_by = last_moment("--known-at", known_at)
    with reading(options, "service_levels", stale=stale) as crm:
        moment = last_moment("--as-of", as_of) or known_by or crm.now()
        read = crm.read if known_by is None else crm.read.known_at(known_by)
        found = read.cases.get(case.strip(), as_of=moment)
        if found is None:
            then = by_then(as_of, known_at)
            raise Fault(f"there is no case {case!r}{then}: give its id or number")
        happened = (
            one
            for one in crm.events(stream_id=found.case_id)
            if one.occurred_at <= moment and (known_by is None or one.recorded_at <= known_by)
        )
        events = sorted(happened, key=lambda one: (one.occurred_at, one.position))
        names = case_numbers_in(crm, [one.data for one in events])
        lines = [_line(crm, one, names) for one in events]
    if options.json:
        targets = [
            _target_document(cycle, target)
            for cycle in found.cycles
            for target in cycle.targets or (None,)
        ]
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
    _show_targets(found)
    heading("What happened")
    timeline(lines)


def _show_targets(case: Any) -> None:
    """A row for each target, cycle by cycle, and what to know about it."""
    targets = _targets(case)
    say()
    if not targets:
        say("No target: no service level is assigned to it.")
        return
    several = len(case.cycles) > 1
    titles: list[Column | str] = ["Target", Column("Due (UTC)", whole=True)]
    titles += [Column("Used", number=True), Column("Left", number=True), "Verdict"]
    rows = [
        [
            target_name(one) + (f", cycle {cycle.number}" if several else ""),
            instant(one.due_at),
            working_time(one, one.elapsed),
            working_time(one, one.remaining),
            one.verdict.value,
            burn_down(one, 10, beside=True) if one.is_open else "",
        ]
        for cycle, one in targets
    ]
    table([*titles, Column("", whole=True)], rows)
    say()
    for _, one in targets:
        say(f"{target_name(one).capitalize()}: {particulars(one)}.", style="dim")


def _open_targets(case: Any) -> Sequence[dict[str, Any]]:
    return [_target_document(cycle, target) for cycle, target in _by_urgency(case)]


def _case_document(case: Any) -> dict[str, Any]:
    """What a case is, without its cycles."""
    return {name: getattr(case, name) for name in FIELDS}


def _target_document(cycle: Any, target: Any) -> dict[str, Any]:
    """A target of a cycle; None: there is none."""
    if target is None:
        known = dict.fromkeys(TARGET_FIELDS) | NO_TARGET
    else:
        known = {name: getattr(target, name) for name in TARGET_FIELDS}
    return {"cycle": cycle.number, "begun_at": cycle.begun_at} | known


def _line(crm: crmcore.CRM, one: crmcore.Recorded, names: Mapping[str, str]) -> Line:
    return Line(
        position=one.position,
        occurred_at=one.occurred_at,
        recorded_at=one.recorded_at,
        says=one_line(crm.sentence(one, names=names)),
        who=who(one.actor, one.source),
    )
