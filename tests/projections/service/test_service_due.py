"""Warnings and breaches: told once each, to whoever asks; verdicts do not depend on it."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

import crmcore
from crmcore import calendars
from crmcore import commands as ask
from crmcore.domain.kernel import Command
from crmcore.errors import InFutureError
from tests.histories import AFTERWARDS, Clock
from tests.projections.examples import START, case
from tests.scenario import uid

HOUR = timedelta(hours=1)


def policy(name: str, hours: int, **when: Any) -> ask.ServiceLevelPolicy:
    target = ask.ServiceTarget(
        kind=ask.TargetKind.RESOLUTION,
        within=hours * HOUR,
        calendar=calendars.ELAPSED.name,
        pauses=(ask.PauseCategory.PENDING,),
        warnings=(
            ask.WarningLevel(percent=50, action="tell kim"),
            ask.WarningLevel(remaining=HOUR),
        ),
    )
    return ask.ServiceLevelPolicy(name=name, when=ask.Condition(**when), targets=(target,))


LEVELS = ask.DefineServiceLevels(
    version="1",
    policies=(policy("urgent", 2, priorities=(ask.Priority.CRITICAL,)), policy("all", 8)),
    calendars=(calendars.ELAPSED,),
    at=START - HOUR,
)


def hours(number: float) -> datetime:
    return START + number * HOUR


def raised(number: int, at: float) -> ask.PrioritiseCase:
    return ask.PrioritiseCase(
        case_id=uid(number),
        priority=ask.Priority.CRITICAL,
        override_reason="flood",
        at=hours(at),
    )


HISTORY: Sequence[Command] = (
    LEVELS,
    case(1),  # half at 4, an hour left at 7, due at 8: never solved
    case(2, hours(1)),  # half at 5; solved at 6
    case(3, hours(2)),  # half at 6; waits from 7 to 17; an hour left at 19, due at 20; solved at 21
    ask.SolveCase(case_id=uid(2), resolution_code="done", at=hours(6)),
    ask.PendCase(case_id=uid(3), at=hours(7)),
    ask.ResumeCase(case_id=uid(3), at=hours(17)),
    ask.SolveCase(case_id=uid(3), resolution_code="done", at=hours(21)),
    ask.ReopenCase(case_id=uid(2), reason="again", at=hours(21)),  # half at 25, 28, due at 29
)
END = hours(40)
CAME_ABOUT = [
    (1, 1, "50 %", 4), (2, 1, "50 %", 5), (3, 1, "50 %", 6), (1, 1, "1:00:00 left", 7),
    (1, 1, "breach", 8), (3, 1, "1:00:00 left", 19), (3, 1, "breach", 20), (2, 2, "50 %", 25),
    (2, 2, "1:00:00 left", 28), (2, 2, "breach", 29),
]  # fmt: skip
OF_USE_IN_TIME = {(2, 1, "50 %", 5), (3, 1, "50 %", 6), (3, 1, "1:00:00 left", 19)}
"""Warnings of targets that were completed: nobody is warned any more who looks later than that."""


def recorded(crm: crmcore.CRM) -> list[tuple[int, int, str, float]]:
    """The warnings and breaches in the log: case, cycle, level, and hours since the start."""
    found = [
        (
            one.stream_id.int - uid(0).int,
            one.event.cycle,
            getattr(one.event, "level", "breach"),
            (one.event.at - START) / HOUR,
        )
        for one in crm.events()
        if one.topic.startswith("service-target")
    ]
    return sorted(found, key=lambda one: (one[3], one[0]))


def told(crm: crmcore.CRM, commands: Sequence[Command]) -> None:
    done = crm.execute_many(commands, by="somebody")
    assert not done.refused, [str(one.error) for one in done.refused]


def verdicts(crm: crmcore.CRM) -> list[Any]:
    """How everything stands, at many moments."""
    return [
        (case.case_id, cycle.number, one.due_at, one.verdict, one.elapsed, one.remaining)
        for moment in range(0, 41, 3)
        for case in crm.read.cases.find(as_of=hours(moment), order_by="opened_at").items
        for cycle in case.cycles
        for one in cycle.targets
    ]


@pytest.mark.parametrize("every", [None, 0.25, 1, 7], ids=["never", "often", "hourly", "rarely"])
def test_INV_S4_verdicts_are_the_same_however_often_somebody_looks(
    database_url: str, every: float | None
) -> None:
    with crmcore.open(database_url, clock=Clock()) as crm:
        told(crm, HISTORY)
        crm.catch_up()
        expected = verdicts(crm)
    with crmcore.open(database_url, tenant="looked", clock=Clock()) as crm:
        following = list(HISTORY)
        moment = START - HOUR
        while every is not None and moment <= END:
            due = [one for one in following if one.at <= moment]
            following = following[len(due) :]
            told(crm, due)
            crm.due(moment)
            moment += every * HOUR
        told(crm, following)
        assert bool(crm.due(END).events) == (every is None)
        crm.catch_up()
        assert verdicts(crm) == expected
        found = recorded(crm)
        assert found == [one for one in CAME_ABOUT if one in set(found)]  # each once
        assert set(CAME_ABOUT) - set(found) <= OF_USE_IN_TIME
        assert set(found) == set(CAME_ABOUT) or every != 0.25


def test_INV_S9_what_is_due_is_listed_and_then_recorded_once(database_url: str) -> None:
    with crmcore.open(database_url, clock=Clock()) as crm:
        told(crm, HISTORY)
        crm.catch_up()
        listed = crm.read.cases.escalations(hours(7.5))
        assert [(one.number, one.name, one.at) for one in listed] == [
            ("C-1", "50 %", hours(4)),
            ("C-1", "1:00:00 left", hours(7)),
        ]
        assert (listed[0].policy, listed[0].action, listed[0].due_at) == (
            "all",
            "tell kim",
            hours(8),
        )
        found = crm.due(hours(7.5))
        assert (found.until, found.cases, len(found.events), found.refused) == (
            hours(7.5),
            1,
            2,
            (),
        )
        assert {one.actor for one in found.events} == {"service levels"}
        assert {one.event.observed_at for one in found.events} == {hours(7.5)}
        assert len({one.correlation_id for one in found.events}) == 1
        crm.catch_up()
        assert crm.read.cases.escalations(hours(7.5)) == []
        again = crm.due(hours(7.5))
        assert (again.cases, again.events) == (0, ())


def test_a_case_that_did_not_know_yet_is_looked_at_once(crm: crmcore.CRM) -> None:
    """At 5 hours it became urgent, and so overdue since 2; three hours after the start it was not."""
    told(crm, [LEVELS, case(1), raised(1, 5)])
    found = crm.due(hours(3))
    assert (found.cases, found.events) == (1, ())
    names = [one.name for one in crm.read.cases.escalations(hours(6))]
    assert names == ["50 %", "1:00:00 left", "breach"]
    assert len(crm.due(hours(6)).events) == 3


def test_nothing_is_recorded_of_what_is_yet_to_come(crm: crmcore.CRM) -> None:
    with pytest.raises(InFutureError, match="has come"):
        crm.due(AFTERWARDS + timedelta(days=1000))


def test_without_an_instant_it_is_now(crm: crmcore.CRM) -> None:
    told(crm, HISTORY)
    assert len(crm.due().events) == 7
    assert crm.due().events == ()


def test_two_at_the_same_time_record_each_once(database_url: str) -> None:
    """As two schedulers do whose clocks agree."""
    opened = [case(number, START + number * timedelta(minutes=1)) for number in range(1, 41)]
    with crmcore.open(database_url, clock=Clock()) as crm:
        told(crm, [LEVELS, *opened])
        crm.catch_up()

    def look(until: float) -> int:
        with crmcore.open(database_url, clock=Clock()) as crm:
            return len(crm.due(hours(until)).events)

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(look, [20, 20, 20]))
    assert sum(found) == 120
    with crmcore.open(database_url, clock=Clock()) as crm:
        counted = Counter(recorded(crm))
        assert (len(counted), set(counted.values())) == (120, {1})
