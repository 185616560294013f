"""What an importer says of each foreign row: the command that it stands for, or why there is none."""

import heapq
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import attrs

from crmcore.domain.kernel import Command

__all__ = ["Planned", "Refused", "Row", "in_time_order"]


@attrs.frozen
class Planned:
    """A *command* that follows from *line* of the file *source* (the header is line 1)."""

    source: str
    line: int
    command: Command


@attrs.frozen
class Refused:
    """Nothing follows from *line* of the file *source*, and this is why."""

    source: str
    line: int
    reason: str


Row = Planned | Refused


def in_time_order(*streams: Iterable[Row]) -> Iterator[Row]:
    """Several streams, each in time order, as one in the order in which it happened.

    At the same instant an earlier stream goes first.  A refused row, which has no instant,
    stays behind the row that it followed.
    """
    for _, row in heapq.merge(*map(_timed, streams), key=lambda timed: timed[0]):
        yield row


def _timed(rows: Iterable[Row]) -> Iterator[tuple[datetime, Row]]:
    at = datetime.min.replace(tzinfo=UTC)
    for row in rows:
        if isinstance(row, Planned):
            at = row.command.at
        yield at, row
