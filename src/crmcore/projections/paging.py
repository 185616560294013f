"""Pages of a list, one after the other: by cursors that hold while rows come, change and go.

A cursor names the last row of a page by what the list is ordered by, so that the next page goes on
after it, wherever it now is and whether or not it is still there.  A row that does not change
meanwhile is on one page exactly.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, Generic, TypeVar

import attrs
from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, or_

from crmcore.domain.kernel import LARGEST_INTEGER, InvalidValueError, zoned
from crmcore.projections.results import result

T = TypeVar("T")
MOST: Final = 1_000
"""Items to a page, at most."""


@result
class Page(Generic[T]):
    """Some items of a list, and the cursor of those that follow: None at the end."""

    items: tuple[T, ...]
    next: str | None


@attrs.frozen
class Order:
    """An order of a list: by *column*, then by *key*, which is different in every row.

    Rows without a value in the column come last.  *column* holds text, a whole number, a date
    or an instant; no exact decimals, which SQLite keeps as text.
    """

    column: ColumnElement[Any]
    key: ColumnElement[Any]
    descending: bool = False


def page(
    connection: Connection,
    statement: Select[Any],
    orders: Mapping[str, Order],
    read: Callable[[RowMapping], T],
    *,
    order_by: str,
    limit: int,
    after: str | None = None,
) -> Page[T]:
    """The first *limit* rows of *statement* in one of the *orders*, or those *after* a cursor.

    The statement selects the order's columns under their names; each row is what *read* makes of
    it.  Raises ``InvalidValueError`` for an order that there is not, a limit that is no number
    from 1 to 1,000, and a cursor that no such list has given.
    """
    order = orders.get(order_by) if isinstance(order_by, str) else None
    if order is None:
        raise InvalidValueError("order_by", order_by, f"one of {', '.join(orders)}")
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= MOST:
        raise InvalidValueError("limit", limit, f"a whole number from 1 to {MOST:,}")
    if after is not None:
        statement = statement.where(_follows(order, *_place(order_by, order, after)))
    column, key = order.column, order.key
    sorted_by = [column.is_(None), column.desc() if order.descending else column, key]
    found = connection.execute(statement.order_by(*sorted_by).limit(limit + 1)).mappings().all()
    last = found[limit - 1] if len(found) > limit else None
    following = None if last is None else _cursor(order_by, last[column], last[key])
    return Page(tuple(read(row) for row in found[:limit]), following)


def _follows(order: Order, value: Any, key: Any) -> ColumnElement[bool]:
    """Whether a row comes after the one with *value* and *key*."""
    column = order.column
    if value is None:
        return and_(column.is_(None), order.key > key)
    beyond = column < value if order.descending else column > value
    return or_(beyond, column.is_(None), and_(column == value, order.key > key))


def _cursor(order_by: str, value: Any, key: Any) -> str:
    text = json.dumps([order_by, _as_json(value), _as_json(key)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _place(order_by: str, order: Order, after: str) -> Sequence[Any]:
    """The value and the key that a cursor stands for."""
    expected = "the `next` of a page in the same order"
    try:
        padded = after + "=" * (-len(after) % 4)
        named, value, key = json.loads(base64.urlsafe_b64decode(padded))
        place = [_from_json(order.column, value), _from_json(order.key, key)]
    except (TypeError, ValueError, binascii.Error, RecursionError):
        raise InvalidValueError("after", after, expected) from None
    if named != order_by:
        raise InvalidValueError("after", after, expected)
    return place


def _from_json(column: ColumnElement[Any], value: Any) -> Any:
    if value is None:
        return None
    kind = column.type.python_type
    if kind is datetime:
        return zoned("after", datetime.fromisoformat(value))
    if kind is date:
        return date.fromisoformat(value)
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}")
    if "\0" in value if kind is str else abs(value) > LARGEST_INTEGER:
        raise ValueError("a value that no column holds")
    return value
