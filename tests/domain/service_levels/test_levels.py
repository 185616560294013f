"""Policies, their versions, and which of them holds for a case: attached, replaced, detached."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from crmcore.domain.kernel import InvalidValueError, NotAllowedError
from crmcore.domain.kernel.working_time import (
    ELAPSED,
    BusinessCalendar,
    DayHours,
    Holiday,
    ShiftedDay,
)
from crmcore.domain.service.case.decisions.merging import merge
from crmcore.domain.service.case.messages.life_cycle import ReopenCase
from crmcore.domain.service.case.messages.merging import MergeCase
from crmcore.domain.service.case.messages.opening import (
    CaseCustomerIdentified,
    ClassifyCase,
    IdentifyCaseCustomer,
    PrioritiseCase,
)
from crmcore.domain.service.case.messages.routing import QueueCase, TransferCase
from crmcore.domain.service.case.messages.service_levels import (
    ObserveServiceLevels,
    ReapplyServiceLevels,
    ServiceLevelAttached,
    ServiceLevelDetached,
    ServiceLevelReplaced,
    ServiceTargetBreached,
    ServiceTargetWarned,
)
from crmcore.domain.service.case.policy import CasePolicy
from crmcore.domain.service.case.refusals import (
    CaseClosedError,
    CaseMergedError,
    CaseOutOfOrderError,
    CaseSolvedError,
    CaseSpamError,
)
from crmcore.domain.service.levels.policy import (
    CaseFacts,
    Condition,
    ServiceLevelPolicy,
    WarningLevel,
    first_match,
)
from crmcore.domain.service.levels.version import decisions as versions
from crmcore.domain.service.levels.version.decisions import LaterVersionError, VersionInUseError
from crmcore.domain.service.levels.version.messages import DefineServiceLevels, ServiceLevelsDefined
from crmcore.domain.service.levels.version.state import (
    SERVICE_LEVELS_ID,
    ServiceLevelVersion,
    ServiceLevelVersions,
)
from crmcore.domain.service.priority import Priority
from crmcore.domain.service.terms import CaseChannel, CaseKind
from tests.domain.service.case_examples import (
    CASE_ID,
    CASES,
    CUSTOMER,
    OTHER_ID,
    STRANGER,
    closed,
    merged,
    open_case,
    opened,
    reopened,
    solved,
    spam,
)
from tests.domain.service_levels.examples import (
    FIRST,
    OFFICE,
    SOLUTION,
    UPDATE,
    attach,
    but,
    detach,
    hours,
    in_days,
    replace,
    target,
    warn,
)
from tests.scenario import START, Scenario, at

VERSIONS = Scenario(versions.AGGREGATE, versions.decide)
GOLD, CALM = target(SOLUTION, hours(2)), target(SOLUTION, hours(40))


def policy(name: str = "all", *targets: Any, **when: Any) -> ServiceLevelPolicy:
    return ServiceLevelPolicy(name=name, when=Condition(**when), targets=targets or (target(),))


def define(version: str = "1", when: datetime = START, *policies: Any, **more: Any) -> Any:
    known = {"policies": policies or (policy(),), "calendars": (OFFICE,), **more}
    return DefineServiceLevels(version=version, at=when, **known)


def defined(command: DefineServiceLevels) -> ServiceLevelsDefined:
    return ServiceLevelsDefined(
        book_id=SERVICE_LEVELS_ID,
        version=command.version,
        policies=command.policies,
        calendars=command.calendars,
        reason=command.reason,
        holds_from=command.holds_from,
        at=command.at,
    )


# The book


def test_a_version_is_defined_once_and_another_one_follows_it() -> None:
    first, second = define("1"), define("2", at(days=9), policy("b"), reason="the new contract")
    (
        VERSIONS.given()
        .when(first)
        .then(defined(first))
        .when(first)
        .then()
        .when(second)
        .then(defined(second))
        .when(first)  # an import that runs again
        .then()
        .when(but(second, at=at(days=99)))  # it holds then
        .then()
    )


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(define("1", START, policy("b")), id="other-policies"),
        pytest.param(define("1", START, calendars=(OFFICE, ELAPSED)), id="other-calendars"),
        pytest.param(define("1", at(days=-1)), id="from-an-earlier-instant"),
        pytest.param(define("1", at(days=20)), id="once-another-holds"),
    ],
)
def test_the_name_of_a_version_means_one_thing_for_ever(again: DefineServiceLevels) -> None:
    history = [defined(define("1")), defined(define("2", at(days=9)))]
    VERSIONS.given(*history).when(again).then_refused(
        VersionInUseError, "'1' .* defined already, from"
    )


@pytest.mark.parametrize("when", [START, at(days=-1)], ids=["at-the-same-instant", "before"])
def test_a_version_is_defined_after_the_latest(when: datetime) -> None:
    command = define("2", when, holds_from=at(days=3))
    VERSIONS.given(defined(define("1"))).when(command).then_refused(
        LaterVersionError, "come after them"
    )


def test_a_version_is_defined_before_it_holds() -> None:
    january = define("2", at(days=1), policy("b"), holds_from=at(days=9))
    (
        VERSIONS.given(defined(define("1")))
        .when(january)
        .then(defined(january))
        .when(january)
        .then()
        .when(but(january, at=at(days=2)))  # as planned already
        .then()
        .when(but(january, at=at(days=10), holds_from=None))  # it holds by then
        .then()
        .when(but(january, at=at(days=2), holds_from=at(days=8)))
        .then_refused(VersionInUseError, "'2' .* defined already, from")
    )


def test_no_version_holds_from_before_it_was_defined_on() -> None:
    command = define("1", START, holds_from=at(days=-1))
    VERSIONS.given().when(command).then_refused(
        InvalidValueError, "holds_from: expected an instant from"
    )


def test_until_a_planned_version_holds_another_may() -> None:
    history = [
        defined(define("1")),
        defined(define("next year", at(days=1), holds_from=at(days=9))),
        defined(define("meanwhile", at(days=2))),
        defined(define("next year, again", at(days=3), holds_from=at(days=9))),
    ]
    versions_so_far: ServiceLevelVersions = versions.AGGREGATE.fold(history)
    found = {day: versions_so_far.in_force(at(days=day)) for day in (1, 2, 8.99, 9)}
    names = {day: version and version.version for day, version in found.items()}
    assert names == {1: "1", 2: "meanwhile", 8.99: "meanwhile", 9: "next year, again"}


def test_the_version_in_force_is_the_last_that_has_begun() -> None:
    history = [defined(define(name, at(days=day))) for name, day in (("1", 0), ("2", 9))]
    versions_so_far: ServiceLevelVersions = versions.AGGREGATE.fold(history)
    found = {day: versions_so_far.in_force(at(days=day)) for day in (-1, 0, 8.99, 9, 99)}
    names = {day: version and version.version for day, version in found.items()}
    assert names == {-1: None, 0: "1", 8.99: "1", 9: "2", 99: "2"}


FOREVER: dict[str, Any] = {"within": timedelta(days=3_660, microseconds=1)}
ONCE = BusinessCalendar(
    name="once",
    zone="UTC",
    weekly=(),
    shifted=(ShiftedDay(day=date(2026, 1, 6), hours=(DayHours(opens="09:00", closes="10:00"),)),),
)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        pytest.param(
            define(calendars=(OFFICE, OFFICE)), "each name once, got .* twice", id="calendars"
        ),
        pytest.param(
            define("1", START, policy("a"), policy("a")), "each name once, got .a twice", id="names"
        ),
        pytest.param(
            define("1", START, policy("a", target(), target())), "one target of each", id="kinds"
        ),
        pytest.param(
            define("1", START, policy("a", target(**FOREVER))), "from 0 to 3660 days", id="too-long"
        ),
        pytest.param(
            define("1", START, policy("a", target(within=-hours(1)))), "from 0", id="negative"
        ),
        pytest.param(
            define(calendars=()), "calendars given: none is given, got 'office'", id="no-calendar"
        ),
        pytest.param(
            define(calendars=(ELAPSED,)), "calendars given: elapsed time", id="other-calendar"
        ),
        pytest.param(
            define("1", START, policy("a", target(within=timedelta(days=3_000)))),
            "less than office has of working time in ten years",
            id="never-reached",
        ),
        pytest.param(
            define("1", at(days=2), policy("a", target(calendar="once")), calendars=(ONCE,)),
            "less than once has of working time",
            id="calendar-that-is-over",
        ),
        pytest.param(
            define("1", START, policy("a", in_days(business_days=3_000))),
            r"business_days: expected less than office has of working time in ten years, got 3000",
            id="never-reached-in-days",
        ),
        pytest.param(
            define(
                "1",
                START,
                policy("a", in_days(close_of_business_day=2, calendar="once")),
                calendars=(ONCE,),
            ),
            r"close_of_business_day: expected less than once has of working time",
            id="calendar-that-is-over-in-days",
        ),
        pytest.param(
            define("1", START, policy("a", target(from_creation=True))),
            "only a periodic update counts from the opening",
            id="from-creation",
        ),
        pytest.param(
            define("1", START, policy("a", target(warnings=(WarningLevel(),)))),
            r"warnings\[0\]: expected either percent or remaining, got .neither",
            id="warning-of-nothing",
        ),
        pytest.param(
            define(
                "1",
                START,
                policy("a", target(warnings=(WarningLevel(percent=9, remaining=hours(1)),))),
            ),
            "either percent or remaining",
            id="warning-of-both",
        ),
        pytest.param(
            define("1", START, policy("a", target(warnings=(WarningLevel(remaining=-hours(1)),)))),
            "a duration from 0 on",
            id="warning-after",
        ),
        pytest.param(
            define("1", START, policy("a", target(warnings=(warn(50), warn(50, "page"))))),
            "levels that differ, got .50 % twice",
            id="warned-twice",
        ),
    ],
)
def test_policies_that_do_not_hold_together_are_refused(
    command: DefineServiceLevels, words: str
) -> None:
    VERSIONS.given().when(command).then_refused(InvalidValueError, words)


def test_a_version_may_owe_nothing_to_anybody() -> None:
    command = DefineServiceLevels(version="none", policies=(), at=START)
    VERSIONS.given().when(command).then(defined(command))


# The first policy that matches

FACTS = CaseFacts(
    priority=Priority.HIGH,
    kind=CaseKind.INCIDENT,
    channel=CaseChannel.WEB,
    queue="lamps",
    category="streets",
    request_type=None,
    customer=CUSTOMER,
)


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        pytest.param({}, True, id="nothing-asked"),
        pytest.param({"priorities": (Priority.LOW, Priority.HIGH)}, True, id="one-of-priorities"),
        pytest.param({"priorities": (Priority.LOW,)}, False, id="other-priority"),
        pytest.param({"kinds": (CaseKind.RETURN,)}, False, id="other-kind"),
        pytest.param({"channels": (CaseChannel.WEB,)}, True, id="channel"),
        pytest.param({"queues": ("lamps",), "categories": ("parks",)}, False, id="all-are-met"),
        pytest.param({"categories": ("streets",), "queues": ("lamps",)}, True, id="both"),
        pytest.param({"request_types": ("Lamp",)}, False, id="unknown-matches-no-name"),
        pytest.param({"customers": (CUSTOMER, STRANGER)}, True, id="customer"),
        pytest.param({"customers": (STRANGER,)}, False, id="other-customer"),
    ],
)
def test_a_condition_holds_if_each_that_it_names_is_met(when: Any, holds: bool) -> None:
    assert (first_match([policy("a", **when)], FACTS) is not None) == holds


def test_the_first_that_matches_holds() -> None:
    other = policy("other", priorities=(Priority.LOW,))
    gold, rest = policy("gold", customers=(CUSTOMER,)), policy("rest")
    assert first_match([other, gold, rest], FACTS) == gold
    assert first_match([rest, gold], FACTS) == rest
    assert first_match([other], FACTS) is None
    assert first_match([], FACTS) is None


# What it makes of a case

FIRST_BOOK = ServiceLevelVersion(
    START,
    "1",
    (
        policy("exempt", queues=("internal",)),
        policy("gold", GOLD, customers=(CUSTOMER,)),
        policy("urgent", GOLD, priorities=(Priority.CRITICAL,)),
        policy("returns", CALM, kinds=(CaseKind.RETURN,)),
        policy("lamps", GOLD, categories=("lamps",)),
        policy("bulbs", CALM, request_types=("Bulb",)),
        policy("first line", CALM, queues=("first",)),
        policy("second line", GOLD, queues=("second",)),
    ),
    (OFFICE, ELAPSED),
)
EXEMPT = but(FIRST_BOOK.policies[0], targets=())
FIRST_BOOK = but(FIRST_BOOK, policies=(EXEMPT, *FIRST_BOOK.policies[1:]))
BY_BOOK = CasePolicy(service_levels=FIRST_BOOK)
ONE: dict[str, Any] = {"case_id": CASE_ID}


def change(events: Any) -> list[tuple[type, str, datetime]]:
    """What changed in what is owed, by which policy."""
    kinds = (ServiceLevelAttached, ServiceLevelReplaced, ServiceLevelDetached)
    return [(type(one), one.policy, one.at) for one in events if isinstance(one, kinds)]


HOUR = at(hours=1)


@pytest.mark.parametrize(
    ("command", "name"),
    [
        pytest.param(
            PrioritiseCase(priority=Priority.CRITICAL, override_reason="x", at=HOUR, **ONE),
            "urgent",
            id="priority",
        ),
        pytest.param(ClassifyCase(kind=CaseKind.RETURN, at=HOUR, **ONE), "returns", id="kind"),
        pytest.param(ClassifyCase(category="lamps", at=HOUR, **ONE), "lamps", id="category"),
        pytest.param(ClassifyCase(request_type="Bulb", at=HOUR, **ONE), "bulbs", id="type"),
        pytest.param(QueueCase(queue="first", at=HOUR, **ONE), "first line", id="queue"),
        pytest.param(IdentifyCaseCustomer(customer_id=CUSTOMER, at=HOUR, **ONE), "gold", id="who"),
    ],
)
def test_each_fact_that_a_condition_asks_for_finds_the_policy_again(
    command: Any, name: str
) -> None:
    scenario = CASES.given(opened())
    found = scenario.when(command, BY_BOOK)
    assert change(found.events) == [(ServiceLevelAttached, name, HOUR)]
    assert scenario.given(*found.events).when(command, BY_BOOK).events == ()


def test_an_opening_is_matched_by_all_that_came_with_it() -> None:
    events = CASES.given().when(open_case(customer_id=CUSTOMER, queue="first"), BY_BOOK).events
    assert change(events) == [(ServiceLevelAttached, "gold", START)]
    assert events[-1].calendars == (OFFICE,)  # not those that it does not need


def test_a_policy_is_replaced_detached_and_attached_again() -> None:
    stream = CASES.given(opened(queue="first"), attach(START, CALM))
    for queue, expected in (
        ("second", (ServiceLevelReplaced, "second line", at(hours=1))),
        ("internal", (ServiceLevelDetached, "second line", at(hours=2))),
        ("first", (ServiceLevelAttached, "first line", at(hours=3))),
        ("nowhere", (ServiceLevelDetached, "first line", at(hours=4))),
    ):
        found = stream.when(TransferCase(queue=queue, at=expected[2], **ONE), BY_BOOK)
        assert change(found.events) == [expected]
        stream = stream.given(*found.events)
    silent = stream.when(TransferCase(queue="internal", at=at(hours=5), **ONE), BY_BOOK)
    assert change(silent.events) == []


def test_a_solved_case_is_matched_again_when_it_is_reopened() -> None:
    stream = CASES.given(opened(queue="first"), attach(START, CALM), solved(at(hours=1)))
    moved = stream.when(TransferCase(queue="second", at=at(hours=2), **ONE), BY_BOOK)
    assert change(moved.events) == []
    reopening = ReopenCase(reason="dark", at=at(hours=3), **ONE)
    found = stream.given(*moved.events).when(reopening, BY_BOOK)
    assert change(found.events) == [(ServiceLevelAttached, "second line", at(hours=3))]
    assert found.events[-1].cycle == 2


def test_a_merge_that_tells_the_customer_finds_the_policy_again() -> None:
    """The target had none: the source's customer has a contract."""
    command = MergeCase(into_case_id=OTHER_ID, at=HOUR, **ONE)
    source = CASES.aggregate.fold([opened(customer_id=CUSTOMER)])
    for target_events, expected in (
        ([opened(OTHER_ID)], [(ServiceLevelAttached, "gold", HOUR)]),
        ([opened(OTHER_ID, customer_id=CUSTOMER)], []),
    ):
        target_case = CASES.aggregate.fold(target_events)
        events = merge(command, source, OTHER_ID, target_case, BY_BOOK).target
        assert change(events) == expected
        assert {one.case_id for one in events} == {OTHER_ID}
        assert isinstance(events[0], CaseCustomerIdentified) == bool(expected)


# Versions

SECOND_BOOK = but(FIRST_BOOK, version="2", at=at(days=1))
REAPPLY = ReapplyServiceLevels(at=at(days=2), **ONE)


def test_a_case_follows_a_new_version_when_it_is_told_to_and_the_version_is_recorded() -> None:
    """Also where nothing else differs: reports by version are right."""
    scenario = CASES.given(opened(queue="first"))
    attaching = PrioritiseCase(priority=Priority.LOW, override_reason="x", at=HOUR, **ONE)
    stream = scenario.given(*scenario.when(attaching, BY_BOOK).events)
    assert stream.when(REAPPLY, BY_BOOK).events == ()
    found = stream.when(REAPPLY, CasePolicy(service_levels=SECOND_BOOK))
    assert change(found.events) == [(ServiceLevelReplaced, "first line", at(days=2))]
    assert (found.events[0].version, found.events[0].targets) == ("2", (CALM,))
    again = stream.given(*found.events)
    assert again.when(REAPPLY, CasePolicy(service_levels=SECOND_BOOK)).events == ()


def test_EC_S32_a_holiday_added_afterwards_counts_once_the_case_is_told_to_follow() -> None:
    """EC-S10: a version keeps its holidays; the next one has to be asked for."""
    changed = but(OFFICE, version=2, holidays=(Holiday(day=date(2026, 1, 7)),))
    later = but(SECOND_BOOK, calendars=(changed,))
    stream = CASES.given(opened(queue="first"))
    stream = stream.given(*stream.when(QueueCase(queue="first", at=HOUR, **ONE), BY_BOOK).events)
    stream = stream.given(attach(START, CALM))
    found = stream.when(REAPPLY, CasePolicy(service_levels=later))
    assert found.events[0].calendars == (changed,)


@pytest.mark.parametrize(
    ("ending", "refusal"),
    [
        pytest.param([solved(HOUR)], CaseSolvedError, id="solved"),
        pytest.param([solved(HOUR), closed(HOUR)], CaseClosedError, id="closed"),
        pytest.param([merged(HOUR)], CaseMergedError, id="merged"),
        pytest.param([spam(HOUR)], CaseSpamError, id="spam"),
    ],
)
def test_INV_S7_nothing_new_is_owed_to_a_case_that_ended(
    ending: list[Any], refusal: type[NotAllowedError]
) -> None:
    CASES.given(opened(), *ending).when(REAPPLY, BY_BOOK).then_refused(refusal)


def test_what_is_told_late_counts_from_the_last_agreement() -> None:
    """A change dated before the agreement, or before the cycle, rewrites nothing of before."""
    stream = CASES.given(opened(queue="first"), attach(at(hours=5), CALM))
    late = TransferCase(queue="second", at=at(hours=1), **ONE)
    assert change(stream.when(late, BY_BOOK).events)[0][2] == at(hours=5)
    again = CASES.given(opened(queue="nowhere"), solved(at(hours=1)), reopened(at(hours=9)))
    assert change(again.when(late, BY_BOOK).events)[0][2] == at(hours=9)


def test_of_two_changes_at_one_instant_the_second_holds() -> None:
    history = [opened(), attach(START, target(), target(FIRST)), replace(START, target(UPDATE))]
    state = CASES.aggregate.fold(history)
    assert [one.policy for one in state.facts.cycle.agreements] == ["B"]


# What is recorded of it

LEVELS = (warn(50, "tell the team"), warn(150))
WATCHED = [opened(), attach(START, target(warnings=LEVELS))]


def observe(when: datetime) -> ObserveServiceLevels:
    return ObserveServiceLevels(at=when, **ONE)


def test_INV_S9_a_warning_and_a_breach_are_recorded_once_each_with_both_instants() -> None:
    warned = ServiceTargetWarned(
        case_id=CASE_ID, cycle=1, target=SOLUTION, occurrence=1, level="50 %",
        action="tell the team", observed_at=at(hours=3), at=at(hours=2),
    )  # fmt: skip
    breached = ServiceTargetBreached(
        case_id=CASE_ID, cycle=1, target=SOLUTION, occurrence=1,
        observed_at=at(hours=5), at=at(hours=4),
    )  # fmt: skip
    last = but(warned, level="150 %", action=None, observed_at=at(days=3), at=at(hours=6))
    (
        CASES.given(*WATCHED)
        .when(observe(at(hours=2)))
        .then()
        .when(observe(at(hours=3)))
        .then(warned)
        .when(observe(at(hours=3)))
        .then()
        .when(observe(at(hours=5)))
        .then(breached)
        .when(observe(at(days=3)))
        .then(last)
        .when(observe(at(days=9)))
        .then()
    )


def test_what_is_found_late_is_recorded_in_the_order_in_which_it_came_about() -> None:
    history = [opened(), attach(START, target(warnings=LEVELS), target(FIRST, hours(1)))]
    events = CASES.given(*history).when(observe(at(days=1))).events
    assert [one.at for one in events] == [at(hours=number) for number in (1, 2, 4, 6)]


@pytest.mark.parametrize(
    ("ending", "kinds"),
    [
        pytest.param([solved(at(hours=3))], [], id="EC-S3-met"),
        pytest.param([solved(at(hours=5))], [ServiceTargetBreached], id="EC-S14-late"),
        pytest.param([merged(at(hours=3))], [], id="EC-S9-merged"),
        pytest.param([detach(at(hours=3))], [], id="EC-S6-detached"),
        pytest.param([spam(at(hours=5))], [], id="spam"),
        pytest.param([solved(at(hours=3)), closed(at(hours=9))], [], id="closed"),
    ],
)
def test_INV_S7_S9_what_is_over_is_not_escalated(ending: list[Any], kinds: list[type]) -> None:
    events = CASES.given(*WATCHED, *ending).when(observe(at(days=9))).events
    assert [type(one) for one in events] == kinds


def test_INV_S9_each_cycle_is_warned_for_itself() -> None:
    cycles = [
        solved(at(hours=5)),
        reopened(at(days=1)),
        attach(at(days=1), target(warnings=LEVELS), cycle=2),
    ]
    stream = CASES.given(*WATCHED)
    for event in (None, *cycles):
        stream = stream.given(*([event] if event else []))
        stream = stream.given(*stream.when(observe(at(hours=4.5))).events)
    stream = stream.given(*stream.when(observe(at(days=2))).events)
    recorded = [
        (one.cycle, getattr(one, "level", "breach"))
        for one in stream.history
        if hasattr(one, "observed_at")
    ]
    assert recorded == [(1, "50 %"), (1, "breach"), (2, "50 %"), (2, "breach"), (2, "150 %")]


def test_nothing_is_observed_before_the_opening() -> None:
    CASES.given(*WATCHED).when(observe(at(hours=-1))).then_refused(CaseOutOfOrderError)
