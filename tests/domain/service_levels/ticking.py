"""A service desk that ticks: the naive model of the targets of a case.

It keeps no instants to compute from.  Every half hour it looks at each running target, counts the
half hour if somebody works and the target is not paused, and judges it on the spot.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from crmcore.domain.service.levels.clock import Verdict
from crmcore.domain.service.levels.policy import Anchor, PauseCategory, ServiceTarget, TargetKind
from crmcore.domain.service.terms import StatusCategory

HALF_HOUR = timedelta(minutes=30)
FIRST, NEXT, UPDATE, SOLUTION = TargetKind
Key = tuple[int, TargetKind, int]


def works(calendar: str, now: datetime) -> bool:
    """Whether somebody works in the half hour from *now* on: round the clock, or 9 to 5."""
    return calendar != "office" or (now.weekday() < 5 and 9 <= now.hour < 17)


@attrs.define
class Running:
    """A target that somebody waits for, assigned or not."""

    since: datetime
    start: datetime
    target: ServiceTarget | None = None
    was_assigned: bool = False
    spent: list[datetime] = attrs.Factory(list)  # half hours not paused
    verdict: Verdict | None = None
    done_at: datetime | None = None
    rule: Sequence[PauseCategory] = ()

    def counted(self) -> list[datetime]:
        """The half hours that count for the target."""
        assert self.target is not None
        name = self.target.calendar
        return [when for when in self.spent if when >= self.start and works(name, when)]

    def due(self) -> datetime | None:
        """The end of the half hour that used the target up; the beginning of the first for 0."""
        assert self.target is not None
        assert self.target.within is not None
        counted = self.counted()
        halves = self.target.within // HALF_HOUR
        if halves == 0:
            return counted[0] if counted else None
        return counted[halves - 1] + HALF_HOUR if len(counted) >= halves else None

    def used(self) -> timedelta:
        """The working time on the clock."""
        return HALF_HOUR * len(self.counted())

    def judge(self, now: datetime) -> None:
        """Breached once *now* is past the due instant."""
        if self.target is None or self.verdict is not None:
            return
        due, end = self.due(), self.done_at or now
        if due is not None and end > due:
            self.verdict = Verdict.BREACHED
        elif self.done_at is not None:
            self.verdict = Verdict.MET


@attrs.define
class Desk:
    """A case on the desk, at *now*."""

    now: datetime
    category: StatusCategory = StatusCategory.NEW
    cycle: int = 0
    targets: Mapping[TargetKind, ServiceTarget] = attrs.Factory(dict)
    waiting: dict[Key, Running] = attrs.Factory(dict)
    life: list[tuple[datetime, StatusCategory]] = attrs.Factory(list)
    responded: bool = False
    living: bool = True

    def pass_time(self, halves: int) -> None:
        """Let half hours pass, one after the other."""
        for _ in range(halves):
            self.life.append((self.now, self.category))
            for one in self.running():
                if self.category.value not in one.rule:
                    one.spent.append(self.now)
            self.now += HALF_HOUR
            for one in self.running():
                one.judge(self.now)

    def running(self) -> Iterable[Running]:
        """What is not done."""
        return (one for one in self.waiting.values() if one.done_at is None)

    def assign(self, targets: Iterable[ServiceTarget]) -> None:
        """From now on these targets hold."""
        self.targets = {one.kind: one for one in targets}
        for (cycle, kind, _), one in self.waiting.items():
            if cycle == self.cycle:
                self._assign(one, self.targets.get(kind))

    def _assign(self, one: Running, target: ServiceTarget | None) -> None:
        if target is None or one.verdict is not None:
            one.target = None
            return
        if one.target is None:  # not assigned until now: counted by its anchor
            attached = target.anchor is Anchor.ATTACHED
            if attached and one.done_at is not None and one.done_at < self.now:
                return
            one.start = max(one.since, self.now) if attached else one.since
        if not one.was_assigned:
            end = one.done_at or self.now
            past = [(when, category) for when, category in self.life if one.since <= when < end]
            one.spent = [when for when, category in past if category.value not in target.pauses]
        one.target, one.was_assigned, one.rule = target, True, target.pauses
        one.judge(self.now)

    def begin(self, kind: TargetKind, number: int = 1) -> None:
        """Somebody waits from now on."""
        one = self.waiting[self.cycle, kind, number] = Running(self.now, self.now)
        self._assign(one, self.targets.get(kind))

    def end(self, kind: TargetKind) -> bool:
        """It is done, if somebody waited for it."""
        open_ones = [
            one
            for (cycle, of, _), one in self.waiting.items()
            if of is kind and cycle == self.cycle and one.done_at is None
        ]
        for one in open_ones:
            one.done_at = self.now
            one.judge(self.now)
        return bool(open_ones)

    def number(self, kind: TargetKind) -> int:
        """The number of the next question, or update."""
        return 1 + sum((cycle, of) == (self.cycle, kind) for cycle, of, _ in self.waiting)

    # What happens to the case

    def open(self) -> None:
        """A case, or another cycle of it, begins."""
        self.cycle += 1
        self.begin(SOLUTION)
        self.begin(UPDATE) if self.cycle > 1 else self.begin(FIRST)

    def answer(self) -> None:
        """An agent wrote to the customer."""
        if self.cycle == 1 and not self.responded:
            self.end(FIRST)
        self.responded = True
        self.end(NEXT)
        self.end(UPDATE)
        self.begin(UPDATE, self.number(UPDATE))

    def ask(self) -> None:
        """The customer wrote."""
        waits = any(of is NEXT and one.done_at is None for (_, of, _), one in self.waiting.items())
        if (self.responded or self.cycle > 1) and not waits:
            self.begin(NEXT, self.number(NEXT))

    def solve(self) -> None:
        """The case is solved: nobody waits any more, and the first response can be given no more."""
        for kind in (NEXT, UPDATE, SOLUTION):
            self.end(kind)
        for (_, kind, _), one in self.waiting.items():
            if kind is FIRST and one.done_at is None:
                one.judge(self.now)
                one.done_at, one.target = self.now, None

    def verdicts(self) -> dict[Key, Verdict]:
        """The verdict on everything that was ever assigned."""
        return {key: self._verdict(one) for key, one in self.waiting.items() if one.was_assigned}

    def _verdict(self, one: Running) -> Verdict:
        if one.verdict is not None:
            return one.verdict
        if one.target is None:
            return Verdict.NONE
        return Verdict.PAUSED if self.category.value in one.rule else Verdict.RUNNING
