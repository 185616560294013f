"""Columns that lists are ordered by: how their values stand in a cursor, and compare in both databases."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Enum, Float, Numeric, Time, cast, literal

from crmcore.application.errors import MisuseError
from crmcore.domain.kernel import LARGEST_INTEGER, zoned
from crmcore.projections.engine.columns import Exact

KINDS = "text, numbers, Boolean values, ids, dates or instants"


def require_column(given: Any) -> None:
    """Raise ``MisuseError`` for what is no column."""
    if not isinstance(given, ColumnElement):
        raise MisuseError(f"a list is ordered by columns: expected one, got {given!r}")


def require_sortable(column: Any) -> None:
    """Raise ``MisuseError`` for what is no column, or one whose values have no order, or no exact form."""
    require_column(column)
    kind = column.type
    if isinstance(kind, Numeric) and not isinstance(kind, Float):
        raise MisuseError(
            f"no list can be ordered by {_name(column)}: SQLite does not keep the digits of"
            f" {kind!r}: let it be Exact"
        )
    if _python_type(column) not in READERS:
        raise MisuseError(
            f"no list can be ordered by {_name(column)}, which is of the type {kind!r}: expected one"
            f" that holds {KINDS}"
        )


def sorted_by(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """What *column* is compared by: itself, or the number for which its text on SQLite stands."""
    return cast(column, Numeric) if isinstance(column.type, Exact) else column


def as_bound(column: ColumnElement[Any], value: Any) -> ColumnElement[Any]:
    """*value*, to be compared with what *column* is sorted by."""
    return sorted_by(literal(value, column.type))


def as_json(value: Any) -> Any:
    """The value of such a column in what JSON has, from which it can be read exactly."""
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal | UUID) else value


def from_json(column: ColumnElement[Any], value: Any) -> Any:
    """The value of *column* for which *value* stands; ``TypeError`` or ``ValueError`` if it is none."""
    if value is None:
        if not may_be_null(column):
            raise TypeError("expected a value")
        return None
    return READERS[_python_type(column)](column, value)


def may_be_null(column: ColumnElement[Any]) -> bool:
    """Whether rows may have no value there."""
    return bool(getattr(column, "nullable", True))


def _python_type(column: ColumnElement[Any]) -> type | None:
    if isinstance(column.type, Enum) and column.type.enum_class is not None:
        return None  # which may be stored by names or by values
    try:
        return column.type.python_type
    except NotImplementedError:
        return None


def _name(column: ColumnElement[Any]) -> str:
    return str(getattr(column, "name", None) or column)


def _require(kind: type, value: Any) -> None:
    if type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}")


def _bool(_column: ColumnElement[Any], value: Any) -> bool:
    _require(bool, value)
    return bool(value)


def _int(_column: ColumnElement[Any], value: Any) -> int:
    _require(int, value)
    if abs(value) > LARGEST_INTEGER:
        raise ValueError("a value that no column holds")
    return int(value)


def _float(_column: ColumnElement[Any], value: Any) -> float:
    _require(float, value)
    return float(value)


def _str(column: ColumnElement[Any], value: Any) -> str:
    _require(str, value)
    value.encode()  # which half a character cannot be
    if "\0" in value or (isinstance(column.type, Enum) and value not in column.type.enums):
        raise ValueError("a value that no column holds")
    return str(value)


def _decimal(_column: ColumnElement[Any], value: Any) -> Decimal:
    _require(str, value)
    read = Decimal(value) if len(value) <= LONGEST and value.isascii() else Decimal("NaN")
    if not read.is_finite() or abs(read.adjusted()) > LONGEST:
        raise ValueError("a value that no column holds")
    return read


def _uuid(_column: ColumnElement[Any], value: Any) -> UUID:
    _require(str, value)
    return UUID(value)


def _datetime(column: ColumnElement[Any], value: Any) -> datetime:
    """With a zone, as ``Instant`` gives it; a column without zones has none in the cursor either."""
    read = datetime.fromisoformat(value)
    if not isinstance(column.type, DateTime):
        return zoned("after", read).astimezone(UTC)
    if read.tzinfo is not None and not column.type.timezone:
        raise ValueError("expected no zone")
    return read


def _date(_column: ColumnElement[Any], value: Any) -> date:
    return date.fromisoformat(value)


def _time(column: ColumnElement[Any], value: Any) -> time:
    read = time.fromisoformat(value)
    if read.tzinfo is not None and not (isinstance(column.type, Time) and column.type.timezone):
        raise ValueError("expected no zone")
    return read


LONGEST = 1_000
"""Digits of an exact decimal in a cursor, at most."""
READERS: dict[Any, Callable[[ColumnElement[Any], Any], Any]] = {
    bool: _bool,
    int: _int,
    float: _float,
    str: _str,
    Decimal: _decimal,
    UUID: _uuid,
    datetime: _datetime,
    date: _date,
    time: _time,
}
