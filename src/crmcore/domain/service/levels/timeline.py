"""What the clock of a case goes by: instants alone, in the order in which things were true.

A timeline grows by facts and can be cut at any instant: what is later had not happened then.
"""

from bisect import bisect_right, insort
from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import TypeVar
from uuid import UUID

import attrs

from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.kernel.working_time import BusinessCalendar
from crmcore.domain.service.levels.policy import ServiceTarget, TargetKind
from crmcore.domain.service.terms import StatusCategory

T = TypeVar("T", "StatusChange", "Message", "Agreement", "InheritedQuestion")


@frozen
class Agreement:
    """The targets that hold from an instant on, by which policy of which version; None: by none any more."""

    at: datetime
    policy: str | None
    version: str | None
    targets: tuple[ServiceTarget, ...] = ()
    calendars: tuple[BusinessCalendar, ...] = ()

    def target(self, kind: TargetKind) -> ServiceTarget | None:
        """The target of this kind, if there is one."""
        return next((target for target in self.targets if target.kind is kind), None)

    def calendar(self, name: str) -> BusinessCalendar:
        """The calendar of this name, as it was then."""
        return next(calendar for calendar in self.calendars if calendar.name == name)


@frozen
class Cycle:
    """The work from the opening (or a reopening) to a solution, and the targets for it.

    ``due_given`` is a deadline that came with the case.
    """

    number: int
    begun_at: datetime
    solved_at: datetime | None = None
    due_given: datetime | None = None
    agreements: tuple[Agreement, ...] = ()


@frozen
class StatusChange:
    """The case is in a status category from an instant on."""

    at: datetime
    category: StatusCategory


@frozen
class Message:
    """A public message: of an agent, or of the customer."""

    at: datetime
    by_agent: bool


@frozen
class InheritedQuestion:
    """A question that came ``at`` an instant, with the case *source* that was merged into this one.

    Its customer had been waiting since ``asked_at``; None: they were not.
    """

    at: datetime
    source: UUID
    asked_at: datetime | None


_at = attrgetter("at")

Observed = tuple[int, TargetKind, str, datetime]
"""A warning or a breach that was recorded: its cycle, target and name, and when it came about."""


@frozen
class Timeline:
    """The life of a case in instants (UTC): statuses, messages, agreements and what joined, in order.

    What is recorded late takes its place by its instant; of two at one instant the second recorded is second.

    ``withdrawn_at`` is when the case was merged into another: no target holds from then on.
    ``spam_at``: it turned out that none ever did.  ``observed`` are the warnings and
    breaches that were recorded.
    """

    cycles: tuple[Cycle, ...]
    statuses: tuple[StatusChange, ...]
    messages: tuple[Message, ...] = ()
    joined: tuple[InheritedQuestion, ...] = ()
    withdrawn_at: datetime | None = None
    spam_at: datetime | None = None
    observed: tuple[Observed, ...] = ()

    @property
    def cycle(self) -> Cycle:
        """The latest cycle."""
        return self.cycles[-1]

    @property
    def first_response_at(self) -> datetime | None:
        """When an agent first answered in public, in whatever order messages came in."""
        return next((one.at for one in self.messages if one.by_agent), None)

    def category_at(self, at: datetime) -> StatusCategory:
        """The status category at an instant from the opening on."""
        return self.statuses[bisect_right(self.statuses, at, key=_at) - 1].category

    def assignable_from(self, at: datetime) -> datetime:
        """From when a policy assigned at *at* may hold: not before the cycle or its last agreement."""
        begun = self.cycle.agreements[-1].at if self.cycle.agreements else self.cycle.begun_at
        return max(at, begun)

    def with_status(self, at: datetime, category: StatusCategory) -> "Timeline":
        """The same, in another status category since *at*.

        Recorded late, it lasts until the next status; where that is the same one, it began earlier.
        """
        place = bisect_right(self.statuses, at, key=_at)
        later = self.statuses[place:]
        if later and later[0].category is category:
            later = later[1:]
        statuses = (*self.statuses[:place], StatusChange(at, category), *later)
        return attrs.evolve(self, statuses=statuses)

    def with_solution(self, at: datetime) -> "Timeline":
        """The same, its cycle solved."""
        return self.with_cycle(attrs.evolve(self.cycle, solved_at=at)).with_status(
            at, StatusCategory.SOLVED
        )

    def with_reopening(self, at: datetime, number: int) -> "Timeline":
        """The same with a new cycle of work, or with one that began earlier than was known."""
        known = self.cycles[number - 1 : number]
        begun = _begin(known[0], at) if known else Cycle(number, at)
        cycles = (*self.cycles[: number - 1], begun, *self.cycles[number:])
        return attrs.evolve(self, cycles=cycles).with_status(at, StatusCategory.OPEN)

    def with_agreement(self, agreement: Agreement) -> "Timeline":
        """The same, other targets from an instant on; of two at one instant the second."""
        earlier = self.cycle.agreements
        if earlier and earlier[-1].at == agreement.at:
            earlier = earlier[:-1]
        return self.with_cycle(attrs.evolve(self.cycle, agreements=(*earlier, agreement)))

    def with_message(self, at: datetime, *, by_agent: bool) -> "Timeline":
        """The same with one more public message, which may have come in late."""
        messages = list(self.messages)
        insort(messages, Message(at, by_agent), key=_at)
        return attrs.evolve(self, messages=tuple(messages))

    def with_question(self, one: InheritedQuestion) -> "Timeline":
        """The same with the question of a merged case, or with what is known of that by now."""
        joined = [before for before in self.joined if before.source != one.source]
        insort(joined, one, key=_at)
        return attrs.evolve(self, joined=tuple(joined))

    def with_cycle(self, cycle: Cycle) -> "Timeline":
        """The same with its latest cycle replaced."""
        return attrs.evolve(self, cycles=(*self.cycles[:-1], cycle))

    def until(self, as_of: datetime) -> "Timeline":
        """What had happened by *as_of*, that instant included."""
        return Timeline(
            cycles=tuple(_cycle(one, as_of) for one in self.cycles if one.begun_at <= as_of),
            statuses=_before(self.statuses, as_of),
            messages=_before(self.messages, as_of),
            joined=_before(self.joined, as_of),
            withdrawn_at=_by(self.withdrawn_at, as_of),
            spam_at=_by(self.spam_at, as_of),
            observed=self.observed,
        )


def _begin(cycle: Cycle, at: datetime) -> Cycle:
    """*cycle* begun at *at*, with the targets that came to hold at its beginning."""
    agreements = tuple(
        attrs.evolve(one, at=at) if one.at == cycle.begun_at else one for one in cycle.agreements
    )
    return attrs.evolve(cycle, begun_at=at, agreements=agreements)


def _by(instant: datetime | None, as_of: datetime) -> datetime | None:
    return instant if instant is not None and instant <= as_of else None


def _before(known: Sequence[T], as_of: datetime) -> tuple[T, ...]:
    return tuple(known[: bisect_right(known, as_of, key=_at)])


def _cycle(cycle: Cycle, as_of: datetime) -> Cycle:
    return attrs.evolve(
        cycle,
        solved_at=_by(cycle.solved_at, as_of),
        agreements=_before(cycle.agreements, as_of),
    )
