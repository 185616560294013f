"""Cases through their service: customers who exist, replies that follow merges, all or nothing."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmcore.application.service.cases import CaseService
from crmcore.application.service.public import Cases
from crmcore.domain.customers.customer import decisions as customer
from crmcore.domain.customers.customer.messages.registration import (
    CustomerKind,
    DeactivateCustomer,
    RegisterCustomer,
)
from crmcore.domain.kernel import DomainError, NotAllowedError, NotFoundError
from crmcore.domain.service.case.decisions.decide import AGGREGATE
from crmcore.domain.service.case.messages.conversation import AddCaseNote, CaseReplied, ReplyToCase
from crmcore.domain.service.case.messages.life_cycle import (
    CaseReopened,
    CaseResumed,
    CloseCase,
    PendCase,
    SolveCase,
    StartCase,
)
from crmcore.domain.service.case.messages.merging import CaseQuestionInherited, MergeCase
from crmcore.domain.service.case.messages.opening import (
    ClassifyCase,
    IdentifyCaseCustomer,
    OpenCase,
)
from crmcore.domain.service.case.messages.service_levels import (
    ObserveServiceLevels,
    ReapplyServiceLevels,
    ServiceLevelAttached,
    ServiceLevelDetached,
    ServiceLevelReplaced,
)
from crmcore.domain.service.case.policy import CasePolicy
from crmcore.domain.service.case.refusals import (
    CaseMergedError,
    MergeAcrossCustomersError,
    MergeCycleError,
)
from crmcore.domain.service.case.state import Active, Merged
from crmcore.domain.service.levels.policy import Condition, ServiceLevelPolicy
from crmcore.domain.service.levels.version import decisions as versions
from crmcore.domain.service.levels.version.messages import DefineServiceLevels, ReviseServiceLevels
from crmcore.domain.service.levels.version.state import ServiceLevelVersion
from crmcore.domain.service.terms import AuthorRole, CaseKind
from tests.domain.service.case_examples import CUSTOMER, STRANGER, open_case
from tests.domain.service_levels.examples import OFFICE, but, target
from tests.memory_work import MemoryWork
from tests.scenario import START, at, uid

A, B, C, D = (uid(number) for number in range(1, 5))
HOUR = at(hours=1)


@pytest.fixture
def work() -> MemoryWork:
    """Two customers, and no case yet."""
    memory = MemoryWork(CaseService().handlers)
    for customer_id in (CUSTOMER, STRANGER):
        about_customer(memory, register(customer_id))
    return memory


def about_customer(work: MemoryWork, command: RegisterCustomer | DeactivateCustomer) -> None:
    """Something that the customers' own service would record."""
    state = work.state(customer.AGGREGATE, command.customer_id)
    events = customer.decide(command, state)
    work.streams.setdefault(command.customer_id, []).extend(events)


def register(customer_id: UUID) -> RegisterCustomer:
    return RegisterCustomer(
        customer_id=customer_id, kind=CustomerKind.PERSON, name="Ada", at=at(days=-9)
    )


def merge(source: UUID, into: UUID, **more: Any) -> MergeCase:
    return MergeCase(case_id=source, into_case_id=into, **{"at": HOUR, **more})


def write(case_id: UUID, message: int, role: AuthorRole = AuthorRole.CUSTOMER) -> ReplyToCase:
    return ReplyToCase(
        case_id=case_id, message_id=uid(message), author_role=role, text="Hello", at=at(hours=2)
    )


def recorded(work: MemoryWork, message: int) -> list[tuple[UUID, UUID | None]]:
    """Where a message stands: the case, and the case that it was addressed to if another."""
    return [
        (event.case_id, event.addressed_to)
        for stream in work.streams.values()
        for event in stream
        if isinstance(event, CaseReplied) and event.message_id == uid(message)
    ]


def test_every_command_has_a_handler() -> None:
    expected = {*AGGREGATE.commands, *versions.AGGREGATE.commands}
    assert set(CaseService().handlers) == expected
    assert versions.AGGREGATE.commands == (DefineServiceLevels, ReviseServiceLevels)


def test_a_case_is_opened_for_a_known_customer_or_for_nobody_yet(work: MemoryWork) -> None:
    work.execute(open_case(A, customer_id=CUSTOMER))
    work.execute(open_case(B))
    with pytest.raises(NotFoundError, match="no customer"):
        work.execute(open_case(C, customer_id=uid(99)))
    assert (Cases().exists(work, A), Cases().exists(work, C)) == (True, False)


def test_a_deactivated_customer_opens_no_new_case_and_keeps_the_old(work: MemoryWork) -> None:
    work.execute(open_case(A, customer_id=CUSTOMER))
    about_customer(work, DeactivateCustomer(customer_id=CUSTOMER, reason="moved away", at=HOUR))
    assert work.execute(open_case(A, customer_id=CUSTOMER)) == []
    assert work.execute(StartCase(case_id=A, at=HOUR))
    with pytest.raises(NotAllowedError, match="deactivated"):
        work.execute(open_case(B, customer_id=CUSTOMER))


def test_a_case_is_identified_with_a_known_customer(work: MemoryWork) -> None:
    work.execute(open_case(A))
    with pytest.raises(NotFoundError, match="no customer"):
        work.execute(IdentifyCaseCustomer(case_id=A, customer_id=uid(99), at=HOUR))
    known = IdentifyCaseCustomer(case_id=A, customer_id=CUSTOMER, at=HOUR)
    assert len(work.execute(known)) == 1
    assert work.execute(known) == []
    assert AGGREGATE.subject(work.state(AGGREGATE, A)) == CUSTOMER
    assert AGGREGATE.subject(work.state(AGGREGATE, B)) is None


def test_a_closed_case_is_followed_by_another(work: MemoryWork) -> None:
    with pytest.raises(NotFoundError, match="no case"):
        work.execute(open_case(B, follows=A))
    work.execute(open_case(A))
    assert work.execute(open_case(B, follows=A))[0].follows == A


def test_imported_rows_with_an_opening_a_target_and_a_closing_twice(work: MemoryWork) -> None:
    rows: list[Any] = [
        open_case(A, resolve_by=at(days=1), number="101004128563"),
        SolveCase(case_id=A, resolution_code="closed", at=HOUR),
        CloseCase(case_id=A, at=HOUR),
    ]
    assert [len(work.execute(row)) for row in rows] == [2, 1, 1]  # its number is claimed
    assert [len(work.execute(row)) for row in rows] == [0, 0, 0]


def test_the_policy_is_the_services_own() -> None:
    nothing = ServiceLevelVersion(at=START, version="none", policies=(), calendars=())
    work = MemoryWork(CaseService(CasePolicy(service_levels=nothing)).handlers)
    events = work.execute(open_case(A, priority="low"))
    assert not any(isinstance(event, ServiceLevelAttached) for event in events)


def test_INV_S7_a_reply_reaches_the_ultimate_target_exactly_once(work: MemoryWork) -> None:
    for case_id in (A, B, C):
        work.execute(open_case(case_id))
    work.execute(write(A, 100))
    work.execute(merge(A, B))
    work.execute(merge(B, C))
    work.execute(PendCase(case_id=C, at=HOUR))
    assert work.execute(write(A, 100)) == []
    message, moved = work.execute(write(A, 101))
    assert (message.case_id, message.addressed_to) == (C, A)
    assert isinstance(moved, CaseResumed)
    assert moved.case_id == C
    for delivered_to in (A, B, C):
        assert work.execute(write(delivered_to, 101)) == []
    assert recorded(work, 100) == [(A, None)]
    assert recorded(work, 101) == [(C, A)]


def test_what_was_recorded_on_the_source_is_not_recorded_again_on_the_target(
    work: MemoryWork,
) -> None:
    """A mail gateway delivers again, to the case that the thread goes on in, or to one beside it."""
    for case_id in (A, B, C, D):
        work.execute(open_case(case_id))
    work.execute(write(A, 100))
    note = AddCaseNote(case_id=A, note_id=uid(300), text="Hm.", at=HOUR)
    work.execute(note)
    for source, into in ((A, B), (B, C), (D, C)):
        work.execute(merge(source, into, at=at(hours=3)))
    for delivered_to in (A, B, C, D):
        assert work.execute(write(delivered_to, 100)) == []
        assert work.execute(but(note, case_id=delivered_to)) == []
    assert recorded(work, 100) == [(A, None)]


def inherited(events: list[Any]) -> list[tuple[UUID, datetime | None]]:
    """What the customers of merged cases still wait for: on which case, since when."""
    return [(one.case_id, one.asked_at) for one in events if isinstance(one, CaseQuestionInherited)]


def test_a_message_older_than_the_merge_stands_where_it_was_written(work: MemoryWork) -> None:
    """Delivered late, it tells every case that goes on from there whether its customer waits."""
    work.execute(open_case(A))
    for case_id in (B, C):
        work.execute(open_case(case_id, at=HOUR))
    merged = [work.execute(merge(A, B, at=at(hours=2))), work.execute(merge(B, C, at=at(hours=3)))]
    assert [inherited(events) for events in merged] == [[(B, START)], [(C, START)]]
    late = ReplyToCase(
        case_id=A, message_id=uid(100), author_role=AuthorRole.AGENT, text="", at=at(minutes=30)
    )
    answered = work.execute(late)
    assert recorded(work, 100) == [(A, None)]
    assert work.state(AGGREGATE, A).facts.first_response_at == at(minutes=30)
    assert inherited(answered) == [(B, None), (C, HOUR)]  # B's own opening is left
    again = but(late, message_id=uid(101), author_role=AuthorRole.CUSTOMER, at=at(minutes=40))
    assert inherited(work.execute(again)) == [(B, at(minutes=40)), (C, at(minutes=40))]
    assert work.execute(again) == []


def test_a_question_older_than_the_merge_opens_a_solved_target(work: MemoryWork) -> None:
    for case_id in (A, B):
        work.execute(open_case(case_id))
        work.execute(SolveCase(case_id=case_id, resolution_code="fixed", at=at(minutes=10)))
    work.execute(merge(A, B))
    late = but(write(A, 100), at=at(minutes=30))
    moved = [one for one in work.execute(late) if isinstance(one, CaseReopened)]
    assert [(one.case_id, one.at) for one in moved] == [(A, at(minutes=30)), (B, HOUR)]
    assert isinstance(work.state(AGGREGATE, A), Merged)
    assert isinstance(work.state(AGGREGATE, B), Active)


def test_a_reply_to_a_merged_case_reopens_its_solved_target(work: MemoryWork) -> None:
    for case_id in (A, B):
        work.execute(open_case(case_id))
    work.execute(merge(A, B))
    work.execute(SolveCase(case_id=B, resolution_code="fixed", at=HOUR))
    reopened = work.execute(write(A, 100))[1]
    assert isinstance(reopened, CaseReopened)
    assert reopened.case_id == B


def test_a_merge_goes_to_where_the_work_goes_on(work: MemoryWork) -> None:
    for case_id in (A, B, C):
        work.execute(open_case(case_id))
    work.execute(merge(B, C))
    assert {event.case_id for event in work.execute(merge(A, B))} == {A, C}
    assert work.execute(merge(A, B)) == work.execute(merge(A, C)) == []
    with pytest.raises(CaseMergedError, match=str(C)):
        work.execute(StartCase(case_id=A, at=HOUR))
    with pytest.raises(MergeCycleError):
        work.execute(merge(C, A))


def test_EC_C11_nothing_of_a_refused_merge_is_recorded(work: MemoryWork) -> None:
    work.execute(open_case(A, customer_id=CUSTOMER))
    work.execute(open_case(B, customer_id=STRANGER))
    before = {key: list(stream) for key, stream in work.streams.items()}
    with pytest.raises(MergeAcrossCustomersError):
        work.execute(merge(A, B))
    assert work.streams == before
    assert {event.case_id for event in work.execute(merge(A, B, forced=True))} == {A, B}


cases = st.sampled_from([A, B, C, D])


@given(
    st.lists(
        st.tuples(cases, cases).map(lambda pair: merge(*pair))
        | st.builds(write, cases, st.integers(100, 104)),
        max_size=20,
    )
)
@settings(deadline=None)
def test_INV_S7_merges_never_run_in_a_circle_and_every_message_stands_once(sent: list[Any]) -> None:
    """Each message is sent to one case only, as a mail is, though any number of times."""
    work = MemoryWork(CaseService().handlers)
    for case_id in (A, B, C, D):
        work.execute(OpenCase(**_particulars(case_id)))
    addressed: dict[UUID, UUID] = {}
    for command in sent:
        if isinstance(command, ReplyToCase):
            first = addressed.setdefault(command.message_id, command.case_id)
            if first != command.case_id:
                continue
        try:
            work.execute(command)
        except DomainError:
            assert isinstance(command, MergeCase)
    for case_id in (A, B, C, D):
        seen, state = {case_id}, work.state(AGGREGATE, case_id)
        while isinstance(state, Merged):
            assert state.into not in seen
            seen.add(state.into)
            state = work.state(AGGREGATE, state.into)
    for message_id in addressed:
        assert len(recorded(work, int(message_id.hex[-12:]))) == 1


def _particulars(case_id: UUID) -> dict[str, Any]:
    return {
        "case_id": case_id,
        "kind": "complaint",
        "channel": "email",
        "subject": "Noise",
        "at": START,
    }


# Service levels by the book in force


def define(version: str, when: datetime, **conditions: Any) -> DefineServiceLevels:
    """One policy, of this version, for the cases of these conditions."""
    policy = ServiceLevelPolicy(name=version, when=Condition(**conditions), targets=(target(),))
    return DefineServiceLevels(version=version, policies=(policy,), calendars=(OFFICE,), at=when)


def assignments(events: list[Any]) -> list[tuple[str, str, datetime]]:
    """What came to be owed: to what, by which version, from when."""
    kinds = (ServiceLevelAttached, ServiceLevelReplaced)
    return [(type(one).__name__, one.version, one.at) for one in events if isinstance(one, kinds)]


ATTACHED, REPLACED = "ServiceLevelAttached", "ServiceLevelReplaced"


def test_a_case_follows_the_version_in_force_at_its_own_instant(work: MemoryWork) -> None:
    """An import of old cases finds the old version, whenever it runs."""
    work.execute(define("spring", at(days=10)))
    work.execute(define("summer", at(days=20)))
    for case_id, day, version in ((A, 9, "standard-1"), (B, 10, "spring"), (C, 25, "summer")):
        when = at(days=day)
        events = work.execute(open_case(case_id, priority="low", at=when))
        assert assignments(events) == [(ATTACHED, version, when)]
    assert work.execute(define("spring", at(days=10))) == []


def test_a_case_keeps_its_version_until_its_facts_change_or_it_is_told(work: MemoryWork) -> None:
    work.execute(define("spring", at(days=-9)))
    for case_id in (A, B, C):
        assert assignments(work.execute(open_case(case_id))) == [(ATTACHED, "spring", START)]
    work.execute(define("summer", at(days=1)))
    assert assignments(work.execute(StartCase(case_id=A, at=at(days=2)))) == []
    changed = work.execute(ClassifyCase(case_id=B, category="lamps", at=at(days=2)))
    assert assignments(changed) == [(REPLACED, "summer", at(days=2))]
    command = ReapplyServiceLevels(case_id=C, at=at(days=3))
    assert assignments(work.execute(command)) == [(REPLACED, "summer", at(days=3))]
    assert work.execute(command) == []
    early = ReapplyServiceLevels(case_id=C, at=at(hours=12))  # of before, told late
    assert work.execute(early) == []


def test_what_is_told_late_follows_the_version_in_force_when_it_comes_to_hold(
    work: MemoryWork,
) -> None:
    """Dated before the last agreement it holds from then on, by the version of then."""
    work.execute(define("spring", at(days=-9)))
    work.execute(define("summer", at(days=1), kinds=("incident",)))
    work.execute(open_case(A, at=START))
    work.execute(ReapplyServiceLevels(case_id=A, at=at(days=2)))
    late = work.execute(ClassifyCase(case_id=A, category="lamps", at=HOUR))
    assert assignments(late) == []
    detached = work.execute(ClassifyCase(case_id=A, kind=CaseKind.RETURN, at=HOUR))[-1]
    assert isinstance(detached, ServiceLevelDetached)
    assert (detached.version, detached.at) == ("summer", at(days=2))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["solution first", "message first"])
def test_a_case_reopened_by_a_message_is_owed_the_same_whichever_was_told_first(
    work: MemoryWork, order: tuple[int, int]
) -> None:
    """By the version in force when the message was written, not when it was solved."""
    work.execute(define("spring", at(days=-9)))
    work.execute(define("summer", at(days=1)))
    work.execute(open_case(A, at=START))
    written = at(days=2)
    sent: list[Any] = [
        SolveCase(case_id=A, resolution_code="done", at=HOUR),
        ReplyToCase(
            case_id=A,
            message_id=uid(1),
            author_role=AuthorRole.CUSTOMER,
            public=True,
            text="no",
            at=written,
        ),
    ]
    events = [event for which in order for event in work.execute(sent[which])]
    assert assignments(events) == [(ATTACHED, "summer", written)]
    assert [one.cycle for one in events if isinstance(one, ServiceLevelAttached)] == [2]


def test_a_contract_holds_once_the_customer_is_known(work: MemoryWork) -> None:
    """Said outright, or by a merge with a case of a known customer."""
    work.execute(define("contract", at(days=-9), customers=(CUSTOMER,)))
    for case_id in (A, B, C):
        assert assignments(work.execute(open_case(case_id))) == []
    known = IdentifyCaseCustomer(case_id=A, customer_id=CUSTOMER, at=HOUR)
    assert assignments(work.execute(known)) == [(ATTACHED, "contract", HOUR)]
    assert assignments(work.execute(merge(A, B))) == [(ATTACHED, "contract", HOUR)]
    work.execute(SolveCase(case_id=C, resolution_code="fixed", at=HOUR))
    taken_up = work.execute(merge(B, C))  # it is open again
    assert assignments(taken_up) == [(ATTACHED, "contract", HOUR)]


def test_what_comes_due_is_recorded_once(work: MemoryWork) -> None:
    work.execute(define("spring", at(days=-9)))
    work.execute(open_case(A))
    observe = ObserveServiceLevels(case_id=A, at=at(days=1))
    (breached,) = work.execute(observe)
    assert (breached.at, breached.observed_at) == (at(hours=4), at(days=1))
    assert work.execute(observe) == []
    with pytest.raises(NotFoundError):
        work.execute(ObserveServiceLevels(case_id=D, at=at(days=1)))
