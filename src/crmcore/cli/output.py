"""Answers: tables for people, JSON for programs, and how amounts, times and shares are written.

What draws tables is imported when one is shown: a program that asks for JSON does not wait for it.
"""

import re
import sys
import textwrap
from codecs import lookup
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from json import dumps
from typing import TYPE_CHECKING, Any, Final, TextIO

import attrs
import msgspec

from crmcore import minor_digits

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

NOTHING: Final = "-"
BAR: Final = 20  # characters
NARROWEST, GAP = 8, 2
CONTROLS: Final = (
    *range(0x09),
    *range(0x0B, 0x20),
    *range(0x7F, 0xA0),
)  # all but tab and line feed
SURROGATES: Final = range(0xD800, 0xE000)
"""Letters of no text, which a file's name may have."""
NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")
TURNING: Final = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
STEERING: Final = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for code in (*CONTROLS, *TURNING, *SURROGATES)
}


def console(*, stderr: bool = False) -> "Console":
    """Where answers go, or (*stderr*) progress.  Made anew: tests and hosts exchange the streams."""
    from crmcore.cli.screen import Screen

    return Screen(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=False)


def say(text: str = "", *, style: str | None = None, indent: int = 0) -> None:
    """A line for people; a long one is broken between words, and stays indented."""
    from rich.padding import Padding

    line = styled(printable(text), style)
    console().print(Padding(line, (0, 0, 0, indent), expand=False) if indent else line)


def styled(text: str, style: str | None = None) -> "Text":
    """*text* as a cell of a table or a line, in a *style* of rich's."""
    from rich.text import Text

    return Text(text, style=style or "")


def heading(text: str) -> None:
    """A line that opens a part of a report."""
    say()
    say(text, style="bold")


def emit(document: Any) -> None:
    """One JSON document on stdout; decimals are text, so that they stay exact; instants are UTC."""
    _write_json(msgspec.json.format(_encoded(document), indent=2).decode(), sys.stdout)


def emit_line(document: Any, to: TextIO | None = None) -> None:
    """One line of JSON on stdout, or *to* another stream."""
    _write_json(_encoded(document).decode(), to or sys.stdout)


def _write_json(text: str, stream: TextIO) -> None:
    """Write in UTF-8; where a stream has another encoding in ASCII, whatever letters that has."""
    if stream.encoding and lookup(stream.encoding).name != "utf-8":
        text = NOT_ASCII.sub(lambda letter: dumps(letter[0])[1:-1], text)
    stream.write(f"{text}\n")


def _encoded(document: Any) -> bytes:
    return msgspec.json.encode(_written_out(document))


def _written_out(value: Any) -> Any:
    """*value* with its decimals in digits: ``0``, never ``0E+2``; and with text that is Unicode."""
    if isinstance(value, str):  # a file's name need not be
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dict):
        return {key: _written_out(one) for key, one in value.items()}
    return [_written_out(one) for one in value] if isinstance(value, (list, tuple)) else value


@attrs.frozen
class Column:
    """A column of a table: *number* columns are aligned to the right and never broken."""

    title: str
    number: bool = False
    whole: bool = False
    """Text that is not to be broken: an instant, an id."""


def table(
    columns: Sequence[Column | str], rows: Iterable[Sequence[object]], *, total: bool = False
) -> None:
    """Print *rows* under *columns*; long text is broken, never cut off.  The last may be a *total*."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
        show_edge=False,
        header_style="bold",
    )
    cells = [
        [cell if isinstance(cell, Text) else Text(_cell(cell)) for cell in row] for row in rows
    ]
    needed = GAP * (len(columns) - 1)
    for index, column in enumerate(columns):
        one = column if isinstance(column, Column) else Column(column)
        widest = max((row[index].cell_len for row in cells), default=0)
        fixed = one.number or one.whole
        title = _broken(one.title, widest) if fixed else one.title
        needed += max(widest, *map(len, title.split("\n"))) if fixed else NARROWEST
        shown.add_column(
            title,
            justify="right" if one.number else "left",
            no_wrap=fixed,
            overflow="fold",
        )
    for number, row in enumerate(cells, start=1):
        shown.add_row(*row, style="bold" if total and number == len(cells) else None)
    screen = console()
    screen.width = max(needed, screen.width)  # rather too wide for the screen than cut off
    screen.print(shown, crop=False)


def _broken(title: str, width: int) -> str:
    """*title* over lines that are no wider than the cells below it, if its words allow that."""
    longest = max((len(word) for word in title.split()), default=1)
    return textwrap.fill(title, max(width, longest)) if title else ""


def _cell(value: object) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, int):
        return f"{value:,}"
    return one_line(str(value))


def counted(count: int, thing: str, things: str | None = None) -> str:
    """How many: ``1 event``, ``2 events``, ``2 entries``."""
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def one_line(text: str) -> str:
    """*text* without breaks, and printable."""
    return printable(" ".join(text.split()))


def printable(text: str) -> str:
    """*text* with what would steer the terminal or turn the direction of writing written out.

    A name could otherwise pass for another one, or move the cursor.  Marks that letters of
    some languages need (joiners) stay.
    """
    return text.translate(STEERING)


def instant(at: datetime | None) -> str:
    """An instant to the minute, in UTC: ``2017-07-01 04:14``."""
    return NOTHING if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def money(amount: Decimal, currency: str | None = None) -> str:
    """An amount in whole minor units, with its *currency* unless a heading says it: ``1,234.50 USD``."""
    digits = minor_digits(currency or "USD")
    return f"{amount:,.{digits}f}" + (f" {currency}" if currency else "")


def share(part: Decimal | None, digits: int = 1) -> str:
    """A share of one, in per cent."""
    return NOTHING if part is None else f"{part * 100:.{digits}f} %"


def duration(span: timedelta | None, *, days: bool = True) -> str:
    """A length of time in its two largest units: ``3 d 4 h``, ``-12 min``.

    Without *days* in hours at most, from 100 on without minutes: a day of work is no 24 hours.
    """
    if span is None:
        return NOTHING
    sign, seconds = ("-" if span < timedelta(0) else ""), int(abs(span).total_seconds())
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    parts = []
    for name, size in units if days else units[1:]:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count:,} {name}")
    many = not days and abs(span) >= timedelta(hours=100)
    return sign + (" ".join(parts[: 1 if many else 2]) or "0 s")


def bar(part: Decimal | None, width: int = BAR) -> "Text":
    """A bar that is full at one; the shade beside the full part is the rest."""
    if part is None:
        return styled("")
    done, rest = "#." if console().options.ascii_only else "█░"
    full = round(max(Decimal(0), min(Decimal(1), part)) * width)
    return styled(done * full, "green") + styled(rest * (width - full), "dim")
