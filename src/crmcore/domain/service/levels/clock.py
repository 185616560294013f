"""The clock of a service target: when it is due, how much was used, and what the verdict is.

``due`` is the earliest instant at which the working time since the start, less the pauses,
reaches the target: at the very end of a working day that is closing time.  Met if and only if
completed at or before it.  Everything follows from instants; nobody has to have looked.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

import attrs

from crmcore.domain.kernel import NoWorkingTimeError
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.kernel.working_time import BusinessCalendar, add, between
from crmcore.domain.service.levels.policy import TargetKind, WarningLevel

NOTHING = timedelta(0)
BREACH = "breach"


class Verdict(StrEnum):
    """The verdict on a target; none where it does not hold (any more)."""

    MET = "met"
    BREACHED = "breached"
    RUNNING = "running"
    PAUSED = "paused"
    NONE = "none"


class Mode(StrEnum):
    """What a report makes of a target that is overdue and not completed.

    ``TO_DATE`` counts it as breached; ``COMPLETED`` judges what is completed alone.
    """

    TO_DATE = "to_date"
    COMPLETED = "completed"


@frozen
class Pause:
    """The clock stands still: [since, until); ``until`` None while that lasts."""

    since: datetime
    until: datetime | None


@frozen
class Escalation:
    """An instant at which a target asks for attention: a warning level by name, or the breach."""

    name: str
    at: datetime
    action: str | None = None


@frozen
class TargetStatus:
    """The status of a target as of an instant: working time used and left (negative when overdue).

    For a deadline that came with the case both are elapsed time.  ``next_escalation`` is None
    while the clock is paused, and when nothing more is to come.
    """

    verdict: Verdict
    elapsed: timedelta
    remaining: timedelta
    next_escalation: Escalation | None
    due_if_resumed: datetime | None
    """While paused: when it would be due if the clock went on now."""


def verdict(
    due: datetime | None,
    completed_at: datetime | None,
    as_of: datetime,
    *,
    withdrawn_at: datetime | None = None,
    paused: bool = False,
    mode: Mode = Mode.TO_DATE,
) -> Verdict:
    """Whether a target that is due at *due* was met, as of *as_of* (all instants in UTC).

    Met if and only if completed at or before *due*; without a *due* (the clock is paused) no
    time is up.  A completion later than *as_of* has not happened yet.  ``withdrawn_at`` is the
    instant from which the target does not hold any more: what was overdue by then stays breached, and
    anything else has no verdict.

    >>> from datetime import UTC
    >>> verdict(datetime(2026, 1, 5, tzinfo=UTC), None, datetime(2026, 1, 6, tzinfo=UTC))
    <Verdict.BREACHED: 'breached'>
    """
    if completed_at is not None and completed_at <= as_of:
        return Verdict.MET if due is None or completed_at <= due else Verdict.BREACHED
    withdrawn = withdrawn_at is not None and withdrawn_at <= as_of
    looked_at = withdrawn_at if withdrawn and withdrawn_at is not None else as_of
    if due is not None and looked_at > due and mode is Mode.TO_DATE:
        return Verdict.BREACHED
    if withdrawn:
        return Verdict.NONE
    return Verdict.PAUSED if paused else Verdict.RUNNING


@attrs.frozen(slots=False)
class TargetClock:
    """One target of one cycle; ``occurrence`` counts the customer's questions, or our updates.

    Without a *calendar* (a deadline given with the case) time is elapsed time.  *pauses* are in
    order of their beginning; where they overlap, time stands still once.  A completion later than
    the instant asked about has not happened.
    """

    cycle: int
    kind: TargetKind
    occurrence: int
    policy: str | None
    version: str | None
    started_at: datetime
    within: timedelta
    calendar: BusinessCalendar | None
    until: datetime | None = None
    """Not due before then, though the working time may be used up: a target in days names it."""
    warnings: tuple[WarningLevel, ...] = ()
    pauses: tuple[Pause, ...] = ()
    completed_at: datetime | None = None
    withdrawn_at: datetime | None = None

    @cached_property
    def due_at(self) -> datetime | None:
        """When it is due; None while a pause without end keeps that open, or if it never is."""
        return self.instant_after(self.within)

    def instant_after(
        self, budget: timedelta, *, resumed_at: datetime | None = None
    ) -> datetime | None:
        """When *budget* of working time is used (``instant_after``); a lasting pause ends *resumed_at*."""
        pauses: Sequence[Pause] = self.pauses
        if resumed_at is not None and pauses and pauses[-1].until is None:
            pauses = (*pauses[:-1], Pause(pauses[-1].since, resumed_at))
        at = instant_after(self.calendar, self.started_at, budget, pauses)
        if at is None or self.until is None or budget < self.within:
            return at
        return max(at, self.until)

    def used(self, until: datetime) -> timedelta:
        """The working time from the start until *until*, without the pauses."""
        at, used = self.started_at, NOTHING
        for pause in self.pauses:
            if pause.since >= until:
                break
            if pause.since > at:
                used += working_time(self.calendar, at, pause.since)
            at = until if pause.until is None else max(at, pause.until)
        return used + working_time(self.calendar, at, until) if at < until else used

    def verdict(self, as_of: datetime, mode: Mode = Mode.TO_DATE) -> Verdict:
        """Met, breached, running, paused or none, as of *as_of*."""
        return verdict(
            self.due_at,
            self.completed_at,
            as_of,
            withdrawn_at=self.withdrawn_at,
            paused=self._is_paused(as_of),
            mode=mode,
        )

    def status(self, as_of: datetime) -> TargetStatus:
        """The verdict, the time used and left, and what comes next, as of *as_of*."""
        ended = [one for one in (self.completed_at, self.withdrawn_at) if one and one <= as_of]
        elapsed = self.used(min([*ended, as_of]))
        paused = not ended and self._is_paused(as_of)
        coming = None
        if not ended and not paused:
            ahead = (one for one in self._levels() if one.at >= as_of)
            coming = min(ahead, key=lambda one: one.at, default=None)
        resumed = self.instant_after(self.within, resumed_at=as_of) if paused else None
        return TargetStatus(self.verdict(as_of), elapsed, self.within - elapsed, coming, resumed)

    def escalations(self) -> Iterator[Escalation]:
        """What to notify of: the breach, however late; warnings while they can help.

        A target that was completed, or does not hold any more, warns nobody (INV-S9).
        """
        ends = [one for one in (self.completed_at, self.withdrawn_at) if one is not None]
        if not ends:
            yield from self._levels()
        elif self.due_at is not None and self.due_at < min(ends):
            yield Escalation(BREACH, self.due_at)

    @property
    def paused_since(self) -> datetime | None:
        """Since when the clock stands still, if it does to this day."""
        last = self.pauses[-1] if self.pauses else None
        return None if last is None or last.until is not None else last.since

    def _levels(self) -> Iterator[Escalation]:
        """Every warning and the breach, as if it were never completed."""
        for level in self.warnings:
            if (at := self.instant_after(level.budget(self.within))) is not None:
                yield Escalation(level.name, at, level.action)
        if self.due_at is not None:
            yield Escalation(BREACH, self.due_at)

    def _is_paused(self, as_of: datetime) -> bool:
        return any(
            pause.since <= as_of and (pause.until is None or as_of < pause.until)
            for pause in self.pauses
        )


def working_time(calendar: BusinessCalendar | None, since: datetime, until: datetime) -> timedelta:
    """The working time between two instants; elapsed time without a calendar."""
    return until - since if calendar is None else between(calendar, since, until)


def instant_after(
    calendar: BusinessCalendar | None,
    start: datetime,
    budget: timedelta,
    pauses: Sequence[Pause] = (),
) -> datetime | None:
    """The earliest instant at which *budget* of working time since *start* is used up.

    Working time within *pauses* (in order of their beginning) does not count.  None if the budget
    outlasts the beginning of a pause without end, or the calendar's horizon: then it never is.
    """
    at, left = start, budget
    for pause in pauses:
        if pause.until is not None and pause.until <= at:
            continue
        if pause.since > at:
            before = working_time(calendar, at, pause.since)
            if before > left or (before == left and left > NOTHING):
                break
            left -= before
        if pause.until is None:
            return None
        at = pause.until
    try:
        return at + left if calendar is None else add(calendar, at, left)
    except NoWorkingTimeError:
        return None
