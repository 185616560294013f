"""The read model of service: the targets of each case, by when they are due, and how the case went.

All targets follow from the case's life in instants, which is kept with the case; verdicts
depend on the moment of the query, so they are computed then and not stored.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from crmcore.application.log import Recorded
from crmcore.domain.service.case.facts import evolve_timeline, open_timeline
from crmcore.domain.service.case.messages.conversation import CaseReplied
from crmcore.domain.service.case.messages.life_cycle import (
    CaseClosed,
    CaseHeld,
    CasePended,
    CaseReopened,
    CaseResumed,
    CaseSolved,
    CaseSpamMarked,
    CaseStarted,
)
from crmcore.domain.service.case.messages.merging import CaseMerged, CaseQuestionInherited
from crmcore.domain.service.case.messages.opening import (
    CaseOpened,
)
from crmcore.domain.service.case.messages.service_levels import (
    ServiceLevelAttached,
    ServiceLevelDetached,
    ServiceLevelReplaced,
    ServiceTargetBreached,
    ServiceTargetWarned,
)
from crmcore.domain.service.levels.clock import TargetClock
from crmcore.domain.service.levels.target_clocks import clocks, unrecorded
from crmcore.domain.service.levels.timeline import Observed, Timeline
from crmcore.domain.service.terms import AuthorRole
from crmcore.projections.engine.projection import Projection, Row, Rows, by_stream
from crmcore.projections.engine.working import Working
from crmcore.projections.service.service_levels.assignments import target_of
from crmcore.projections.service.service_levels.case_row import (
    SERVICE_CASES,
    SETTING,
    case_of,
    opening_row,
)
from crmcore.projections.service.service_levels.tables import (
    SERVICE_CYCLES,
    SERVICE_LEVELS,
    SERVICE_WORK,
)
from crmcore.projections.service.service_levels.timelines import Packing


def service_levels(packing: Packing) -> Projection:
    """The read model."""
    working = Working("timeline", _case_columns(packing), lambda row: packing.unpack(row["clock"]))
    handlers: dict[type, Callable[[Any, Recorded, Rows], None]] = {
        CaseOpened: _opened,
        **SETTING,
        CaseReplied: _replied,
        CaseStarted: _move,
        CasePended: _move,
        CaseHeld: _move,
        CaseResumed: _move,
        CaseSolved: _solved,
        CaseReopened: _reopened,
        CaseClosed: _closed,
        CaseMerged: _move,
        CaseQuestionInherited: _move,
        CaseSpamMarked: _move,
        ServiceLevelAttached: _move,
        ServiceLevelReplaced: _move,
        ServiceLevelDetached: _move,
        ServiceTargetWarned: _move,
        ServiceTargetBreached: _move,
    }
    return Projection(
        name="service_levels",
        version=4,
        tables=(SERVICE_CASES, SERVICE_CYCLES, SERVICE_LEVELS, SERVICE_WORK),
        handlers=handlers,
        groups=by_stream,
        working={SERVICE_CASES: working, SERVICE_LEVELS: Working("target_clock", _target_columns)},
        provenance=False,
    )


def _opened(event: CaseOpened, recorded: Recorded, rows: Rows) -> None:
    timeline = open_timeline(event)
    rows.put(SERVICE_CASES, opening_row(event) | {"timeline": timeline})
    _put_cycle(rows, recorded.stream, 1, event.at)
    _put_targets(rows, recorded.stream, timeline)


def _replied(event: CaseReplied, recorded: Recorded, rows: Rows) -> None:
    row = case_of(rows, recorded.stream)
    known: Row = {}
    if event.author_role is AuthorRole.CUSTOMER:
        known["contacts"] = row["contacts"] + 1
    if event.agent is not None and event.public:
        _worked(rows, recorded, event.agent, "reply", event.at)
    _move(event, recorded, rows, **known)


def _solved(event: CaseSolved, recorded: Recorded, rows: Rows) -> None:
    cycle = rows.get(SERVICE_CYCLES, recorded.stream, event.cycle)
    assert cycle is not None, "a cycle is solved that has begun"
    owner = case_of(rows, recorded.stream)["agent"]
    code = event.resolution_code
    found = {"solved_at": event.at, "resolution_code": code, "owner": owner}
    rows.put(SERVICE_CYCLES, cycle | found)
    agent = event.agent or owner
    if agent is not None:
        _worked(rows, recorded, agent, "solution", event.at)
    _move(event, recorded, rows)


def _reopened(event: CaseReopened, recorded: Recorded, rows: Rows) -> None:
    known = rows.get(SERVICE_CYCLES, recorded.stream, event.cycle)
    if known is None:
        _put_cycle(rows, recorded.stream, event.cycle, event.at)
    else:
        rows.put(SERVICE_CYCLES, known | {"begun_at": event.at})
    _move(event, recorded, rows)


def _closed(event: CaseClosed, recorded: Recorded, rows: Rows) -> None:
    _move(event, recorded, rows, closed_at=event.at)


def _move(event: Any, recorded: Recorded, rows: Rows, **known: Any) -> None:
    """Let *event* move the clock, and show what is to be done now."""
    row = case_of(rows, recorded.stream)
    timeline = evolve_timeline(row["timeline"], event)
    if timeline is not row["timeline"]:
        known |= {"timeline": timeline, "changed_at": max(row["changed_at"], event.at)}
        _put_targets(rows, recorded.stream, timeline)
    rows.put(SERVICE_CASES, row | known)


def _put_cycle(rows: Rows, case_id: str, cycle: int, begun_at: datetime) -> None:
    begun = {"case_id": case_id, "cycle": cycle, "begun_at": begun_at}
    rows.put(SERVICE_CYCLES, begun | dict.fromkeys(("solved_at", "resolution_code", "owner")))


def _worked(rows: Rows, recorded: Recorded, agent: str, done: str, at: datetime) -> None:
    position = {"case_id": recorded.stream, "position": recorded.position}
    rows.put(SERVICE_WORK, position | {"agent": agent, "done": done, "at": at})


def _case_columns(packing: Packing) -> Callable[[Timeline], Row]:
    """What follows from the life of a case, once its row is written."""

    def columns(timeline: Timeline) -> Row:
        return {
            "clock": packing.pack(timeline),
            "status": timeline.statuses[-1].category.value,
            "first_response_at": timeline.first_response_at,
        }

    return columns


def _put_targets(rows: Rows, case_id: str, timeline: Timeline) -> None:
    """The rows of the targets that are assigned now, in place of what there was."""
    before = {
        (row["cycle"], row["target"], row["occurrence"])
        for row in rows.group(SERVICE_LEVELS, case_id)
    }
    for one in clocks(timeline):
        key = {
            "case_id": case_id,
            "cycle": one.cycle,
            "target": one.kind.value,
            "occurrence": one.occurrence,
        }
        rows.put(SERVICE_LEVELS, key | {"target_clock": (one, timeline.observed)})
        before.discard((one.cycle, one.kind.value, one.occurrence))
    for key_before in before:
        rows.delete(SERVICE_LEVELS, case_id, *key_before)


def _target_columns(measured: tuple[TargetClock, Sequence[Observed]]) -> Row:
    """What follows from a target's clock and from what was recorded of it: the costly part, done once."""
    clock, observed = measured
    target = target_of(clock)
    coming = (one.at for one in unrecorded(clock, observed))
    return {
        "policy": target.policy,
        "version": target.version,
        "started_at": target.started_at,
        "within_seconds": int(clock.within.total_seconds()),
        "due_at": target.due_at,
        "completed_at": target.completed_at,
        "withdrawn_at": target.withdrawn_at,
        "paused_since": target.paused_since,
        "next_escalation_at": min(coming, default=None),
    }
