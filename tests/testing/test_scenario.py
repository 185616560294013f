"""Rules as tests: a wrong expectation fails, and its words show what differs."""

from typing import Any

import pytest
from examples.workshop.context import JOB, BikeReceived, BikeReturned, ReceiveBike, ReturnBike

from crmcore.errors import NotFoundError, OtherKindError, OutOfOrderError
from crmcore.testing import Scenario
from tests.scenario import START, at, uid

BROUGHT = ReceiveBike(job_id=uid(11), customer_id=uid(1), fault="flat tyre", at=at(days=1))
RECEIVED = BikeReceived(job_id=uid(11), customer_id=uid(1), fault="flat tyre", at=at(days=1))
RUSTY = BikeReceived(job_id=uid(11), customer_id=uid(1), fault="rust", at=at(days=1))
BACK = ReturnBike(job_id=uid(11), at=at(days=2))
RETURNED = BikeReturned(job_id=uid(11), at=at(days=2))
EARLY = ReturnBike(job_id=uid(11), at=START)

scenario = Scenario(JOB)


def test_what_holds_passes() -> None:
    scenario.when(BROUGHT).then(RECEIVED).when(BACK).then(RETURNED).when(BACK).then_nothing()
    scenario.when(BACK).then_refused(NotFoundError, "repair job")
    scenario.given(RECEIVED).when(EARLY).then_refused(OutOfOrderError, field="at")


def test_after_a_refusal_it_goes_on_as_if_nothing_had_come() -> None:
    scenario.given(RECEIVED).when(EARLY).then_refused(OutOfOrderError).when(BACK).then(RETURNED)


WRONG: dict[str, tuple[Any, str]] = {
    "another field": (
        lambda: scenario.when(BROUGHT).then(RUSTY),
        "expected 1 event:\n  1. BikeReceived.fault: expected 'rust', got 'flat tyre'",
    ),
    "another event": (
        lambda: scenario.when(BROUGHT).then(RETURNED),
        f"expected 1 event:\n  1. expected {RETURNED!r}, got {RECEIVED!r}",
    ),
    "too many": (
        lambda: scenario.when(BROUGHT).then(),
        f"expected no events, got 1:\n  1. not expected: {RECEIVED!r}",
    ),
    "something": (
        lambda: scenario.when(BROUGHT).then_nothing(),
        f"expected no events, got 1:\n  1. not expected: {RECEIVED!r}",
    ),
    "too few": (
        lambda: scenario.when(BROUGHT).then(RECEIVED, RETURNED),
        f"expected 2 events, got 1:\n  2. missing: {RETURNED!r}",
    ),
    "a refusal": (
        lambda: scenario.when(BACK).then(RETURNED),
        f"refused: there is no repair job {uid(11)}",
    ),
    "no refusal": (
        lambda: scenario.when(BROUGHT).then_refused(NotFoundError),
        f"expected NotFoundError, but it was not refused: {RECEIVED!r}",
    ),
    "another refusal": (
        lambda: scenario.when(BACK).then_refused(OtherKindError),
        f"expected OtherKindError, got NotFoundError: there is no repair job {uid(11)}",
    ),
    "other words": (
        lambda: scenario.when(BACK).then_refused(NotFoundError, "bike"),
        f"expected words like 'bike', got: there is no repair job {uid(11)}",
    ),
    "another field refused": (
        lambda: scenario.given(RECEIVED).when(EARLY).then_refused(OutOfOrderError, field="job_id"),
        "expected a refusal about job_id, got one about at: ",
    ),
}


@pytest.mark.parametrize(("expectation", "told"), WRONG.values(), ids=WRONG)
def test_a_wrong_expectation_tells_what_differs(expectation: Any, told: str) -> None:
    with pytest.raises(AssertionError) as failure:
        expectation()
    assert str(failure.value).startswith(told)


def test_what_does_not_decide_alone_needs_a_decision() -> None:
    from tests.composed import AGGREGATES

    undecided = next(one for one in AGGREGATES if one.decide is None)
    with pytest.raises(ValueError, match="does not decide alone: give `decide`"):
        Scenario(undecided).when(BACK)
