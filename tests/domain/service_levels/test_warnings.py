"""Who is told what, and how often: each question, each update that was missed, else each cycle."""

from datetime import datetime
from typing import Any

from crmcore.domain.kernel.working_time import ELAPSED
from crmcore.domain.service.case.messages.service_levels import ObserveServiceLevels
from crmcore.domain.service.levels.policy import TargetKind
from tests.domain.service.case_examples import CASE_ID, CASES, opened
from tests.domain.service_levels.examples import (
    NEXT,
    UPDATE,
    answered,
    asked,
    attach,
    hours,
    target,
    target_clocks,
    warn,
)
from tests.scenario import START, at

ROUND: dict[str, Any] = {"calendar": ELAPSED.name, "warnings": (warn(50),)}
UNANSWERED = [
    opened(),
    attach(START, target(NEXT, hours(2), **ROUND), target(UPDATE, hours(3), **ROUND)),
    answered(START, 100),
]


def noticed(*history: Any, by: datetime) -> list[Any]:
    """The stream with what was noticed by then."""
    observe = ObserveServiceLevels(case_id=CASE_ID, at=by)
    return [*history, *CASES.given(*history).when(observe).events]


def named(stream: list[Any]) -> list[tuple[TargetKind, str, datetime]]:
    """What was told: the target, the level, and when that came about."""
    return [
        (one.target, getattr(one, "level", "breach"), one.at)
        for one in stream
        if hasattr(one, "observed_at")
    ]


def test_INV_S9_a_question_is_warned_of_for_itself_and_an_update_once_in_a_cycle() -> None:
    stream: list[Any] = UNANSWERED
    for number, hour in enumerate((0, 10), 1):
        stream = noticed(*stream, asked(at(hours=hour + 0.5), 200 + number), by=at(hours=hour + 2))
        stream = noticed(*stream, by=at(hours=hour + 4))
        stream = [*stream, answered(at(hours=hour + 5), 100 + number)]
    breaches = [(NEXT, "breach", at(hours=hour + 2.5)) for hour in (0, 10)]
    assert [one for one in named(stream) if one[0] is NEXT] == [
        (NEXT, "50 %", at(hours=1.5)),
        breaches[0],
        (NEXT, "50 %", at(hours=11.5)),
        breaches[1],
    ]
    assert [one for one in named(stream) if one[0] is UPDATE] == [
        (UPDATE, "50 %", at(hours=1.5)),
        (UPDATE, "breach", at(hours=3)),
        (UPDATE, "breach", at(hours=8)),  # of another update
    ]


def test_INV_S9_a_question_is_warned_of_once_though_an_earlier_one_comes_in_late() -> None:
    """Which makes it the second question; the first was answered in time."""
    stream = noticed(*UNANSWERED, asked(at(hours=5), 201), by=at(hours=6.5))
    assert (NEXT, "50 %", at(hours=6)) in named(stream)
    late = [*stream, asked(at(hours=1), 202), answered(at(hours=1.5), 101)]
    assert target_clocks(late)[1, NEXT, 2].started_at == at(hours=5)
    again = noticed(*late, by=at(hours=8))
    assert [one for one in named(again) if one[0] is NEXT] == [
        (NEXT, "50 %", at(hours=6)),
        (NEXT, "breach", at(hours=7)),
    ]
