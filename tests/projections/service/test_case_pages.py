"""Cases page by page: each case that does not change meanwhile is on one page exactly."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import crmcore
from crmcore import calendars
from crmcore import commands as ask
from crmcore.domain.kernel import Command
from crmcore.errors import InvalidValueError
from tests.histories import Clock, send
from tests.projections.conftest import Tell
from tests.projections.contract import fresh
from tests.projections.examples import START, case
from tests.scenario import uid

HOUR = timedelta(hours=1)
CASES = 8
LEVELS = ask.DefineServiceLevels(
    version="1",
    policies=(
        ask.ServiceLevelPolicy(
            name="all but the low ones",
            when=ask.Condition(priorities=(ask.Priority.CRITICAL, ask.Priority.HIGH)),
            targets=(
                ask.ServiceTarget(
                    kind=ask.TargetKind.RESOLUTION,
                    within=9 * HOUR,
                    calendar=calendars.ELAPSED.name,
                    pauses=(ask.PauseCategory.PENDING,),
                ),
            ),
        ),
    ),
    calendars=(calendars.ELAPSED,),
    at=START - HOUR,
)


TENANTS = count()
"""A log apart for each example."""


def at(hour: int) -> datetime:
    return START + hour * HOUR


def opened(number: int, hour: int, priority: ask.Priority) -> Command:
    return case(number, at(hour), priority=priority, override_reason="because")


def changed(number: int, hour: int, what: str) -> Command:
    """Something that moves a case's clock, its facts, or neither."""
    about: dict[str, Any] = {"case_id": uid(number), "at": at(hour)}
    kinds: dict[str, Command] = {
        "pend": ask.PendCase(**about),
        "solve": ask.SolveCase(**about, resolution_code="done"),
        "reopen": ask.ReopenCase(**about, reason="again"),
        "queue": ask.QueueCase(**about, queue="pipes"),
        "raise": ask.PrioritiseCase(
            **about, priority=ask.Priority.CRITICAL, override_reason="flood"
        ),
    }
    return kinds[what]


numbers = st.integers(1, CASES)
openings = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from(list(ask.Priority))),
    min_size=CASES,
    max_size=CASES,
)
changes = st.lists(
    st.tuples(
        numbers, st.integers(1, 30), st.sampled_from(["pend", "solve", "reopen", "queue", "raise"])
    ),
    max_size=12,
)


def pages(crm: crmcore.CRM, limit: int, **asked: Any) -> Iterator[Sequence[Any]]:
    after = None
    while True:
        found = crm.read.cases.find(limit=limit, after=after, **asked)
        yield found.items
        if found.next is None:
            return
        after = found.next


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    begun=openings,
    before=changes,
    meanwhile=changes,
    limit=st.integers(1, 4),
    order_by=st.sampled_from(["urgency", "opened_at", "-opened_at"]),
    is_open=st.sampled_from([None, True, False]),
    hour=st.one_of(st.none(), st.integers(0, 40)),
)
def test_what_does_not_change_meanwhile_is_on_one_page_exactly(
    database_url: str,
    begun: list[tuple[int, ask.Priority]],
    before: list[tuple[int, int, str]],
    meanwhile: list[tuple[int, int, str]],
    limit: int,
    order_by: str,
    is_open: bool | None,
    hour: int | None,
) -> None:
    tenant = f"t{next(TENANTS)}"
    asked: dict[str, Any] = {
        "order_by": order_by,
        "is_open": is_open,
        "as_of": None if hour is None else at(hour),
    }
    with crmcore.open(database_url, tenant=tenant, clock=Clock()) as crm:
        send(crm, [LEVELS, *(opened(number, *one) for number, one in enumerate(begun, 1))])
        send(crm, [changed(*one) for one in before])
        crm.catch_up()
        asked["as_of"] = asked["as_of"] or crm.now()
        whole = [one.case_id for one in crm.read.cases.find(limit=1000, **asked).items]
        at_rest = [one for page in pages(crm, limit, **asked) for one in page]
        assert [one.case_id for one in at_rest] == whole
        found, waiting = list[UUID](), list(meanwhile)
        for page in pages(crm, limit, **asked):
            found += [one.case_id for one in page]
            send(crm, [changed(*one) for one in waiting[:2]])
            waiting = waiting[2:]
            crm.catch_up()
        touched = {uid(number) for number, _, _ in meanwhile}
        still = [one for one in whole if one not in touched]
        assert [one for one in found if one not in touched] == still


@settings(max_examples=25, deadline=None)
@given(begun=openings, before=changes, hour=st.integers(0, 40), is_open=st.booleans())
def test_the_most_urgent_is_due_first(
    begun: list[tuple[int, ask.Priority]],
    before: list[tuple[int, int, str]],
    hour: int,
    is_open: bool,
) -> None:
    """Then cases whose targets are all paused, then those without any; counted, they are the backlog."""
    with fresh() as crm:
        send(crm, [LEVELS, *(opened(number, *one) for number, one in enumerate(begun, 1))])
        send(crm, [changed(*one) for one in before])
        crm.catch_up()
        found = crm.read.cases.find(is_open=is_open, as_of=at(hour)).items
        everything = crm.read.cases.find(as_of=at(hour), order_by="opened_at").items
        backlog = crm.read.cases.backlog(as_of=at(hour))
    assert {one.case_id for one in found} == {
        one.case_id for one in everything if one.is_open is is_open
    }
    keys = [urgency(one) for one in found]
    assert keys == sorted(keys)
    opened_then = [one for one in everything if one.is_open]
    assert backlog.open == len(opened_then)
    assert backlog.with_targets == sum(any(has_open(one)) for one in opened_then)
    late = [one.next_due_at for one in opened_then if one.next_due_at is not None]
    assert backlog.overdue == sum(due < at(hour) for due in late)


def has_open(one: Any) -> Iterator[bool]:
    return (target.is_open for target in one.targets)


def urgency(one: Any) -> tuple[Any, ...]:
    due = [target.due_at for target in one.targets if target.is_open and target.due_at]
    first = min(due, default=None)
    assert one.next_due_at == first
    return first is None, first or START, not any(has_open(one)), one.opened_at, str(one.case_id)


def test_cases_are_found_by_what_they_were_then(crm: crmcore.CRM, tell: Tell) -> None:
    tell(
        case(1, queue="pipes"),
        case(2, queue="roads"),
        ask.TransferCase(case_id=uid(1), queue="roads", at=at(2)),
        ask.AssignCase(case_id=uid(1), agent="kim", at=at(3)),
    )

    def found(**asked: Any) -> list[str]:
        items = crm.read.cases.find(order_by="opened_at", **asked).items
        return [str(one.number) for one in items]

    assert found(queue="roads") == ["C-1", "C-2"]
    assert found(queue="roads", as_of=at(1)) == ["C-2"]
    assert found(queue="pipes", as_of=at(1)) == ["C-1"]
    assert found(agent="kim") == ["C-1"]
    assert found(agent="kim", as_of=at(2)) == []
    assert found(kind=ask.CaseKind.COMPLAINT) == ["C-1", "C-2"]
    assert found(kind=ask.CaseKind.COMPLAINT, status=crmcore.StatusCategory.NEW) == ["C-2"]
    assert found(customer_id=uid(77)) == []


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"order_by": "size"}, id="no such order"),
        pytest.param({"limit": 0}, id="no page of nothing"),
        pytest.param({"limit": 1001}, id="too many"),
        pytest.param({"after": "next"}, id="no cursor"),
        pytest.param({"status": "asleep"}, id="no such status"),
        pytest.param({"customer_id": "Ann"}, id="no id"),
    ],
)
def test_a_list_that_cannot_be_is_refused(crm: crmcore.CRM, asked: dict[str, Any]) -> None:
    crm.catch_up()
    with pytest.raises(InvalidValueError):
        crm.read.cases.find(**asked)


def test_a_cursor_of_another_order_is_refused(crm: crmcore.CRM, tell: Tell) -> None:
    tell(case(1), case(2))
    cursor = crm.read.cases.find(limit=1).next
    assert cursor is not None
    with pytest.raises(InvalidValueError, match="after: expected the `next`"):
        crm.read.cases.find(order_by="-opened_at", after=cursor)
