"""Whatever is sent to cases, in whatever order: the rules hold."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import stateful as machine
from hypothesis import strategies as st

from crmcore.domain.kernel import DomainError
from crmcore.domain.service.case.decisions.decide import AGGREGATE, decide
from crmcore.domain.service.case.messages.conversation import AddCaseNote, CaseReplied, ReplyToCase
from crmcore.domain.service.case.messages.life_cycle import (
    CaseSolved,
    CloseCase,
    HoldCase,
    MarkCaseSpam,
    PendCase,
    ReopenCase,
    ResumeCase,
    SolveCase,
    StartCase,
)
from crmcore.domain.service.case.messages.opening import ClassifyCase, PrioritiseCase
from crmcore.domain.service.case.messages.routing import AssignCase, QueueCase, TransferCase
from crmcore.domain.service.case.state import Unopened
from crmcore.domain.service.levels.clock import Verdict
from crmcore.domain.service.levels.target_clocks import clocks
from crmcore.domain.service.priority import Impact, Urgency
from crmcore.domain.service.terms import AuthorRole, StatusCategory
from tests.domain.service.case_examples import CASE_ID, open_case, verdicts
from tests.scenario import START, at, uid

Category = StatusCategory
hours = st.integers(-2, 600)
instants = hours.map(lambda hour: at(hours=hour))


def commands(when: st.SearchStrategy[datetime] = instants) -> st.SearchStrategy[Any]:
    """Any command on the one case, an opening included."""
    one = {"case_id": st.just(CASE_ID), "at": when}
    names = st.sampled_from(["a", "b"])
    return st.one_of(
        st.builds(open_case, resolve_by=st.none() | st.just(at(hours=9)), at=st.just(START)),
        *(st.builds(kind, **one) for kind in (StartCase, PendCase, HoldCase, ResumeCase)),
        *(st.builds(kind, **one) for kind in (CloseCase, MarkCaseSpam)),
        st.builds(SolveCase, resolution_code=names, **one),
        st.builds(ReopenCase, reason=names, **one),
        st.builds(AssignCase, agent=names, **one),
        st.builds(QueueCase, queue=names, **one),
        st.builds(TransferCase, queue=names, **one),
        st.builds(ClassifyCase, category=names, **one),
        st.builds(AddCaseNote, note_id=st.integers(1, 3).map(uid), text=names, **one),
        st.builds(
            PrioritiseCase,
            impact=st.sampled_from(Impact),
            urgency=st.sampled_from(Urgency),
            **one,
        ),
        st.builds(
            ReplyToCase,
            message_id=st.integers(1, 9).map(uid),
            author_role=st.sampled_from(AuthorRole),
            public=st.booleans(),
            text=names,
            **one,
        ),
    )


def carried_out(sent: list[Any]) -> list[Any]:
    """The stream of a case after all commands, the refused ones left out."""
    stream: list[Any] = []
    for command in sent:
        try:
            stream += decide(command, AGGREGATE.fold(stream))
        except DomainError:
            continue
    return stream


WRITTEN = ReplyToCase(
    case_id=CASE_ID,
    message_id=uid(1),
    author_role=AuthorRole.CUSTOMER,
    public=True,
    text="?",
    at=at(hours=2),
)


@given(st.lists(commands(), max_size=25))
@example(
    [WRITTEN, PendCase(case_id=CASE_ID, at=at(hours=1))]
)  # each told late: the message undid it
@example([WRITTEN, SolveCase(case_id=CASE_ID, resolution_code="a", at=at(hours=1))])
@settings(deadline=None)
def test_deciding_twice_gives_nothing_the_second_time(sent: list[Any]) -> None:
    stream: list[Any] = []
    for command in [open_case(), *sent]:
        try:
            stream += decide(command, AGGREGATE.fold(stream))
        except DomainError:
            continue
        assert decide(command, AGGREGATE.fold(stream)) == []


@given(st.lists(commands(), max_size=25))
@settings(deadline=None)
def test_INV_S5_the_earliest_public_message_of_an_agent_is_the_first_response(
    sent: list[Any],
) -> None:
    replies = [
        event for event in carried_out([open_case(), *sent]) if isinstance(event, CaseReplied)
    ]
    answers = [one for one in replies if one.author_role is AuthorRole.AGENT and one.public]
    for number, one in enumerate(answers):
        assert one.first_response == all(one.at < other.at for other in answers[:number])
    assert len({one.message_id for one in replies}) == len(replies)


@given(st.lists(commands(), max_size=25), instants)
@settings(deadline=None)
def test_INV_S10_S11_one_verdict_a_cycle_that_later_commands_never_rewrite(
    sent: list[Any], as_of: datetime
) -> None:
    stream = carried_out([open_case(priority="high"), *sent])
    reached: dict[int, Verdict] = {}
    for length in range(1, len(stream) + 1):
        state = AGGREGATE.fold(stream[:length])
        assert not isinstance(state, Unopened)
        solved = {
            c.number for c in state.facts.timeline.cycles if c.solved_at and c.solved_at <= as_of
        }
        found = dict(verdicts(state, as_of))
        late = any(stream[length - 1].at < event.at for event in stream[: length - 1])
        assert late or all(found[number] is verdict for number, verdict in reached.items())
        reached = {number: found[number] for number in solved if number in found}
    cycles = [event.cycle for event in stream if isinstance(event, CaseSolved)]
    assert cycles == sorted(set(cycles))


@given(st.lists(commands(), max_size=25), st.integers(1, 9).map(lambda days: timedelta(days)))
@settings(deadline=None)
def test_moving_everything_moves_every_target_alike(sent: list[Any], by: timedelta) -> None:
    def moved(command: Any) -> Any:
        names = [name for name in command.__slots__ if name != "__weakref__"]
        fields = {name: getattr(command, name) for name in names}
        for name in ("at", "resolve_by"):
            if fields.get(name) is not None:
                fields[name] += by
        return type(command)(**fields)

    def dues(sent: list[Any]) -> list[datetime | None]:
        state = AGGREGATE.fold(carried_out(sent))
        assert not isinstance(state, Unopened)
        return [clock.due_at for clock in clocks(state.facts.timeline)]

    first = [open_case(priority="low"), *sent]
    assert dues([moved(command) for command in first]) == [due and due + by for due in dues(first)]


class Cases(machine.RuleBasedStateMachine):
    """One case against a table of phases: which command leads from where to where."""

    WORKING = (Category.NEW, Category.OPEN, Category.PENDING, Category.ON_HOLD)

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.stream: list[Any] = list(decide(open_case(), Unopened()))
        self.category = Category.NEW
        self.solved_at = START
        self.cycle = 1

    def send(self, command: Any) -> bool:
        """Whether the command was accepted."""
        try:
            self.stream += decide(command, AGGREGATE.fold(self.stream))
        except DomainError:
            return False
        return True

    @machine.rule(hours=st.integers(0, 200))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @machine.rule(
        step=st.sampled_from(
            [
                (StartCase, Category.OPEN),
                (PendCase, Category.PENDING),
                (HoldCase, Category.ON_HOLD),
                (ResumeCase, Category.OPEN),
                (MarkCaseSpam, Category.SPAM),
            ]
        )
    )
    def work(self, step: tuple[Any, Category]) -> None:
        kind, goal = step
        accepted = self.send(kind(case_id=CASE_ID, at=self.now))
        allowed = self.category in self.WORKING or self.category is goal is Category.SPAM
        assert accepted == allowed
        waiting = self.category in (Category.PENDING, Category.ON_HOLD)
        stays = {StartCase: self.category is not Category.NEW, ResumeCase: not waiting}
        if accepted and not stays.get(kind, False):
            self.category = goal

    @machine.rule()
    def solve(self) -> None:
        accepted = self.send(SolveCase(case_id=CASE_ID, resolution_code="a", at=self.now))
        solved = self.category in (Category.SOLVED, Category.CLOSED)
        assert accepted == (self.category in self.WORKING or solved)
        if self.category in self.WORKING:
            self.category, self.solved_at = Category.SOLVED, self.now

    @machine.rule()
    def close(self) -> None:
        accepted = self.send(CloseCase(case_id=CASE_ID, at=self.now))
        assert accepted == (self.category in (Category.SOLVED, Category.CLOSED))
        self.category = Category.CLOSED if accepted else self.category

    @machine.rule(by_message=st.booleans(), message=st.uuids())
    def reopen(self, by_message: bool, message: Any) -> None:
        command: Any = ReopenCase(case_id=CASE_ID, reason="x", at=self.now)
        if by_message:
            command = ReplyToCase(
                case_id=CASE_ID,
                message_id=message,
                author_role=AuthorRole.CUSTOMER,
                text="",
                at=self.now,
            )
        accepted = self.send(command)
        in_time = self.now - self.solved_at <= timedelta(days=14)
        reopens = self.category is Category.SOLVED and in_time
        assert accepted == (self.category in self.WORKING or reopens)
        if reopens:
            self.category, self.cycle = Category.OPEN, self.cycle + 1
        elif by_message and self.category is Category.PENDING:
            self.category = Category.OPEN

    @machine.rule(agent=st.sampled_from(["kim", "lee"]))
    def assign(self, agent: str) -> None:
        before = AGGREGATE.fold(self.stream)
        assert not isinstance(before, Unopened)
        accepted = self.send(AssignCase(case_id=CASE_ID, agent=agent, at=self.now))
        living = self.category in (*self.WORKING, Category.SOLVED)
        assert accepted == (living or before.facts.agent == agent)
        if accepted and self.category is Category.NEW:
            self.category = Category.OPEN

    @machine.invariant()
    def the_case_is_where_the_table_says(self) -> None:
        state = AGGREGATE.fold(self.stream)
        assert not isinstance(state, Unopened)
        assert state.category is self.category
        assert state.facts.cycle.number == self.cycle
        done = self.category in (Category.SOLVED, Category.CLOSED)
        assert state.facts.cycle.solved_at == (self.solved_at if done else None)


TestCases = Cases.TestCase
TestCases.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
