"""What a list is narrowed by: values that are checked as those of commands are.

A filter that is None lets every row through.  Each raises ``InvalidValueError`` for a value that
no such column holds.
"""

from datetime import date, datetime
from enum import Enum
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Date, true

from crmcore.application.errors import MisuseError
from crmcore.domain.kernel import InvalidValueError, shape
from crmcore.projections.engine.columns import Instant

T = TypeVar("T")


def equals(column: Column[Any], kind: type[T], value: T | None) -> ColumnElement[bool]:
    """The rows whose *column* holds *value*, of this *kind*; the filter is called as the column is."""
    if value is None:
        return true()
    checked = column_value(column.name, kind, value)
    return column == (str(checked) if isinstance(checked, UUID) else checked)


def from_on(name: str, column: Column[Any], value: date | None) -> ColumnElement[bool]:
    """The rows whose *column* holds *value* or what comes later."""
    return true() if value is None else column >= _time(name, column, value)


def before(name: str, column: Column[Any], value: date | None) -> ColumnElement[bool]:
    """The rows whose *column* holds what comes before *value*."""
    return true() if value is None else column < _time(name, column, value)


def column_value(name: str, kind: Any, value: Any) -> Any:
    """*value*, of this *kind*, as a column called *name* holds it."""
    if not issubclass(kind, Enum):
        return shape(kind)(name, value)
    try:
        return kind(value).value
    except ValueError:
        raise InvalidValueError(name, value, f"one of {', '.join(kind)}") from None


def _time(name: str, column: Column[Any], value: Any) -> Any:
    """*value* as the column holds it: an instant (UTC), or a date."""
    if isinstance(column.type, Date):
        return shape(date)(name, value)
    if not isinstance(column.type, Instant):
        raise MisuseError(f"{column.name} is no column of instants or dates: {column.type!r}")
    return shape(datetime)(name, value)
