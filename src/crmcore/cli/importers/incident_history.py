"""An incident's updates as commands: what each row changes from what was recorded before.

A case holds less than the log in some places, and is stricter in others.  Where a row cannot be
recorded as it stands, a remark says what was done with it; nothing is passed over in silence.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import attrs

from crmcore import Command, StatusCategory
from crmcore.cli.importers.incident_rows import Turn, Update
from crmcore.commands import (
    AssignCase,
    CaseKind,
    ClassifyCase,
    CloseCase,
    HoldCase,
    OpenCase,
    PendCase,
    PrioritiseCase,
    QueueCase,
    ReopenCase,
    ResumeCase,
    SolveCase,
    StartCase,
    TransferCase,
)
from crmcore.policies import STANDARD_MATRIX

UNKNOWN: Final = "unknown"
"""The resolution code of a solution that did not last: the log keeps the last one's only."""

REOPENED: Final = "taken up again by the desk"
BY_HAND: Final = "as the desk's log says"

NEW, OPEN = StatusCategory.NEW, StatusCategory.OPEN
PENDING, ON_HOLD = StatusCategory.PENDING, StatusCategory.ON_HOLD
SOLVED, CLOSED = StatusCategory.SOLVED, StatusCategory.CLOSED


@attrs.define
class Outcome:
    """What one row comes to."""

    commands: list[Command] = attrs.Factory(list)
    remarks: list[str] = attrs.Factory(list)


@attrs.define
class History:
    """What was recorded of an incident so far: as its case stands, if each command is carried out.

    *case_ids* gives the case of each part: an incident taken up after it was closed goes on in a
    case that follows.  *last_solved* is the count of the update that solved it for good.
    """

    case_ids: Callable[[int], UUID]
    customer_id: UUID | None
    last_solved: int | None
    part: int = 0
    case: UUID | None = None
    category: StatusCategory = NEW
    waits_for: str | None = None
    queue: str | None = None
    agent: str | None = None
    before: Update | None = None

    def apply(self, row: Update) -> Outcome:
        """The commands that bring the case to where *row* says that it stands."""
        outcome = Outcome()
        turn = self._turn(row, outcome)
        if self.before is None:
            outcome.commands += self._opening(row, self._opened(row, outcome))
        elif self.category is CLOSED and turn.category is not CLOSED:
            outcome.remarks.append("taken up after it was closed: a case that follows it is opened")
            outcome.commands += self._opening(row, row.sys_updated_at)
        elif self.category is CLOSED:
            outcome.remarks += self._too_late(row)
        else:
            outcome.commands += self._particulars(row, outcome)
        if self.category is not CLOSED:
            outcome.commands += self._steps(row, turn, outcome)
            self._kept_back(row, outcome)
        self.before = row
        return outcome

    def _turn(self, row: Update, outcome: Outcome) -> Turn:
        if row.incident_state is not None:
            return row.incident_state
        outcome.remarks.append("incident_state is missing (-100): the case stays as it was")
        return Turn(self.category, self.waits_for)

    @property
    def _case(self) -> UUID:
        assert self.case is not None  # the first row opens it
        return self.case

    # What the case is about

    def _opened(self, row: Update, outcome: Outcome) -> datetime:
        if row.opened_at is None:
            outcome.remarks.append("opened_at is missing: opened at the first update")
        elif row.opened_at > row.sys_updated_at:
            outcome.remarks.append(
                "opened_at is later than the first update: opened at that update"
            )
        else:
            return row.opened_at
        return row.sys_updated_at

    def _opening(self, row: Update, at: datetime) -> Iterator[Command]:
        follows = self.case
        self.part += 1
        self.case = opened = self.case_ids(self.part)
        self.category, self.waits_for = NEW, None
        self.queue, self.agent = row.assignment_group, None
        yield OpenCase(
            case_id=opened,
            customer_id=self.customer_id,
            kind=CaseKind.INCIDENT,
            channel=row.contact_type,
            subject=row.u_symptom or row.subcategory or row.category or "an incident",
            description=row.location,
            queue=row.assignment_group,
            number=row.number if self.part == 1 else f"{row.number}/{self.part}",
            category=row.category,
            request_type=row.subcategory,
            follows=follows,
            at=at,
            **_assessment(row),
        )

    def _particulars(self, row: Update, outcome: Outcome) -> Iterator[Command]:
        """What changed but for the state and the agent, who may depend on it."""
        before, at = self.before, row.sys_updated_at
        assert before is not None
        category = _news(before.category, row.category)
        request_type = _news(before.subcategory, row.subcategory)
        if category or request_type:
            yield ClassifyCase(
                case_id=self._case, category=category, request_type=request_type, at=at
            )
        assessed = _assessment(row)
        if assessed and assessed != _assessment(before):
            yield PrioritiseCase(case_id=self._case, at=at, **assessed)
        yield from self._queueing(row, at)
        outcome.remarks += self._left_out(before, row)

    def _queueing(self, row: Update, at: datetime) -> Iterator[Command]:
        group = row.assignment_group
        if group is None or group == self.queue:
            return
        if self.queue is None:
            yield QueueCase(case_id=self._case, queue=group, at=at)
        else:
            yield TransferCase(case_id=self._case, queue=group, at=at)
            self.agent = None  # a transfer releases the agent
        self.queue = group

    def _left_out(self, before: Update, row: Update) -> Iterator[str]:
        if row.caller_id != before.caller_id:
            yield "caller_id changed: the case stays with its customer"
        if before.assignment_group is not None and row.assignment_group is None:
            yield "assignment_group was taken away: the case stays in its queue"
        if self.agent is not None and before.assigned_to is not None and row.assigned_to is None:
            yield "assigned_to was taken away: the case stays with its agent"
        if (before.category and not row.category) or (before.subcategory and not row.subcategory):
            yield "the category was taken away: the case stays in it"

    def _too_late(self, row: Update) -> Iterator[str]:
        kept = "caller_id category subcategory impact urgency priority assignment_group assigned_to"
        changed = [
            name for name in kept.split() if getattr(row, name) != getattr(self.before, name)
        ]
        if changed:
            yield f"{', '.join(changed)} changed after closing: a closed case stays as it is"

    # Whose turn it is

    def _steps(self, row: Update, turn: Turn, outcome: Outcome) -> Iterator[Command]:
        """The changes of state; the agent is recorded where the case can have one, and is not closed."""
        at, case_id, wanted = row.sys_updated_at, self._case, turn.category
        if self.category is SOLVED and not turn.ends:
            self.category = OPEN
            yield ReopenCase(case_id=case_id, reason=REOPENED, at=at)
        if self.category is not NEW and wanted is NEW:
            outcome.remarks.append("new once more: a case that was taken up stays open")
            wanted = OPEN
        if self.category is NEW and wanted is OPEN and row.assigned_to is None:
            yield StartCase(case_id=case_id, at=at)  # else giving it to its agent starts it
        elif self.category in (PENDING, ON_HOLD) and wanted is OPEN:
            yield ResumeCase(case_id=case_id, at=at)
        elif wanted is PENDING and self.category is not PENDING:
            yield PendCase(case_id=case_id, at=at)
        elif wanted is ON_HOLD:
            yield from self._holding(turn, at, outcome)
        elif turn.ends and self.category is not SOLVED:
            if wanted is CLOSED:
                outcome.remarks.append("closed without being resolved: solved at the same minute")
            yield self._solution(row)
        self.category, self.waits_for = wanted, turn.third_party
        yield from self._assignment(row)
        if wanted is CLOSED:
            yield CloseCase(case_id=case_id, at=at)

    def _holding(self, turn: Turn, at: datetime, outcome: Outcome) -> Iterator[Command]:
        if self.category is not ON_HOLD:
            yield HoldCase(case_id=self._case, third_party=turn.third_party, at=at)
        elif self.waits_for != turn.third_party:
            outcome.remarks.append("waits for another third party: the case stays on hold")

    def _solution(self, row: Update) -> Command:
        lasts = row.sys_mod_count == self.last_solved
        return SolveCase(
            case_id=self._case,
            resolution_code=(row.closed_code if lasts else None) or UNKNOWN,
            agent=row.assigned_to,
            at=row.sys_updated_at,
        )

    def _assignment(self, row: Update) -> Iterator[Command]:
        if self.category is NEW or row.assigned_to in (None, self.agent):
            return
        self.agent = row.assigned_to
        yield AssignCase(case_id=self._case, agent=row.assigned_to, at=row.sys_updated_at)

    def _kept_back(self, row: Update, outcome: Outcome) -> None:
        """An agent starts a new case, and the desk's is still new: it is recorded when taken up."""
        agent = None if self.before is None else self.before.assigned_to
        if self.category is NEW and row.assigned_to not in (None, agent):
            outcome.remarks.append("assigned_to of a new incident: assigned when it is taken up")


def _news(before: str | None, now: str | None) -> str | None:
    return None if now == before else now


def _assessment(row: Update) -> dict[str, Any]:
    """Impact and urgency, and the priority where the matrix does not say so; as far as known."""
    both = row.impact is not None and row.urgency is not None
    assessed = {"impact": row.impact, "urgency": row.urgency} if both else {}
    if row.impact is not None and row.urgency is not None:
        if row.priority in (None, STANDARD_MATRIX.priority(row.impact, row.urgency)):
            return assessed
    elif row.priority is None:
        return {}
    return assessed | {"priority": row.priority, "override_reason": BY_HAND}
