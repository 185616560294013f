"""Whatever is done to a case, its clock says what a desk that ticks every half hour says."""

from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import stateful as machine
from hypothesis import strategies as st

from crmcore.domain.kernel import DomainError
from crmcore.domain.kernel.working_time import ELAPSED
from crmcore.domain.service.case.decisions.decide import AGGREGATE, decide
from crmcore.domain.service.case.messages.conversation import ReplyToCase
from crmcore.domain.service.case.messages.life_cycle import (
    HoldCase,
    PendCase,
    ReopenCase,
    ResumeCase,
    SolveCase,
)
from crmcore.domain.service.case.messages.opening import PrioritiseCase
from crmcore.domain.service.case.messages.service_levels import (
    ObserveServiceLevels,
    ReapplyServiceLevels,
)
from crmcore.domain.service.case.policy import CasePolicy
from crmcore.domain.service.case.state import Unopened
from crmcore.domain.service.levels.clock import Verdict
from crmcore.domain.service.levels.policy import (
    Anchor,
    Condition,
    PauseCategory,
    ServiceLevelPolicy,
)
from crmcore.domain.service.levels.target_clocks import clocks
from crmcore.domain.service.levels.version.state import ServiceLevelVersion
from crmcore.domain.service.priority import Priority
from crmcore.domain.service.terms import AuthorRole, StatusCategory
from tests.domain.service.case_examples import CASE_ID, open_case
from tests.domain.service_levels.examples import (
    FIRST,
    NEXT,
    OFFICE,
    PENDING,
    SOLUTION,
    UPDATE,
    WAITING,
    hours,
    target,
    warn,
)
from tests.domain.service_levels.ticking import HALF_HOUR, Desk
from tests.scenario import START, uid

DAY_AND_NIGHT = {"calendar": ELAPSED.name}
TARGETS = {
    Priority.CRITICAL: (
        target(FIRST, hours(0.5)),
        target(NEXT, hours(1), **DAY_AND_NIGHT),
        target(SOLUTION, hours(4), pauses=(PENDING,), warnings=(warn(50), warn(150))),
    ),
    Priority.HIGH: (
        target(FIRST, hours(2), pauses=WAITING, **DAY_AND_NIGHT),
        target(UPDATE, hours(3), pauses=WAITING, **DAY_AND_NIGHT),
        target(SOLUTION, hours(9), pauses=WAITING, anchor=Anchor.ATTACHED),
    ),
    Priority.MODERATE: (
        target(FIRST, hours(0), anchor=Anchor.ATTACHED),
        target(NEXT, hours(2), pauses=(PauseCategory.ON_HOLD,), anchor=Anchor.ATTACHED),
        target(UPDATE, hours(4)),
        target(SOLUTION, hours(24), **DAY_AND_NIGHT),
    ),
    Priority.LOW: (),
}
LEVELS = ServiceLevelVersion(
    START,
    "1",
    tuple(
        ServiceLevelPolicy(
            name=priority.value, when=Condition(priorities=(priority,)), targets=promise
        )
        for priority, promise in TARGETS.items()
    ),
    (OFFICE, ELAPSED),
)
POLICY = CasePolicy(service_levels=LEVELS)


class ServiceLevelMachine(machine.RuleBasedStateMachine):
    """INV-S3, INV-S4, INV-S6, INV-S8, INV-S9: one case, and the desk that ticks."""

    @machine.initialize(priority=st.none() | st.sampled_from(Priority))
    def open(self, priority: Priority | None) -> None:
        self.stream: list[Any] = list(decide(open_case(priority=priority), Unopened(), POLICY))
        self.message = 100
        self.desk = Desk(START)
        self.desk.assign(TARGETS[priority] if priority else ())
        self.desk.open()

    def send(self, kind: type[Any], **particulars: Any) -> bool:
        """Whether anything came of a command, sent now."""
        command = kind(case_id=CASE_ID, at=self.desk.now, **particulars)
        try:
            events = decide(command, AGGREGATE.fold(self.stream), POLICY)
        except DomainError:
            return False
        self.stream += events
        return bool(events)

    @machine.rule(halves=st.integers(1, 8) | st.integers(1, 60))
    def time_passes(self, halves: int) -> None:
        self.desk.pass_time(halves)

    @machine.rule(priority=st.sampled_from(Priority))
    def prioritise(self, priority: Priority) -> None:
        """Of two changes at one instant only the second ever holds."""
        self.desk.pass_time(1)
        solved = self.desk.category is StatusCategory.SOLVED
        if self.send(PrioritiseCase, priority=priority, override_reason="so") and not solved:
            self.desk.assign(TARGETS[priority])

    @machine.rule()
    def reapply(self) -> None:
        assert not self.send(ReapplyServiceLevels)

    @machine.rule()
    def observe(self) -> None:
        self.send(ObserveServiceLevels)
        assert not self.send(ObserveServiceLevels)

    @machine.rule(
        step=st.sampled_from(
            [
                (PendCase, StatusCategory.PENDING),
                (HoldCase, StatusCategory.ON_HOLD),
                (ResumeCase, StatusCategory.OPEN),
            ]
        )
    )
    def wait(self, step: tuple[type[Any], StatusCategory]) -> None:
        if self.send(step[0]):
            self.desk.category = step[1]

    @machine.rule(by_agent=st.booleans(), again=st.booleans())
    def write(self, by_agent: bool, again: bool) -> None:
        """What is written at the instant of the first response is answered by it."""
        self.desk.pass_time(1)
        self.message += 1
        role = AuthorRole.AGENT if by_agent else AuthorRole.CUSTOMER
        letter = {"message_id": uid(self.message), "author_role": role, "text": ""}
        was = self.desk.category
        if not self.send(ReplyToCase, **letter):
            return
        if again:
            assert not self.send(ReplyToCase, **letter)
        if was is StatusCategory.SOLVED:
            if by_agent:
                self.desk.responded = True
                return
            self.reopened()
        if by_agent:
            self.desk.answer()
        else:
            self.desk.ask()
        moves = (StatusCategory.NEW,) if by_agent else (StatusCategory.PENDING,)
        self.desk.category = StatusCategory.OPEN if was in moves else self.desk.category

    @machine.rule()
    def solve(self) -> None:
        """Nothing else at the very instant, which belongs to neither cycle."""
        self.desk.pass_time(1)
        if self.desk.category is not StatusCategory.SOLVED and self.send(
            SolveCase, resolution_code="a"
        ):
            self.desk.solve()
            self.desk.category = StatusCategory.SOLVED
        self.desk.pass_time(1)

    @machine.rule()
    def reopen(self) -> None:
        self.desk.pass_time(1)
        if self.desk.category is StatusCategory.SOLVED and self.send(ReopenCase, reason="b"):
            self.reopened()

    def reopened(self) -> None:
        state = AGGREGATE.fold(self.stream)
        assert not isinstance(state, Unopened)
        self.desk.category = StatusCategory.OPEN
        self.desk.targets = {}
        self.desk.open()
        priority = state.facts.priority
        self.desk.assign(TARGETS[priority] if priority else ())

    @machine.invariant()
    def the_clock_says_what_the_desk_says(self) -> None:
        state, now = AGGREGATE.fold(self.stream), self.desk.now
        assert not isinstance(state, Unopened)
        found = {(one.cycle, one.kind, one.occurrence): one for one in clocks(state.facts.timeline)}
        assert {key: one.verdict(now) for key, one in found.items()} == self.desk.verdicts()
        for key, one in found.items():
            status, model = one.status(now), self.desk.waiting[key]
            assert status.elapsed + status.remaining == one.within
            if status.verdict in (Verdict.RUNNING, Verdict.PAUSED):
                assert (one.started_at <= now, status.elapsed) == (True, model.used())

    @machine.invariant()
    def nothing_is_recorded_twice(self) -> None:
        state = AGGREGATE.fold(self.stream)
        assert not isinstance(state, Unopened)
        seen = state.facts.timeline.observed
        assert len(seen) == len(set(seen))


TestServiceLevels = ServiceLevelMachine.TestCase
TestServiceLevels.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def test_a_desk_that_ticks_counts_office_hours_in_half_hours() -> None:
    desk = Desk(START)
    desk.assign(TARGETS[Priority.CRITICAL])
    desk.open()
    desk.pass_time(7)
    assert desk.verdicts() == {(1, SOLUTION, 1): Verdict.RUNNING, (1, FIRST, 1): Verdict.BREACHED}
    assert desk.waiting[1, SOLUTION, 1].used() == 7 * HALF_HOUR == timedelta(hours=3.5)
