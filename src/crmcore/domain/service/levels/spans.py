"""What a target of each kind covers: since when somebody waits, and until when.

Nothing here depends on what is owed: these are facts of the case's life.
"""

from collections.abc import Iterator
from datetime import datetime

import attrs

from crmcore.domain.service.levels.policy import TargetKind
from crmcore.domain.service.levels.timeline import Cycle, Message, Timeline

__all__ = ["Span", "spans"]


@attrs.frozen
class Span:
    """What one target covers: from an instant until it was completed, if it was.

    Number 0 is the update that is owed before the first response, to whom it is owed so early.
    """

    number: int
    since: datetime
    until: datetime | None


def spans(timeline: Timeline, cycle: Cycle, kind: TargetKind) -> Iterator[Span]:
    """What a target of this kind covers in a cycle, whether it is owed or not, in order."""
    match kind:
        case TargetKind.RESOLUTION:
            yield Span(1, cycle.begun_at, cycle.solved_at)
        case TargetKind.FIRST_RESPONSE if cycle.number == 1:
            yield Span(1, cycle.begun_at, _responded(timeline, cycle) or cycle.solved_at)
        case TargetKind.FIRST_RESPONSE:
            return
        case TargetKind.NEXT_RESPONSE:
            yield from _questions(timeline, cycle)
        case TargetKind.PERIODIC_UPDATE:
            yield from _updates(timeline, cycle)


def _responded(timeline: Timeline, cycle: Cycle) -> datetime | None:
    """When the first response was given, unless the first solution came before it."""
    first = timeline.first_response_at
    early = first is not None and (cycle.solved_at is None or first < cycle.solved_at)
    return first if early else None


def _said(timeline: Timeline, cycle: Cycle) -> Iterator[Message]:
    """The messages of a cycle after the first response, which answers whatever came before."""
    first = _responded(timeline, cycle) if cycle.number == 1 else None
    if cycle.number == 1 and first is None:
        return
    for message in timeline.messages:
        over = cycle.solved_at is not None and message.at >= cycle.solved_at
        if message.at >= cycle.begun_at and not over and (first is None or message.at > first):
            yield message


def _questions(timeline: Timeline, cycle: Cycle) -> Iterator[Span]:
    """From the customer's oldest unanswered message to our answer, or to the solution."""
    number, since = 1, None
    for message in _said(timeline, cycle):
        if message.by_agent and since is not None:
            yield Span(number, since, message.at)
            number, since = number + 1, None
        elif not message.by_agent and since is None:
            since = message.at
    if since is not None:
        yield Span(number, since, cycle.solved_at)


def _updates(timeline: Timeline, cycle: Cycle) -> Iterator[Span]:
    """From each message of ours to the next one, or to the solution."""
    number, since = 1, cycle.begun_at
    if cycle.number == 1:
        first = _responded(timeline, cycle)
        yield Span(0, since, first or cycle.solved_at)
        if first is None:
            return
        since = first
    for message in _said(timeline, cycle):
        if message.by_agent:
            yield Span(number, since, message.at)
            number, since = number + 1, message.at
    yield Span(number, since, cycle.solved_at)
