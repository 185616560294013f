"""The clock of service levels for any calendar, target and pauses: against a count, and itself."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from crmcore.domain.kernel.working_time import ELAPSED, BusinessCalendar, is_open, weekly
from crmcore.domain.service.case.decisions.decide import AGGREGATE, decide
from crmcore.domain.service.case.messages.service_levels import ObserveServiceLevels
from crmcore.domain.service.case.state import Unopened
from crmcore.domain.service.levels.clock import Mode, Pause, TargetClock, Verdict
from crmcore.domain.service.levels.policy import TargetKind
from tests.domain.service.case_examples import CASE_ID, held, opened, pended, resumed, solved
from tests.domain.service_levels.examples import (
    BERLIN,
    FIRST,
    NEXT,
    NIGHT,
    OFFICE,
    SOLUTION,
    UPDATE,
    WAITING,
    a_clock,
    answered,
    asked,
    attach,
    but,
    clock_of,
    detach,
    notifications,
    replace,
    status_of,
    target,
    target_clocks,
    warn,
)
from tests.scenario import at

MINUTE, NOTHING = timedelta(minutes=1), timedelta(0)
JUDGED = (Verdict.MET, Verdict.BREACHED)
MODEST = settings(deadline=None, max_examples=60)
CALENDARS = (
    OFFICE,
    BERLIN,
    NIGHT,
    ELAPSED,
    BusinessCalendar(name="odd", zone="Asia/Kathmandu", weekly=weekly("Tue-Sat 10:07-10:21")),
)
WEEK = 7 * 24 * 60
minute_of = st.integers(0, WEEK)
calendars = st.sampled_from(CALENDARS)
amounts = st.integers(0, 3_000).map(lambda minutes: minutes * MINUTE)


def instant(minute: int) -> datetime:
    """Minutes from a Thursday on, three days before clocks change in Berlin."""
    return datetime.fromisoformat("2026-03-26T00:00Z") + minute * MINUTE


@st.composite
def paused(draw: st.DrawFn, least: int = 0) -> list[Pause]:
    """Pauses in order, which may touch; the last one may last."""
    edges = sorted(draw(st.lists(st.integers(least, WEEK), max_size=8)))
    lasts = len(edges) % 2 == 1
    ends = [*map(instant, edges), *([None] if lasts else [])]
    return [Pause(a, b) for a, b in zip(ends[::2], ends[1::2], strict=True) if a is not None]


# Against a count of minutes


def counted(found: TargetClock, until: datetime) -> list[datetime]:
    """Every minute that the clock ran, found out one by one."""
    assert found.calendar is not None
    ran, now = [], found.started_at
    while now < until:
        still = any(p.since <= now and (p.until is None or now < p.until) for p in found.pauses)
        if not still and is_open(found.calendar, now):
            ran.append(now)
        now += MINUTE
    return ran


@given(calendars, minute_of, st.integers(0, 900), paused())
@MODEST
def test_INV_S2_used_and_due_are_what_a_count_of_minutes_says(
    calendar: BusinessCalendar, start: int, within: int, pauses: list[Pause]
) -> None:
    found = a_clock(instant(start), within * MINUTE, calendar, pauses)
    end = instant(start + 2_000)
    ran = counted(found, end)
    assert found.used(end) == len(ran) * MINUTE
    if within and within <= len(ran):
        assert found.due_at == ran[within - 1] + MINUTE
    elif ran and within == 0:
        assert found.due_at == ran[0]
    else:
        assert found.due_at is None or found.due_at > end


# Against itself


@given(calendars, minute_of, minute_of, amounts, amounts, paused())
@MODEST
def test_INV_S2_due_is_monotone_in_target_and_anchor(
    calendar: BusinessCalendar,
    start: int,
    other: int,
    less: timedelta,
    more: timedelta,
    pauses: list[Pause],
) -> None:
    (start, other), (less, more) = sorted((start, other)), sorted((less, more))
    dues = [
        a_clock(instant(since), within, calendar, pauses).due_at or instant(10 * WEEK)
        for since, within in ((start, less), (start, more), (other, more))
    ]
    assert dues == sorted(dues)


@given(calendars, minute_of, amounts, paused(), st.data())
@MODEST
def test_INV_S2_due_is_monotone_in_pauses(
    calendar: BusinessCalendar,
    start: int,
    within: timedelta,
    pauses: list[Pause],
    data: st.DataObject,
) -> None:
    kept = data.draw(st.lists(st.sampled_from(pauses), unique=True)) if pauses else []
    fewer = sorted(kept, key=lambda pause: pause.since)
    due = a_clock(instant(start), within, calendar, pauses).due_at
    earlier = a_clock(instant(start), within, calendar, fewer).due_at
    assert due is None or (earlier is not None and earlier <= due)


@given(calendars, minute_of, amounts, paused(), st.lists(minute_of, min_size=2))
@MODEST
def test_INV_S3_used_and_left_are_the_target_and_nothing_is_used_in_a_pause(
    calendar: BusinessCalendar,
    start: int,
    within: timedelta,
    pauses: list[Pause],
    asked_at: list[int],
) -> None:
    found = a_clock(instant(start), within, calendar, pauses)
    times = [instant(minute) for minute in sorted(asked_at)]
    for when in times:
        status = found.status(when)
        assert status.elapsed + status.remaining == within
        assert NOTHING <= status.elapsed <= max(when - instant(start), NOTHING)
    for one, other in pairwise(times):
        assert found.used(one) <= found.used(other)
        if any(p.since <= one and (p.until is None or other <= p.until) for p in pauses):
            assert found.used(one) == found.used(other)


@given(calendars, minute_of, amounts, paused(), st.data())
@MODEST
def test_splitting_a_pause_changes_nothing(
    calendar: BusinessCalendar,
    start: int,
    within: timedelta,
    pauses: list[Pause],
    data: st.DataObject,
) -> None:
    """EC-S27: nor does one that lies within another, or over a part of it."""
    parts: list[Pause] = []
    for pause in pauses:
        middle = pause.since + data.draw(st.integers(0, 300)) * MINUTE
        if pause.until is not None:
            middle = min(middle, pause.until)
        overlap = min(data.draw(st.integers(0, 99)) * MINUTE, middle - pause.since)
        parts += [Pause(pause.since, middle), Pause(middle - overlap, pause.until)]
    whole = a_clock(instant(start), within, calendar, pauses)
    split = a_clock(instant(start), within, calendar, parts)
    assert whole.due_at == split.due_at
    assert whole.used(instant(WEEK)) == split.used(instant(WEEK))


@given(calendars, minute_of, amounts, paused())
@MODEST
def test_moving_everything_by_a_week_moves_every_answer_by_a_week(
    calendar: BusinessCalendar, start: int, within: timedelta, pauses: list[Pause]
) -> None:
    """From May on, far from any change of clocks."""
    answers = []
    for by in (timedelta(weeks=6), timedelta(weeks=7)):
        moved = [Pause(p.since + by, p.until and p.until + by) for p in pauses]
        found = a_clock(instant(start) + by, within, calendar, moved)
        answers.append(
            (found.due_at and found.due_at - by, found.status(instant(WEEK) + by).elapsed)
        )
    assert answers[0] == answers[1]


# A whole case, whoever looks when


@st.composite
def histories(draw: st.DrawFn) -> list[Any]:
    """A case with policies that come, change and go, messages, pauses, and maybe a solution."""
    levels = (warn(50), warn(90), warn(150))
    targets = [
        target(kind, draw(st.integers(0, 20)) * 30 * MINUTE, warnings=levels, pauses=pauses)
        for kind, pauses in ((FIRST, ()), (NEXT, ()), (UPDATE, WAITING), (SOLUTION, WAITING))
    ]
    history: list[Any] = [
        opened(),
        attach(at(), *draw(st.sets(st.sampled_from(targets), min_size=1))),
    ]
    steps = draw(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 7)), max_size=12))
    when, first, waits = at(), True, False
    for number, (halves, kind) in enumerate(steps, 300):
        when += halves * 30 * MINUTE
        match kind:
            case 0:
                history.append(answered(when, number, first=first))
                first = False
            case 1 | 2:
                history.append(asked(when, number))
            case 3 | 4:
                history.append(resumed(when) if waits else [pended, held][kind - 3](when))
                waits = not waits
            case 5:
                chosen = draw(st.sets(st.sampled_from(targets), min_size=1))
                history.append(replace(when, *chosen))
            case 6:
                history.append(detach(when))
            case 7 if number > 305:
                history.append(solved(when))
                break
    return history


def verdicts(history: Sequence[Any], when: datetime) -> dict[Any, Verdict]:
    return {key: clock.verdict(when) for key, clock in target_clocks(history, when).items()}


@given(histories(), st.lists(st.integers(0, 500), max_size=12))
@MODEST
def test_INV_S4_S8_a_verdict_that_was_reached_is_the_same_whenever_it_is_looked_at(
    history: list[Any], ticks: list[int]
) -> None:
    reached: dict[Any, Verdict] = {}
    for halves in sorted(ticks):
        found = verdicts(history, at(minutes=30 * halves))
        assert all(found[key] is verdict for key, verdict in reached.items())
        reached |= {key: verdict for key, verdict in found.items() if verdict in JUDGED}


@given(histories(), st.integers(0, 500))
@MODEST
def test_INV_S4_what_comes_later_changes_no_verdict_of_today(
    history: list[Any], halves: int
) -> None:
    """The whole life of a case, and the part that had happened then, say the same."""
    when = at(minutes=30 * halves)
    steady = [one for one in history if not hasattr(one, "policy") or one.at <= when]
    whole = {
        key: one.verdict(when)
        for key, one in target_clocks(steady).items()
        if one.started_at <= when
    }
    for key, verdict in verdicts(steady, when).items():
        assert whole[key] is verdict


def observed(history: Sequence[Any], ticks: Sequence[datetime]) -> list[Any]:
    """The history with what a process manager recorded, looking at these instants."""
    waiting, stream = sorted(ticks), list[Any]()
    for event in [*history, None]:
        while waiting and (event is None or waiting[0] < event.at):
            command = ObserveServiceLevels(case_id=CASE_ID, at=waiting.pop(0))
            stream += decide(command, AGGREGATE.fold(stream))
        stream += [] if event is None else [event]
    return stream


END = at(days=20)
schedules = st.sampled_from(["never", "hourly", "at the end"]) | st.lists(
    st.integers(0, 20 * 24 * 60).map(lambda minute: at(minutes=minute)), max_size=9
)


def ticks_of(schedule: str | list[datetime]) -> list[datetime]:
    named = {
        "never": [],
        "hourly": [at(hours=hour) for hour in range(20 * 24)],
        "at the end": [END],
    }
    return named[schedule] if isinstance(schedule, str) else schedule


@given(histories(), schedules)
@settings(deadline=None, max_examples=40)
def test_INV_S4_S9_verdicts_are_the_same_under_any_schedule_and_each_level_is_told_once(
    history: list[Any], schedule: str | list[datetime]
) -> None:
    stream = observed(history, ticks_of(schedule))
    assert verdicts(stream, END) == verdicts(history, END)
    state = AGGREGATE.fold(stream)
    assert not isinstance(state, Unopened)
    seen = state.facts.timeline.observed
    assert len(seen) == len(set(seen))
    done = {key: one.completed_at for key, one in target_clocks(history).items()}
    for event in stream:
        if hasattr(event, "observed_at"):
            assert event.at < event.observed_at
            completed = done.get((event.cycle, event.target, event.occurrence))
            assert completed is None or event.at < completed


def test_INV_S4_every_second_tells_the_same_as_never() -> None:
    """Four minutes of a case, looked at 300 times, and once."""
    history = [
        opened(),
        attach(at(), target(within=timedelta(minutes=2), warnings=(warn(50),), pauses=WAITING)),
        pended(at(seconds=30.5)),
        resumed(at(seconds=60.25)),
        solved(at(seconds=240)),
    ]
    often = observed(history, [at(seconds=second) for second in range(300)])
    once = observed(history, [at(seconds=200)])
    expected = [at(seconds=89.75), at(seconds=149.75)]
    for stream in (often, once):
        assert [one.at for one in stream if hasattr(one, "observed_at")] == expected
        assert verdicts(stream, END) == verdicts(history, END)
    noticed = [one.observed_at for one in often if hasattr(one, "observed_at")]
    assert noticed == [at(seconds=90), at(seconds=150)]


@given(histories(), st.integers(0, 60))
@MODEST
def test_INV_S4_delivering_messages_again_changes_nothing(history: list[Any], halves: int) -> None:
    """What was recorded once is decided to be nothing the second time."""
    before = AGGREGATE.fold(history)
    command = ObserveServiceLevels(case_id=CASE_ID, at=at(minutes=30 * halves))
    stream = [*history, *decide(command, before)]
    assert decide(command, AGGREGATE.fold(stream)) == []
    later = but(command, at=END)
    after = [*stream, *decide(later, AGGREGATE.fold(stream))]
    assert decide(later, AGGREGATE.fold(after)) == []
    assert verdicts(after, END) == verdicts(history, END)


@given(histories())
@MODEST
def test_modes_differ_for_what_is_open_alone(history: list[Any]) -> None:
    for found in target_clocks(history, END).values():
        to_date, completed = (found.verdict(END, mode) for mode in Mode)
        assert to_date is completed or (to_date is Verdict.BREACHED and completed not in JUDGED)


@given(histories())
@MODEST
def test_INV_S7_S9_what_is_told_comes_before_the_end_of_what_is_owed(history: list[Any]) -> None:
    for kind, name, when in notifications(history, END):
        assert kind in TargetKind
        assert when < END
        found = [one for one in target_clocks(history, END).values() if one.kind is kind]
        assert any(one.started_at <= when for one in found), name


def test_the_history_that_is_owed_is_read_by_the_clock() -> None:
    history = [opened(), attach(at(), target())]
    assert clock_of(history).due_at == status_of(history, at()).next_escalation.at  # type: ignore[union-attr]  # a breach is to come
