"""A change of some service levels: what is not named stays as it was, and a version comes of it."""

from typing import Any

import pytest

from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.kernel.working_time import ELAPSED
from crmcore.domain.service.levels.policy import Condition, ServiceLevelPolicy
from crmcore.domain.service.levels.version import decisions as versions
from crmcore.domain.service.levels.version.decisions import LaterVersionError, VersionInUseError
from crmcore.domain.service.levels.version.messages import (
    DefineServiceLevels,
    RevisedTarget,
    ReviseServiceLevels,
)
from crmcore.domain.service.levels.version.state import STANDARD_VERSION, ServiceLevelVersions
from crmcore.domain.service.priority import Priority
from tests.domain.service_levels.examples import (
    BERLIN,
    FIRST,
    NIGHT,
    OFFICE,
    SOLUTION,
    but,
    hours,
    in_days,
    target,
)
from tests.scenario import START, at

URGENT = ServiceLevelPolicy(
    name="urgent",
    when=Condition(priorities=(Priority.CRITICAL,)),
    targets=(target(FIRST, hours(1)), target(SOLUTION, hours(4))),
)
OTHERS = ServiceLevelPolicy(name="others", targets=(target(SOLUTION, hours(40)),))
VIP = ServiceLevelPolicy(
    name="vip", when=Condition(queues=("vip",)), targets=(target(SOLUTION, hours(2)),)
)
DEFINED = DefineServiceLevels(version="1", policies=(URGENT, OTHERS), calendars=(OFFICE,), at=START)
SOONER = RevisedTarget(policy="others", target=in_days(SOLUTION, close_of_business_day=2))


def revise(version: str = "2", **changes: Any) -> ReviseServiceLevels:
    return ReviseServiceLevels(version=version, **{"at": at(days=1), **changes})


def after(*sent: Any) -> ServiceLevelVersions:
    found = ServiceLevelVersions()
    for command in sent:
        found = versions.AGGREGATE.fold(versions.decide(command, found), found)
    return found


def policies(*sent: Any) -> tuple[ServiceLevelPolicy, ...]:
    return after(*sent).versions[-1].policies


def test_one_target_is_replaced_and_everything_else_stays() -> None:
    found = after(DEFINED, revise(targets=(SOONER,)))
    first, second = found.versions
    assert (first.policies, second.version) == (DEFINED.policies, "2")
    assert second.policies == (URGENT, but(OTHERS, targets=(SOONER.target,)))
    assert second.calendars == first.calendars


def test_a_target_of_another_kind_is_added() -> None:
    answer = RevisedTarget(policy="others", target=target(FIRST, hours(8)))
    _, others = policies(DEFINED, revise(targets=(answer,)))
    assert others.targets == (*OTHERS.targets, answer.target)


def test_one_policy_is_replaced_in_its_place() -> None:
    milder = but(URGENT, targets=(target(SOLUTION, hours(8)),))
    assert policies(DEFINED, revise(policies=(milder,))) == (milder, OTHERS)


def test_a_new_policy_comes_before_another_and_one_is_dropped() -> None:
    changed = revise(policies=(VIP,), before="others", dropped=("urgent",))
    assert policies(DEFINED, changed) == (VIP, OTHERS)


def test_a_calendar_is_replaced_or_added() -> None:
    longer = but(OFFICE, version=2, weekly=BERLIN.weekly)
    found = after(DEFINED, revise(calendars=(BERLIN, longer))).versions[-1]
    assert found.calendars == (longer, BERLIN)


def test_the_standard_levels_are_revised_where_nothing_was_defined() -> None:
    low = RevisedTarget(
        policy="standard low", target=target(SOLUTION, hours(99), calendar=ELAPSED.name)
    )
    (found,) = after(revise(targets=(low,))).versions
    assert found.policies[:3] == STANDARD_VERSION.policies[:3]
    assert found.policies[3].targets == (low.target,)


def test_what_is_in_force_when_it_begins_is_revised() -> None:
    planned = but(DEFINED, version="next", policies=(VIP,), holds_from=at(days=9), at=at(hours=1))
    now = revise("2", targets=(SOONER,))
    assert [one.version for one in after(DEFINED, planned, now).versions] == ["1", "2", "next"]
    later = revise("3", holds_from=at(days=10), policies=(URGENT,))
    assert after(DEFINED, planned, later).in_force(at(days=11)).policies == (VIP, URGENT)  # type: ignore[union-attr]  # some version is in force


@pytest.mark.parametrize(
    "changed",
    [
        revise(targets=(SOONER,)),
        revise(policies=(VIP,), before="others", dropped=("urgent",)),
        revise(calendars=(BERLIN,), holds_from=at(days=5)),
    ],
    ids=["target", "policies", "to-come"],
)
def test_the_same_revision_again_changes_nothing(changed: ReviseServiceLevels) -> None:
    found = after(DEFINED, changed)
    assert versions.decide(changed, found) == []
    with pytest.raises(VersionInUseError):
        versions.decide(but(changed, calendars=(NIGHT,)), found)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (revise(dropped=("vip",)), r"dropped\[0\]: expected one of urgent, others, got 'vip'"),
        (revise(targets=(but(SOONER, policy="x"),)), r"targets\[0\].policy: expected one of"),
        (revise(policies=(VIP,), before="x"), "before: expected one of urgent, others"),
        (revise(policies=(VIP,)), "before: expected the policy before which vip comes, because"),
        (revise(policies=(VIP, VIP), before="others"), "policies: expected each name once"),
        (
            revise(policies=(but(OTHERS, targets=(target(calendar="x"),)),)),
            "calendars given: office",
        ),
        (revise(holds_from=START), "holds_from: expected an instant from"),
    ],
    ids=["dropped", "target-of-none", "place", "never-holds", "twice", "calendar", "in-the-past"],
)
def test_what_does_not_fit_is_refused(changed: ReviseServiceLevels, said: str) -> None:
    with pytest.raises(InvalidValueError, match=said):
        after(DEFINED, changed)


def test_a_revision_as_of_before_the_last_version_is_refused() -> None:
    with pytest.raises(LaterVersionError):
        after(DEFINED, revise("2", targets=(SOONER,)), revise("3", at=at(hours=1)))
