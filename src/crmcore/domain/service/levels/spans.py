"""What a target of each kind covers: since when somebody waits, and until when.

Nothing here depends on policies: these are facts of the case's life.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from operator import attrgetter

from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.service.levels.policy import TargetKind
from crmcore.domain.service.levels.timeline import Cycle, Timeline


@frozen
class Span:
    """What one target covers: from an instant until it was completed, if it was.

    Number 0 is the update before the first response, where one is promised so early.
    ``dropped_at``: from then on it cannot be completed any more, and nobody waits for it.
    ``joined_at``: the question came with another case then, where it had been asked before.
    """

    number: int
    since: datetime
    until: datetime | None
    dropped_at: datetime | None = None
    joined_at: datetime | None = None

    @property
    def ended_at(self) -> datetime | None:
        """When it was completed or dropped, if it was."""
        return self.until or self.dropped_at

    @property
    def here_since(self) -> datetime:
        """From when this case covers it."""
        return self.joined_at or self.since


@frozen
class _Message:
    """A message, or a question that came with another case: ``asked_at`` before it came."""

    at: datetime
    by_agent: bool
    asked_at: datetime
    joined_at: datetime | None = None


def spans(timeline: Timeline, cycle: Cycle, kind: TargetKind) -> Iterator[Span]:
    """What a target of this kind covers in a cycle, whether a policy has it or not, in order."""
    match kind:
        case TargetKind.RESOLUTION:
            yield Span(1, cycle.begun_at, cycle.solved_at)
        case TargetKind.FIRST_RESPONSE if cycle.number == 1:
            first = first_response(timeline)
            yield Span(1, cycle.begun_at, first, None if first else cycle.solved_at)
        case TargetKind.FIRST_RESPONSE:
            return
        case TargetKind.NEXT_RESPONSE:
            yield from _questions(timeline, cycle)
        case TargetKind.PERIODIC_UPDATE:
            yield from _updates(timeline, cycle)


def first_response(timeline: Timeline) -> datetime | None:
    """When the first response was given, unless the first solution came before it."""
    first, solved = timeline.first_response_at, timeline.cycles[0].solved_at
    return first if first is not None and (solved is None or first < solved) else None


def waiting_since(timeline: Timeline) -> datetime | None:
    """Since when the customer has been waiting for an answer; None: they are not."""
    cycle = timeline.cycle
    if cycle.solved_at is not None:
        return None
    if cycle.number == 1 and first_response(timeline) is None:
        return min([cycle.begun_at, *(one.asked_at for one in timeline.joined if one.asked_at)])
    return next((one.since for one in _questions(timeline, cycle) if one.until is None), None)


def _messages(timeline: Timeline, cycle: Cycle) -> Iterator[_Message]:
    """What was said in a cycle after the first response, which answers whatever came before."""
    first = first_response(timeline) if cycle.number == 1 else None
    if cycle.number == 1 and first is None:
        return
    for message in _in_order(timeline):
        over = cycle.solved_at is not None and message.at >= cycle.solved_at
        if message.at >= cycle.begun_at and not over and (first is None or message.at > first):
            yield message


def _in_order(timeline: Timeline) -> Sequence[_Message]:
    said = [_Message(one.at, one.by_agent, one.at) for one in timeline.messages]
    came = [one for one in timeline.joined if one.asked_at is not None]
    if not came:
        return said
    said += [_Message(one.at, False, one.asked_at or one.at, one.at) for one in came]
    return sorted(said, key=attrgetter("at"))


def _questions(timeline: Timeline, cycle: Cycle) -> Iterator[Span]:
    """From the customer's oldest unanswered message to our answer, or to the solution."""
    number, oldest = 1, None
    for message in _messages(timeline, cycle):
        if not message.by_agent:
            if oldest is None or message.asked_at < oldest.asked_at:
                oldest = message
        elif oldest is not None:
            yield Span(number, oldest.asked_at, message.at, joined_at=oldest.joined_at)
            number, oldest = number + 1, None
    if oldest is not None:
        yield Span(number, oldest.asked_at, cycle.solved_at, joined_at=oldest.joined_at)


def _updates(timeline: Timeline, cycle: Cycle) -> Iterator[Span]:
    """From each message of ours to the next one, or to the solution."""
    number, since = 1, cycle.begun_at
    if cycle.number == 1:
        first = first_response(timeline)
        yield Span(0, since, first or cycle.solved_at)
        if first is None:
            return
        since = first
    for message in _messages(timeline, cycle):
        if message.by_agent:
            yield Span(number, since, message.at)
            number, since = number + 1, message.at
    yield Span(number, since, cycle.solved_at)
