"""The life of a case, rule by rule."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from crmcore.domain.kernel import (
    AlreadyExistsError,
    DomainError,
    InvalidValueError,
    NotAllowedError,
    NotFoundError,
)
from crmcore.domain.service.case.decisions.decide import AGGREGATE
from crmcore.domain.service.case.messages.conversation import AddCaseNote, CaseNoteAdded
from crmcore.domain.service.case.messages.life_cycle import (
    CloseCase,
    HoldCase,
    MarkCaseSpam,
    PendCase,
    ReopenCase,
    ResumeCase,
    SolveCase,
    StartCase,
)
from crmcore.domain.service.case.messages.opening import (
    CaseClassified,
    CaseCustomerIdentified,
    ClassifyCase,
    IdentifyCaseCustomer,
)
from crmcore.domain.service.case.messages.routing import (
    AssignCase,
    CaseAssigned,
    CaseQueued,
    CaseTransferred,
    QueueCase,
    TransferCase,
)
from crmcore.domain.service.case.policy import CasePolicy
from crmcore.domain.service.case.refusals import (
    CaseClosedError,
    CaseCustomerKnownError,
    CaseMergedError,
    CaseNotSolvedError,
    CaseOutOfOrderError,
    CaseSolvedError,
    CaseSpamError,
    QueueChangeError,
    ReopenWindowPassedError,
)
from crmcore.domain.service.terms import AuthorRole, CaseKind
from tests.domain.service.case_examples import (
    CASE_ID,
    CASES,
    CUSTOMER,
    MESSAGE,
    OTHER_ID,
    STRANGER,
    closed,
    held,
    merged,
    open_case,
    opened,
    pended,
    reopened,
    replied,
    reply,
    resumed,
    solved,
    spam,
    started,
)
from tests.scenario import START, at, uid

AGENT, CLIENT, MACHINE = AuthorRole.AGENT, AuthorRole.CUSTOMER, AuthorRole.AUTOMATIC
HOUR = at(hours=1)
WINDOW = CasePolicy().reopen_window

NEW = [opened()]
OPEN = [opened(), started()]
PENDING = [opened(), pended(at(minutes=5))]
ON_HOLD = [opened(), held(at(minutes=5))]
SOLVED = [opened(), solved(at(minutes=30))]
CLOSED = [*SOLVED, closed(at(minutes=40))]
MERGED = [opened(), merged(at(minutes=5))]
SPAM = [opened(), spam(at(minutes=5))]


def test_everything_received_is_kept_and_opening_twice_changes_nothing() -> None:
    particulars: dict[str, Any] = {
        "customer_id": CUSTOMER,
        "description": "Corner of Main St",
        "queue": "lights",
        "number": "101004128563",
        "category": "Street Lights",
        "request_type": "Street Light Outages",
        "follows": OTHER_ID,
    }
    command = open_case(**particulars)
    CASES.given().when(command).then(opened(**particulars)).when(command).then()


def test_another_opening_under_the_same_identity_is_refused() -> None:
    other = open_case(subject="Another lamp")
    CASES.given(*NEW).when(other).then_refused(AlreadyExistsError, "with other particulars")


def test_a_stream_without_an_opening_is_no_case() -> None:
    assert AGGREGATE.fold([closed(HOUR)]) == AGGREGATE.initial


def test_a_command_on_an_unknown_case_is_refused() -> None:
    CASES.given().when(StartCase(case_id=CASE_ID, at=HOUR)).then_refused(NotFoundError, "no case")


@pytest.mark.parametrize(
    ("history", "command", "events"),
    [
        pytest.param(NEW, StartCase(case_id=CASE_ID, at=HOUR), [started(HOUR)], id="start"),
        pytest.param(NEW, PendCase(case_id=CASE_ID, at=HOUR), [pended(HOUR)], id="pend-new"),
        pytest.param(OPEN, PendCase(case_id=CASE_ID, at=HOUR), [pended(HOUR)], id="pend"),
        pytest.param(OPEN, HoldCase(case_id=CASE_ID, at=HOUR), [held(HOUR)], id="hold"),
        pytest.param(PENDING, HoldCase(case_id=CASE_ID, at=HOUR), [held(HOUR)], id="pend-hold"),
        pytest.param(ON_HOLD, PendCase(case_id=CASE_ID, at=HOUR), [pended(HOUR)], id="hold-pend"),
        pytest.param(PENDING, ResumeCase(case_id=CASE_ID, at=HOUR), [resumed(HOUR)], id="resume"),
        pytest.param(ON_HOLD, ResumeCase(case_id=CASE_ID, at=HOUR), [resumed(HOUR)], id="unhold"),
        pytest.param(SOLVED, CloseCase(case_id=CASE_ID, at=HOUR), [closed(HOUR)], id="close"),
        pytest.param(
            SOLVED,
            ReopenCase(case_id=CASE_ID, reason="dark again", at=HOUR),
            [reopened(HOUR)],
            id="reopen",
        ),
        pytest.param(OPEN, MarkCaseSpam(case_id=CASE_ID, at=HOUR), [spam(HOUR)], id="spam"),
        *(
            pytest.param(
                history,
                SolveCase(case_id=CASE_ID, resolution_code="fixed", at=HOUR),
                [solved(HOUR)],
                id=f"solve-{name}",
            )
            for name, history in {
                "new": NEW,
                "open": OPEN,
                "pending": PENDING,
                "on-hold": ON_HOLD,
            }.items()
        ),
    ],
)
def test_a_case_goes_from_phase_to_phase(
    history: list[Any], command: Any, events: list[Any]
) -> None:
    CASES.given(*history).when(command).then(*events).when(command).then()


@pytest.mark.parametrize(
    ("history", "command"),
    [
        pytest.param(OPEN, ResumeCase(case_id=CASE_ID, at=HOUR), id="resume-open"),
        pytest.param(NEW, ResumeCase(case_id=CASE_ID, at=HOUR), id="resume-new"),
        pytest.param(PENDING, StartCase(case_id=CASE_ID, at=HOUR), id="start-pending"),
        pytest.param(OPEN, ReopenCase(case_id=CASE_ID, reason="x", at=HOUR), id="reopen-open"),
        pytest.param(
            CLOSED, SolveCase(case_id=CASE_ID, resolution_code="fixed", at=HOUR), id="solve-closed"
        ),
    ],
)
def test_what_holds_already_changes_nothing(history: list[Any], command: Any) -> None:
    CASES.given(*history).when(command).then()


ENDED: list[tuple[str, list[Any], type[DomainError], str]] = [
    ("closed", CLOSED, CaseClosedError, f"open-case with follows {CASE_ID}"),
    ("merged", MERGED, CaseMergedError, f"merged into case {OTHER_ID}"),
    ("spam", SPAM, CaseSpamError, "marked as spam"),
]


@pytest.mark.parametrize(
    "command",
    [
        StartCase(case_id=CASE_ID, at=HOUR),
        PendCase(case_id=CASE_ID, at=HOUR),
        HoldCase(case_id=CASE_ID, at=HOUR),
        ResumeCase(case_id=CASE_ID, at=HOUR),
        ReopenCase(case_id=CASE_ID, reason="dark again", at=HOUR),
        SolveCase(case_id=CASE_ID, resolution_code="withdrawn", at=HOUR),
        AssignCase(case_id=CASE_ID, agent="kim", at=HOUR),
        QueueCase(case_id=CASE_ID, queue="lights", at=HOUR),
        TransferCase(case_id=CASE_ID, queue="lights", at=HOUR),
        ClassifyCase(case_id=CASE_ID, category="Lights", at=HOUR),
        reply(AGENT, HOUR),
        reply(CLIENT, HOUR),
        reply(MACHINE, HOUR),
    ],
    ids=lambda command: command.TOPIC,
)
@pytest.mark.parametrize(
    ("history", "refusal", "words"), [ending[1:] for ending in ENDED], ids=[e[0] for e in ENDED]
)
def test_INV_S7_nothing_goes_on_in_an_ended_case(
    command: Any, history: list[Any], refusal: type[DomainError], words: str
) -> None:
    CASES.given(*history).when(command).then_refused(refusal, words)


@pytest.mark.parametrize("history", [SOLVED, CLOSED, MERGED, SPAM])
def test_a_note_can_be_added_in_every_phase_and_once(history: list[Any]) -> None:
    note = AddCaseNote(case_id=CASE_ID, note_id=uid(7), agent="kim", text="seen", at=HOUR)
    added = CaseNoteAdded(case_id=CASE_ID, note_id=uid(7), agent="kim", text="seen", at=HOUR)
    CASES.given(*history).when(note).then(added).when(note).then()


@pytest.mark.parametrize(
    "command",
    [
        StartCase(case_id=CASE_ID, at=HOUR),
        PendCase(case_id=CASE_ID, at=HOUR),
        HoldCase(case_id=CASE_ID, at=HOUR),
        ResumeCase(case_id=CASE_ID, at=HOUR),
        MarkCaseSpam(case_id=CASE_ID, at=HOUR),
        SolveCase(case_id=CASE_ID, resolution_code="withdrawn", at=HOUR),
    ],
    ids=lambda command: command.TOPIC,
)
def test_a_solved_case_is_reopened_before_anything_else(command: Any) -> None:
    CASES.given(*SOLVED).when(command).then_refused(CaseSolvedError, "reopen it first")


@pytest.mark.parametrize("history", [NEW, OPEN, PENDING, ON_HOLD])
def test_only_a_solved_case_is_closed(history: list[Any]) -> None:
    command = CloseCase(case_id=CASE_ID, at=HOUR)
    CASES.given(*history).when(command).then_refused(CaseNotSolvedError, "solve it before closing")


@pytest.mark.parametrize(
    ("history", "command"),
    [
        (NEW, SolveCase(case_id=CASE_ID, resolution_code="fixed", at=at(hours=-1))),
        (NEW, CloseCase(case_id=CASE_ID, at=at(hours=-1))),
        (NEW, AddCaseNote(case_id=CASE_ID, note_id=uid(7), text="x", at=at(hours=-1))),
        (NEW, reply(CLIENT, at(hours=-1))),
        (SOLVED, CloseCase(case_id=CASE_ID, at=at(minutes=29))),
        (SOLVED, ReopenCase(case_id=CASE_ID, reason="x", at=at(minutes=29))),
        (PENDING, ResumeCase(case_id=CASE_ID, at=at(minutes=4))),
        (PENDING, SolveCase(case_id=CASE_ID, resolution_code="fixed", at=at(minutes=4))),
        (OPEN, MarkCaseSpam(case_id=CASE_ID, at=START)),
    ],
    ids=lambda one: getattr(one, "TOPIC", ""),
)
def test_intervals_never_run_backwards(history: list[Any], command: Any) -> None:
    CASES.given(*history).when(command).then_refused(
        CaseOutOfOrderError, "expected an instant from"
    )


def test_closing_before_opening_says_so() -> None:
    command = CloseCase(case_id=CASE_ID, at=at(days=-1))
    CASES.given(*NEW).when(command).then_refused(
        CaseOutOfOrderError, r"close-case at 2026-01-04T09:00:00\+00:00: case .* is open only since"
    )


@pytest.mark.parametrize(
    ("later", "allowed"),
    [(WINDOW, True), (WINDOW + timedelta.resolution, False)],
    ids=["at-the-end", "just-after"],
)
def test_a_case_is_reopened_within_its_window(later: timedelta, allowed: bool) -> None:
    when = at(minutes=30) + later
    outcome = CASES.given(*SOLVED).when(ReopenCase(case_id=CASE_ID, reason="dark again", at=when))
    if allowed:
        outcome.then(reopened(when))
    else:
        outcome.then_refused(ReopenWindowPassedError, f"open-case with follows {CASE_ID}")


def test_the_reopen_window_is_a_policy() -> None:
    command = ReopenCase(case_id=CASE_ID, reason="dark again", at=HOUR)
    strict = CasePolicy(reopen_window=timedelta(minutes=10))
    CASES.given(*SOLVED).when(command, strict).then_refused(ReopenWindowPassedError, "0:10:00")
    with pytest.raises(InvalidValueError, match="reopen_window"):
        CasePolicy(reopen_window=timedelta(days=-1))


def test_an_assigned_case_is_started() -> None:
    kim = AssignCase(case_id=CASE_ID, agent="kim", at=HOUR)
    lee = AssignCase(case_id=CASE_ID, agent="lee", at=at(hours=2))
    (
        CASES.given(*NEW)
        .when(kim)
        .then(CaseAssigned(case_id=CASE_ID, agent="kim", at=HOUR), started(HOUR, "kim"))
        .when(kim)
        .then()
        .when(lee)
        .then(CaseAssigned(case_id=CASE_ID, agent="lee", at=at(hours=2)))
    )


def test_queues_and_transfers() -> None:
    lights = QueueCase(case_id=CASE_ID, queue="lights", at=HOUR)
    roads = TransferCase(case_id=CASE_ID, queue="roads", reason="a pothole", at=at(hours=2))
    CASES.given(*NEW).when(roads).then_refused(QueueChangeError, "use queue-case")
    in_queue = (
        CASES.given(*NEW, CaseAssigned(case_id=CASE_ID, agent="kim", at=HOUR))
        .when(lights)
        .then(CaseQueued(case_id=CASE_ID, queue="lights", at=HOUR))
    )
    in_queue.when(lights).then()
    in_queue.when(QueueCase(case_id=CASE_ID, queue="roads", at=HOUR)).then_refused(
        QueueChangeError, "in the queue lights; use transfer-case"
    )
    moved = CaseTransferred(
        case_id=CASE_ID,
        from_queue="lights",
        queue="roads",
        released_agent="kim",
        reason="a pothole",
        at=at(hours=2),
    )
    there = in_queue.when(roads).then(moved)
    there.when(roads).then()
    there.when(AssignCase(case_id=CASE_ID, agent="kim", at=at(hours=3))).then(
        CaseAssigned(case_id=CASE_ID, agent="kim", at=at(hours=3)), started(at(hours=3), "kim")
    )


def test_a_classification_replaces_what_it_names() -> None:
    command = ClassifyCase(case_id=CASE_ID, kind=CaseKind.COMPLAINT, category="Noise", at=HOUR)
    then = CaseClassified(
        case_id=CASE_ID, kind=CaseKind.COMPLAINT, category="Noise", request_type="Lamp", at=HOUR
    )
    CASES.given(opened(request_type="Lamp")).when(command).then(then).when(command).then()


def test_whose_case_it_is_can_be_said_once() -> None:
    command = IdentifyCaseCustomer(case_id=CASE_ID, customer_id=CUSTOMER, at=HOUR)
    known = (
        CASES.given(*CLOSED)
        .when(command)
        .then(CaseCustomerIdentified(case_id=CASE_ID, customer_id=CUSTOMER, at=HOUR))
    )
    known.when(command).then()
    other = IdentifyCaseCustomer(case_id=CASE_ID, customer_id=STRANGER, at=HOUR)
    known.when(other).then_refused(CaseCustomerKnownError, str(CUSTOMER))


def test_INV_S5_the_first_public_message_of_an_agent_is_the_first_response() -> None:
    more = [uid(200 + number) for number in range(4)]
    scenario = (
        CASES.given(*NEW)
        .when(reply(MACHINE, at(minutes=1)))
        .then(replied(MACHINE, at(minutes=1)))
        .when(reply(AGENT, at(minutes=2), message_id=more[0], public=False))
        .then(replied(AGENT, at(minutes=2), message_id=more[0], public=False))
        .when(reply(CLIENT, at(minutes=3), message_id=more[1]))
        .then(replied(CLIENT, at(minutes=3), message_id=more[1]))
        .when(reply(AGENT, at(minutes=4), message_id=more[2], agent="kim"))
        .then(
            replied(AGENT, at(minutes=4), message_id=more[2], agent="kim", first_response=True),
            started(at(minutes=4), "kim"),
        )
    )
    scenario.when(reply(AGENT, at(minutes=5), message_id=more[3])).then(
        replied(AGENT, at(minutes=5), message_id=more[3])
    )


def test_EC_S1_an_answered_case_has_no_first_response_outstanding() -> None:
    answered = replied(AGENT, HOUR, first_response=True)
    state = CASES.aggregate.fold([*NEW, answered, *OPEN[1:], pended(at(hours=2))])
    assert state.facts.first_response_at == HOUR


@pytest.mark.parametrize("role", list(AuthorRole))
def test_a_message_delivered_twice_is_recorded_once(role: AuthorRole) -> None:
    scenario = CASES.given(*PENDING, replied(role, at(minutes=6)), resumed(at(minutes=6)))
    scenario.when(reply(role, at(minutes=6))).then()
    scenario.when(reply(role, at(days=2), text="Hello (resent)")).then()


def test_EC_S4_whatever_a_customer_writes_is_public() -> None:
    CASES.given(*OPEN).when(reply(CLIENT, HOUR, public=False)).then_refused(
        InvalidValueError, "what a customer writes is public"
    )


def test_only_an_agents_message_names_an_agent() -> None:
    CASES.given(*OPEN).when(reply(CLIENT, HOUR, agent="kim")).then_refused(
        InvalidValueError, "agent"
    )


@pytest.mark.parametrize(
    ("history", "role", "moved"),
    [
        pytest.param(PENDING, CLIENT, [resumed(HOUR, MESSAGE)], id="ends-the-wait-for-it"),
        pytest.param(ON_HOLD, CLIENT, [], id="not-the-wait-for-a-third-party"),
        pytest.param(NEW, CLIENT, [], id="does-not-start"),
        pytest.param(PENDING, MACHINE, [], id="an-automatic-one-moves-nothing"),
        pytest.param(SOLVED, MACHINE, [], id="nor-reopens"),
        pytest.param(
            SOLVED,
            CLIENT,
            [reopened(HOUR, "the customer replied", message_id=MESSAGE)],
            id="reopens",
        ),
    ],
)
def test_how_a_message_moves_the_case(
    history: list[Any], role: AuthorRole, moved: list[Any]
) -> None:
    CASES.given(*history).when(reply(role, HOUR)).then(replied(role, HOUR), *moved)


@pytest.mark.parametrize("history", [PENDING, SOLVED], ids=["pending", "solved"])
def test_a_message_written_before_and_delivered_late_moves_nothing(history: list[Any]) -> None:
    before = at(minutes=2)
    CASES.given(*history).when(reply(CLIENT, before)).then(replied(CLIENT, before))


def test_a_message_long_after_the_solution_asks_for_a_follow_up_case() -> None:
    late: datetime = at(days=30)
    CASES.given(*SOLVED).when(reply(CLIENT, late)).then_refused(ReopenWindowPassedError, "follows")
    thanks = reply(AGENT, late)
    CASES.given(*SOLVED).when(thanks).then(replied(AGENT, late, first_response=True))


def test_a_repeated_spam_mark_changes_nothing_and_a_solved_case_is_no_spam() -> None:
    command = MarkCaseSpam(case_id=CASE_ID, at=HOUR)
    CASES.given(*SPAM).when(command).then()
    CASES.given(*SOLVED).when(command).then_refused(NotAllowedError, "is solved")
