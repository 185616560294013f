"""Hours of the day: when a week opens and closes, and the days that are not like the others.

Times are local, written ``HH:MM`` or ``HH:MM:SS``; 24:00 is the end of the day.  Hours never pass
midnight: ``weekly`` splits those that do, for everything else the caller gives two days.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Final, Protocol

import attrs

from crmcore.domain.kernel.errors import InvalidValueError
from crmcore.domain.kernel.message import value
from crmcore.domain.kernel.shape import AsText, Between, Length

DAY: Final = 24 * 60 * 60
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOCK: Final = re.compile(r"(?P<h>\d{1,2}):(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d))?", re.ASCII)
LINE: Final = re.compile(
    r"(?P<first>[a-z]{3})[a-z]*(?:\s*-\s*(?P<last>[a-z]{3})[a-z]*)?\s+(?P<hours>\d.*)", re.ASCII
)
NAME: Final = Length(300, blank=True)
HINT: Final = "closing after opening (hours past midnight are two: 22:00-24:00, then 00:00-06:00)"
Clock = Annotated[str, Length(8)]
"""A local time of day, such as 09:00, 17:30:15 or 24:00."""


class Stretch(Protocol):
    """Anything that opens and closes on one local day."""

    @property
    def opens(self) -> str:
        """When it opens, by local clocks."""
        ...

    @property
    def closes(self) -> str:
        """When it closes, by local clocks."""
        ...


def seconds(clock: str) -> int:
    """The seconds from midnight to *clock* as the clock shows them: 24:00 is 86,400."""
    hours, minutes, *rest = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + (int(rest[0]) if rest else 0)


def _clock(field: str) -> Callable[[Any], str]:
    def clock(given: Any) -> str:
        found = CLOCK.fullmatch(given.strip()) if isinstance(given, str) else None
        if found is None or seconds(found[0]) > DAY:
            raise InvalidValueError(
                field, given, "a time of day from 00:00 to 24:00, such as 09:00"
            )
        text = f"{int(found['h']):02}:{found['m']}"
        return text if found["s"] in (None, "00") else f"{text}:{found['s']}"

    return clock


def _in_order(part: Stretch) -> None:
    if seconds(part.opens) >= seconds(part.closes):
        raise InvalidValueError("closes", f"{part.opens}-{part.closes}", HINT)


@value
class OpeningHours:
    """Hours of one weekday (1 = Monday to 7 = Sunday); a weekday may have several."""

    weekday: Annotated[int, Between(1, 7)]
    opens: Clock = attrs.field(converter=_clock("opens"))
    closes: Clock = attrs.field(converter=_clock("closes"))

    def __attrs_post_init__(self) -> None:
        _in_order(self)


@value
class DayHours:
    """Hours of one particular day."""

    opens: Clock = attrs.field(converter=_clock("opens"))
    closes: Clock = attrs.field(converter=_clock("closes"))

    def __attrs_post_init__(self) -> None:
        _in_order(self)


def apart(field: str, hours: Iterable[Stretch]) -> Sequence[Stretch]:
    """*hours* of one day in order; refused if some overlap (they may touch)."""
    ordered = sorted(hours, key=lambda part: seconds(part.opens))
    for one, other in pairwise(ordered):
        if seconds(other.opens) < seconds(one.closes):
            both = f"{one.opens}-{one.closes} and {other.opens}-{other.closes}"
            raise InvalidValueError(field, both, "hours that do not overlap")
    return ordered


def _of_one_day(given: Any) -> tuple[DayHours, ...]:
    if not isinstance(given, (list, tuple)) or not all(isinstance(one, DayHours) for one in given):
        raise InvalidValueError("hours", given, "a list of DayHours")
    if not given:
        raise InvalidValueError("hours", given, "at least one (a day that stays closed: Holiday)")
    return tuple(one for one in apart("hours", given) if isinstance(one, DayHours))


def weekly(*lines: str) -> tuple[OpeningHours, ...]:
    """The hours of a week, as people write them; hours past midnight are split there.

    >>> [str(part.opens) for part in weekly("Mon-Thu 9:00-12:00, 13:00-17:30", "Fri 22:00-6:00")][-2:]
    ['22:00', '00:00']

    Raises ``InvalidValueError`` for a line that cannot be read.
    """
    return tuple(part for line in lines for day in _days(line) for part in _of_day(line, day))


def day_hours(text: str) -> tuple[DayHours, ...]:
    """The hours of one day, as people write them; those past midnight are two days' hours.

    >>> [part.closes for part in day_hours("9:00-12:00, 13:00-17:30")]
    ['12:00', '17:30']

    Raises ``InvalidValueError`` for what cannot be read.
    """
    return tuple(DayHours(opens=opens, closes=closes) for opens, closes in _spans(text))


def _spans(text: str) -> Iterable[tuple[str, str]]:
    for span in text.split(","):
        opens, dash, closes = (part.strip() for part in span.partition("-"))
        if not dash:
            raise InvalidValueError("hours", span.strip(), "hours such as 09:00-17:00")
        yield _clock("opens")(opens), _clock("closes")(closes)


def _of_day(line: str, weekday: int) -> Iterable[OpeningHours]:
    for opens, closes in _spans(_match(line)["hours"]):
        if seconds(closes) > seconds(opens) or opens == closes:  # equal ones are refused there
            yield OpeningHours(weekday=weekday, opens=opens, closes=closes)
            continue
        yield OpeningHours(weekday=weekday, opens=opens, closes="24:00")
        if seconds(closes) > 0:
            yield OpeningHours(weekday=weekday % 7 + 1, opens="00:00", closes=closes)


def _days(line: str) -> Iterable[int]:
    """The weekdays of *line*: Mon, Mon-Fri, or over the weekend: Sat-Mon."""
    found = _match(line)
    first = last = WEEKDAYS.index(found["first"])
    if found["last"] is not None:
        last = WEEKDAYS.index(found["last"])
    return (day % 7 + 1 for day in range(first, last + 1 if last >= first else last + 8))


def _match(line: str) -> "re.Match[str]":
    found = LINE.fullmatch(line.strip().lower()) if isinstance(line, str) else None
    if found is None or not {found["first"], found["last"] or "mon"} <= set(WEEKDAYS):
        expected = "a line such as Mon-Fri 09:00-12:30, 13:00-17:00"
        raise InvalidValueError("weekly", line, expected)
    return found


HoursOfDay = tuple[Annotated[DayHours, AsText(day_hours, "09:00-12:30, 13:00-17:00")], ...]
HoursOfWeek = tuple[Annotated[OpeningHours, AsText(weekly, "Mon-Fri 09:00-17:00")], ...]


@value
class Holiday:
    """A local date on which nobody works, and its name."""

    day: date
    name: Annotated[str, NAME] = ""


@value
class ShiftedDay:
    """A local date with hours of its own instead of its weekday's."""

    day: date
    hours: HoursOfDay = attrs.field(converter=_of_one_day)
    name: Annotated[str, NAME] = ""


@value
class Break:
    """A part of one local date that is closed within its usual hours."""

    day: date
    opens_again: Clock = attrs.field(converter=_clock("opens_again"))
    closes: Clock = attrs.field(converter=_clock("closes"))
    name: Annotated[str, NAME] = ""

    def __attrs_post_init__(self) -> None:
        if seconds(self.closes) >= seconds(self.opens_again):
            given = f"{self.closes}-{self.opens_again}"
            raise InvalidValueError("opens_again", given, "a time after that of closing")
