"""The read model of service: what was owed to each case, by when, and how the case went.

Everything owed follows from the case's life in instants, which is kept with the case; verdicts
depend on the moment of asking, so they are computed when asked and not stored.
"""

from collections import ChainMap
from collections.abc import Callable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from crmcore.application.log import Recorded
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.kernel.instants import to_micros
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
    CaseClassified,
    CaseCustomerIdentified,
    CaseOpened,
    CasePrioritised,
)
from crmcore.domain.service.case.messages.routing import CaseAssigned, CaseQueued, CaseTransferred
from crmcore.domain.service.case.messages.service_levels import (
    ServiceLevelAttached,
    ServiceLevelDetached,
    ServiceLevelReplaced,
    ServiceTargetBreached,
    ServiceTargetWarned,
)
from crmcore.domain.service.case.timeline import evolve_timeline, open_timeline
from crmcore.domain.service.levels.clock import TargetClock
from crmcore.domain.service.levels.target_clocks import clocks, unrecorded
from crmcore.domain.service.levels.timeline import Observed, Timeline
from crmcore.domain.service.terms import AuthorRole
from crmcore.projections.engine.projection import Projection, Row, Rows, by_stream
from crmcore.projections.engine.working import Working
from crmcore.projections.service.service_levels.tables import (
    GIVEN,
    SERVICE_CASES,
    SERVICE_CYCLES,
    SERVICE_LEVELS,
    SERVICE_WORK,
)
from crmcore.projections.service.service_levels.timelines import Packing


def service_levels(packing: Packing) -> Projection:
    """The read model."""
    moved = _Moved(packing)
    handlers: dict[type, Callable[[Any, Recorded, Rows], None]] = {
        CaseOpened: moved.opened,
        CaseCustomerIdentified: _sets(lambda e: {"customer_id": str(e.customer_id)}),
        CaseClassified: _sets(
            lambda e: {
                "kind": e.kind.value,
                "category": e.category,
                "request_type": e.request_type,
            }
        ),
        CasePrioritised: _sets(lambda e: {"priority": e.priority.value}),
        CaseQueued: _sets(lambda e: {"queue": e.queue}),
        CaseTransferred: _sets(lambda e: {"queue": e.queue, "agent": None}),
        CaseAssigned: _sets(lambda e: {"agent": e.agent}),
        CaseReplied: moved.replied,
        CaseStarted: moved.on,
        CasePended: moved.on,
        CaseHeld: moved.on,
        CaseResumed: moved.on,
        CaseSolved: moved.solved,
        CaseReopened: moved.reopened,
        CaseClosed: moved.closed,
        CaseMerged: moved.on,
        CaseQuestionInherited: moved.on,
        CaseSpamMarked: moved.on,
        ServiceLevelAttached: moved.on,
        ServiceLevelReplaced: moved.on,
        ServiceLevelDetached: moved.on,
        ServiceTargetWarned: moved.on,
        ServiceTargetBreached: moved.on,
    }
    return Projection(
        name="service_levels",
        version=4,
        tables=(SERVICE_CASES, SERVICE_CYCLES, SERVICE_LEVELS, SERVICE_WORK),
        handlers=handlers,
        groups=by_stream,
        working={
            SERVICE_CASES: Working("timeline", moved.pack, moved.unpack),
            SERVICE_LEVELS: Working("coming", _due),
        },
        provenance=False,
    )


@frozen
class _Moved:
    """The handlers of what moves a case's timeline, which stands packed in the column ``clock``."""

    _packing: Packing

    def pack(self, timeline: Timeline) -> Row:
        """The column that follows from a case's timeline."""
        return {"clock": self._packing.pack(timeline)}

    def unpack(self, row: Row) -> Timeline:
        """The timeline of a case that was written."""
        return self._packing.unpack(row["clock"])

    def opened(self, event: CaseOpened, recorded: Recorded, rows: Rows) -> None:
        timeline = open_timeline(event)
        facts = {
            "customer_id": None if event.customer_id is None else str(event.customer_id),
            "kind": event.kind.value,
            "category": event.category,
            "request_type": event.request_type,
            "priority": None if event.priority is None else event.priority.value,
            "queue": event.queue,
            "agent": None,
        }
        row = facts | {
            "case_id": recorded.stream,
            "number": event.number,
            "subject": event.subject,
            "channel": event.channel.value,
            "status": "new",
            "opened_at": event.at,
            "first_response_at": None,
            "closed_at": None,
            "contacts": 1,
            "changed_at": event.at,
            "facts_at": event.at,
            "facts": [[to_micros(event.at), facts]],
            "timeline": timeline,
        }
        rows.put(SERVICE_CASES, row)
        _put_cycle(rows, recorded.stream, 1, event.at)
        _show(rows, recorded.stream, timeline)

    def on(self, event: Any, recorded: Recorded, rows: Rows) -> None:
        self._move(event, recorded, rows)

    def replied(self, event: CaseReplied, recorded: Recorded, rows: Rows) -> None:
        row = _case(rows, recorded.stream)
        known: Row = {}
        if event.author_role is AuthorRole.CUSTOMER:
            known["contacts"] = row["contacts"] + 1
        if event.agent is not None and event.public:
            _worked(rows, recorded, event.agent, "reply", event.at)
        self._move(event, recorded, rows, **known)

    def solved(self, event: CaseSolved, recorded: Recorded, rows: Rows) -> None:
        cycle = rows.get(SERVICE_CYCLES, recorded.stream, event.cycle)
        assert cycle is not None, "a cycle is solved that has begun"
        owner = _case(rows, recorded.stream)["agent"]
        code = event.resolution_code
        found = {"solved_at": event.at, "resolution_code": code, "owner": owner}
        rows.put(SERVICE_CYCLES, cycle | found)
        agent = event.agent or owner
        if agent is not None:
            _worked(rows, recorded, agent, "solution", event.at)
        self._move(event, recorded, rows)

    def reopened(self, event: CaseReopened, recorded: Recorded, rows: Rows) -> None:
        known = rows.get(SERVICE_CYCLES, recorded.stream, event.cycle)
        if known is None:
            _put_cycle(rows, recorded.stream, event.cycle, event.at)
        else:
            rows.put(SERVICE_CYCLES, known | {"begun_at": event.at})
        self._move(event, recorded, rows)

    def closed(self, event: CaseClosed, recorded: Recorded, rows: Rows) -> None:
        self._move(event, recorded, rows, closed_at=event.at)

    def _move(self, event: Any, recorded: Recorded, rows: Rows, **known: Any) -> None:
        """Let *event* move the timeline, and show what is owed now."""
        row = _case(rows, recorded.stream)
        row.update(known)
        before: Timeline = row["timeline"]
        timeline = evolve_timeline(before, event)
        if timeline is not before:
            row["timeline"] = timeline
            row["status"] = timeline.statuses[-1].category.value
            row["first_response_at"] = timeline.first_response_at
            row["changed_at"] = max(row["changed_at"], event.at)
            _show(rows, recorded.stream, timeline)
        rows.put(SERVICE_CASES, row)


def _case(rows: Rows, case_id: str) -> Row:
    row = rows.get(SERVICE_CASES, case_id)
    assert row is not None, "a case is opened before anything else happens to it"
    return row


def _sets(values: Callable[[Any], Row]) -> Callable[[Any, Recorded, Rows], None]:
    """A handler that sets what the case is held to be."""

    def handle(event: Any, recorded: Recorded, rows: Rows) -> None:
        row, facts = _case(rows, recorded.stream), values(event)
        evolve_timeline = sorted([*row["facts"], [to_micros(event.at), facts]], key=itemgetter(0))
        holding = ChainMap(*(known for _, known in reversed(evolve_timeline)))
        known_by = {"facts": evolve_timeline, "facts_at": max(row["facts_at"], event.at)}
        rows.put(SERVICE_CASES, row | known_by | {name: holding[name] for name in facts})

    return handle


def _put_cycle(rows: Rows, case_id: str, cycle: int, begun_at: datetime) -> None:
    begun = {"case_id": case_id, "cycle": cycle, "begun_at": begun_at}
    rows.put(SERVICE_CYCLES, begun | dict.fromkeys(("solved_at", "resolution_code", "owner")))


def _worked(rows: Rows, recorded: Recorded, agent: str, done: str, at: datetime) -> None:
    position = {"case_id": recorded.stream, "position": recorded.position}
    rows.put(SERVICE_WORK, position | {"agent": agent, "done": done, "at": at})


def _show(rows: Rows, case_id: str, timeline: Timeline) -> None:
    """The rows of what is owed now, in place of what there was."""
    shown = {
        (row["cycle"], row["target"], row["occurrence"])
        for row in rows.group(SERVICE_LEVELS, case_id)
    }
    for one in clocks(timeline):
        rows.put(SERVICE_LEVELS, _row(case_id, one, timeline.observed))
        shown.discard((one.cycle, one.kind.value, one.occurrence))
    for key in shown:
        rows.delete(SERVICE_LEVELS, case_id, *key)


def _row(case_id: str, clock: TargetClock, observed: Sequence[Observed]) -> Row:
    """The row of a clock; ``_due`` asks the clock when the row is written."""
    return {
        "case_id": case_id,
        "cycle": clock.cycle,
        "target": clock.kind.value,
        "occurrence": clock.occurrence,
        "policy": clock.policy or GIVEN,
        "version": clock.version,
        "started_at": clock.started_at,
        "within_seconds": int(clock.within.total_seconds()),
        "completed_at": clock.completed_at,
        "withdrawn_at": clock.withdrawn_at,
        "paused_since": None if clock.completed_at else clock.paused_since,
        "coming": (clock, observed),
    }


def _due(coming: tuple[TargetClock, Sequence[Observed]]) -> Row:
    """When it is due and what comes next: the costly part, done once."""
    clock, observed = coming
    escalations = (one.at for one in unrecorded(clock, observed))
    return {"due_at": clock.due_at, "next_escalation_at": min(escalations, default=None)}
