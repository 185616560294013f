"""What an importer says of each foreign row: the commands that it stands for, or why there is none."""

import heapq
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from uuid import UUID

import attrs

from crmcore import Command


class SourceError(Exception):
    """A file cannot be read, or not to its end: which, where, and what was expected."""


@attrs.frozen
class Planned:
    """A *command* that follows from *line* of the file *source* (the header is line 1).

    *by* is who did it, where the file says so.  A *command_id* is given where only that can
    tell that the command was carried out before.
    """

    source: str
    line: int
    command: Command
    by: str | None = None
    command_id: UUID | None = None


@attrs.frozen
class Refused:
    """Nothing follows from *line* of the file *source*, and this is why."""

    source: str
    line: int
    reason: str


@attrs.frozen
class Silent:
    """*line* of the file *source* tells nothing new of what is kept."""

    source: str
    line: int


@attrs.frozen
class Remark:
    """What *line* of the file *source* tells is recorded otherwise, or in part, and this is how.

    It stands beside what else is said of the line.
    """

    source: str
    line: int
    text: str


@attrs.frozen
class Unkept:
    """A *column* of the file *source* that becomes nothing; in so many *rows* it says something."""

    source: str
    column: str
    rows: int


Row = Planned | Refused | Silent | Remark | Unkept


def in_time_order(*streams: Iterable[Row]) -> Iterator[Row]:
    """Several streams, each in time order, as one in the order in which it happened.

    At the same instant an earlier stream goes first.  What has no instant, as a refused row,
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
