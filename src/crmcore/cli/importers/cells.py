"""What one cell of a foreign file must hold: each function reads its text or says what it expected.

They serve as converters of the fields of a foreign row.  The ``ValueError`` that they raise
completes the sentence "expected ...".
"""

import re
import unicodedata
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

DOLLARS = re.compile(r"[0-9]{1,13}(\.[0-9]{1,20})?(e-?[0-9]{1,2})?", re.ASCII)
DIGITS = re.compile(r"[0-9]{1,15}", re.ASCII)
KEY = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,60}")
LABEL = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,120}")
CENT = Decimal("0.01")
MOST = Decimal(10**13)
INEXACT = Decimal("0.000001")
"""By so much a binary number may differ from the cents that it stands for."""
REMEMBERED = 65_536
EARLIEST, LATEST = 1901, 8999  # years


def key(text: str) -> str:
    """A number or word by which the other system knows something."""
    return _key(text)


def label(text: str) -> str:
    """A word or two by which people know something."""
    normal = _normal(text)
    if not LABEL.fullmatch(normal):
        raise ValueError("a name of 1 to 120 characters")
    return normal


def optional(text: str) -> str | None:
    """A name; None where the cell is blank."""
    return label(text) if text.strip() else None


def count(text: str) -> int:
    """A whole number of 0 or more."""
    if not DIGITS.fullmatch(text):
        raise ValueError("a whole number of 0 or more")
    return int(text)


def amount(text: str) -> Decimal:
    """An amount of money, written in whole cents of 0 or more: ``125`` is 1.25."""
    return _cents(text)


def dollars(text: str) -> Decimal:
    """An amount of money of 0 or more in dollars, as a binary number may be written: ``1.5`` is 1.50."""
    return _dollars(text)


def local_date(text: str) -> date:
    """A day of the calendar, such as 2017-07-01, or its midnight: 2017-07-01 00:00:00."""
    try:
        at = datetime.fromisoformat(text)
        day = at.date() if at.time() == time.min and at.tzinfo is None else date.min
    except ValueError:
        day = date.min
    if not EARLIEST <= day.year <= LATEST:
        raise ValueError("a date such as 2017-07-01")
    return day


def instant(text: str) -> datetime:
    """An instant with its offset from UTC, such as 2017-07-01T04:14:33Z."""
    return _instant(text)


def instant_or_utc(text: str) -> datetime:
    """An instant such as 2017-07-01T04:14:33Z; one without an offset is UTC."""
    return _instant_or_utc(text)


def wall_clock(text: str, zone: ZoneInfo) -> datetime | None:
    """What a clock on a wall in *zone* showed, such as 2015-01-05 15:22:38; None where blank.

    A time that the clock showed twice is taken as the first; one that it skipped moves
    forward by the gap.
    """
    if not text.strip():
        return None
    at = _moment(text.strip())
    if at is None or at.utcoffset() is not None:
        raise ValueError("a local date and time such as 2015-01-05 15:22:38, or nothing")
    return at.replace(tzinfo=zone).astimezone(UTC)


# The same few texts stand in many rows: what they mean is looked up, not worked out again.


@lru_cache(maxsize=REMEMBERED)
def _key(text: str) -> str:
    normal = _normal(text)
    if not KEY.fullmatch(normal):
        raise ValueError("a key of 1 to 60 characters")
    return normal


@lru_cache(maxsize=REMEMBERED)
def _cents(text: str) -> Decimal:
    if not DIGITS.fullmatch(text):
        raise ValueError("an amount in whole cents, 0 or more")
    return int(text) * CENT


@lru_cache(maxsize=REMEMBERED)
def _dollars(text: str) -> Decimal:
    if DOLLARS.fullmatch(text) and (amount := Decimal(text)) < MOST:
        cents = amount.quantize(CENT)
        if abs(amount - cents) <= INEXACT:
            return cents
    raise ValueError("an amount in dollars and cents, 0 or more, such as 1.25")


@lru_cache(maxsize=REMEMBERED)
def _instant_or_utc(text: str) -> datetime:
    at = _moment(text)
    if at is None:
        raise ValueError("an instant such as 2017-07-01T04:14:33Z")
    return at.replace(tzinfo=UTC) if at.utcoffset() is None else at.astimezone(UTC)


@lru_cache(maxsize=REMEMBERED)
def _instant(text: str) -> datetime:
    at = _moment(text)
    if at is None or at.utcoffset() is None:
        raise ValueError("an instant with its offset, such as 2017-07-01T04:14:33Z")
    return at.astimezone(UTC)


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if EARLIEST <= at.year <= LATEST else None


def _normal(text: str) -> str:
    return text.strip() if text.isascii() else unicodedata.normalize("NFC", text.strip())
