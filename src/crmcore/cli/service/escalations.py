"""`crmcore escalations`: which warnings and breaches nobody has recorded yet."""

import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC
from typing import Any, Final

import click

import crmcore
from crmcore.cli.faults import WrongCallError
from crmcore.cli.instants import FORM, end
from crmcore.cli.output import NOTHING, Column, counted, instant, say, table
from crmcore.cli.pages import after, emit_page, limit, show_next
from crmcore.cli.service.targets import target_name
from crmcore.cli.session import Options, reading, stale

PARTS: Final = 6
"""Of what an escalation is ordered by."""


@click.option("--until", metavar="T", help=f"Before then: {FORM}. Now without.")
@click.option("--record", is_flag=True, help="Record them, each once.")
@limit
@after
@stale
@click.pass_obj
def escalations(
    options: Options, until: str | None, record: bool, limit: int, after: str | None, stale: bool
) -> None:
    """Carry out `crmcore escalations`."""
    moment = end("--until", until)
    if record and stale:
        raise WrongCallError("--record brings the read model up to date: leave out --stale")
    with reading(options, "service_levels", stale=stale) as crm:
        moment = moment or crm.now()
        found = crm.read.cases.escalations(moment)
        shown, following = _page(found, limit, after)
        done = crm.due(moment) if record else None
    if options.json:
        recorded = None if done is None else [_event_document(one) for one in done.events]
        listed = [_escalation_document(one) for one in shown]
        known = {"until": moment, "count": len(found), "recorded": recorded}
        emit_page("due", listed, following, **known)
        return
    if shown:
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
                    one.number or one.case_id,
                    target_name(one),
                    one.name,
                    one.action or NOTHING,
                    instant(one.due_at),
                ]
                for one in shown
            ],
        )
    of = f"{len(shown):,} of " if len(shown) < len(found) else ""
    say(f"{of}{counted(len(found), 'escalation')} before {instant(moment)} UTC.", style="dim")
    show_next(following)
    if done is not None:
        say(f"{counted(len(done.events), 'event')} recorded.")


def _page(found: Sequence[Any], limit: int, after: str | None) -> tuple[Sequence[Any], str | None]:
    """The first *limit* of what was *found*, or those after a cursor; and the next cursor.

    A cursor is what an escalation is ordered by: it holds while others are recorded.
    """
    in_order = sorted(found, key=_place)
    if after is not None:
        place = _place_of(after)
        in_order = [one for one in in_order if _place(one) > place]
    shown = in_order[:limit]
    more = len(in_order) > limit
    return shown, _cursor(_place(shown[-1])) if more else None


def _place(one: Any) -> tuple[str, ...]:
    """What an escalation is ordered by, as text that sorts alike: no two have the same."""
    at = one.at.astimezone(UTC).isoformat(timespec="microseconds")
    numbers = f"{one.occurrence:09}", f"{one.cycle:09}"
    return (at, str(one.case_id), one.target.value, *numbers, one.name)


def _cursor(place: tuple[str, ...]) -> str:
    return urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _place_of(cursor: str) -> tuple[str, ...]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = json.loads(b64decode(padded, altchars=b"-_", validate=True))
        if len(place) == PARTS and all(isinstance(part, str) for part in place):
            return tuple(place)
    except (TypeError, ValueError, RecursionError):
        pass
    raise WrongCallError(f"--after: expected the `next` of a page of escalations, got {cursor!r}")


def _escalation_document(one: Any) -> dict[str, Any]:
    names = ("case_id", "number", "cycle", "target", "occurrence", "policy", "name", "action")
    return {name: getattr(one, name) for name in (*names, "at", "due_at")}


def _event_document(one: crmcore.Recorded) -> dict[str, Any]:
    return {
        "case_id": one.stream_id,
        "topic": one.topic,
        "at": one.occurred_at,
        "position": one.position,
    }
