"""Pages of a list, one after the other: by cursors that hold while rows come, change and go.

A cursor names the last row of a page by what the list is ordered by, so that the next page goes on
after it, wherever it now is and whether or not it is still there.  A row that does not change
meanwhile is on one page exactly.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, exc, false, or_, true

from crmcore.application.errors import MisuseError
from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.results import result
from crmcore.projections.sortable import (
    as_bound,
    as_json,
    from_json,
    may_be_null,
    require_column,
    require_sortable,
    sorted_by,
)

T = TypeVar("T")
MOST: Final = 1_000
"""Items to a page, at most."""


@result
class Page(Generic[T]):
    """Some items of a list, and the cursor of those that follow: None at the end."""

    items: tuple[T, ...]
    next: str | None


@frozen
class Order:
    """An order of a list: by *column*, *then* by others, then by *key*, which differs in every row.

    Rows without a value in a column come last.  The columns hold text, numbers, Boolean values, ids,
    dates or instants; ``MisuseError`` names one of another type when a page is asked for.  Exact
    decimals are text on SQLite: there they compare by the 15 leading digits, and no index helps.  An
    index on any other column that is never null leads straight to a page, in either direction.
    """

    column: ColumnElement[Any]
    key: ColumnElement[Any]
    descending: bool = False
    then: Sequence[ColumnElement[Any]] = ()

    @property
    def columns(self) -> Sequence[ColumnElement[Any]]:
        """All that the list is ordered by."""
        return (self.column, *self.then, self.key)

    @property
    def sorting(self) -> Sequence[ColumnElement[Any]]:
        """What ``ORDER BY`` takes."""
        sorting = list[ColumnElement[Any]]()
        for column in self.columns:
            if may_be_null(column):
                sorting.append(column.is_(None))
            by = sorted_by(column)
            sorting.append(by.desc() if self._goes_down(column) else by)
        return sorting

    def follows(self, place: Sequence[Any]) -> ColumnElement[bool]:
        """Whether a row comes after the one that has the values *place* in the columns."""
        found, same = list[ColumnElement[bool]](), list[ColumnElement[bool]]()
        for column, value in zip(self.columns, place, strict=True):
            if value is None:
                same.append(column.is_(None))
                continue
            by, bound = sorted_by(column), as_bound(column, value)
            beyond = by < bound if self._goes_down(column) else by > bound
            if may_be_null(column):
                beyond = or_(beyond, column.is_(None))
            found.append(and_(*same, beyond))
            same.append(by == bound)
        return and_(self._from_here(place[0]), or_(false(), *found))

    def _from_here(self, value: Any) -> ColumnElement[bool]:
        """What all rows that follow have in common, as an index finds them."""
        if value is None or may_be_null(self.column):
            return true()
        by, bound = sorted_by(self.column), as_bound(self.column, value)
        return by <= bound if self.descending else by >= bound

    def _goes_down(self, column: ColumnElement[Any]) -> bool:
        return self.descending and column is self.column


def either_way(
    key: ColumnElement[Any], *columns: ColumnElement[Any], **named: ColumnElement[Any]
) -> Mapping[str, Order]:
    """Orders by each of the *columns*: ``placed_at``, and ``-placed_at`` for descending.

    A column may be *named* otherwise; *key* is different in every row.
    """
    for column in (key, *columns, *named.values()):
        require_column(column)
    by_name = {**{column.key or "": column for column in columns}, **named}
    return {
        f"{sign}{name}": Order(column, key, descending=bool(sign))
        for name, column in by_name.items()
        for sign in ("", "-")
    }


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
    from 1 to 1,000, and a cursor that no such list has given; ``MisuseError`` for an order by a
    column that no list can be ordered by, or that is not selected.
    """
    order = order_of(orders, order_by)
    for column in order.columns:
        require_sortable(column)
    require_limit(limit)
    if after is not None:
        statement = statement.where(order.follows(place_of(order_by, order, after)))
    found = connection.execute(statement.order_by(*order.sorting).limit(limit + 1)).mappings().all()
    places = [_place(row, order) for row in found[limit - 1 : limit] or found[:1]]
    following = cursor_of(order_by, places[0]) if len(found) > limit else None
    return Page(tuple(read(row) for row in found[:limit]), following)


def _place(row: RowMapping, order: Order) -> Sequence[Any]:
    try:
        return [row[column] for column in order.columns]
    except exc.NoSuchColumnError as error:
        raise MisuseError(f"a list is ordered by what its statement selects: {error}") from None


def order_of(orders: Mapping[str, Order], order_by: str) -> Order:
    """The one of the *orders* that has this name; ``InvalidValueError`` where none has."""
    order = orders.get(order_by) if isinstance(order_by, str) else None
    if order is None:
        raise InvalidValueError("order_by", order_by, f"one of {', '.join(orders)}")
    return order


def require_limit(limit: int) -> None:
    """Raise ``InvalidValueError`` unless *limit* is a number of items that a page may have."""
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= MOST:
        raise InvalidValueError("limit", limit, f"a whole number from 1 to {MOST:,}")


def cursor_of(order_by: str, place: Sequence[Any]) -> str:
    """The cursor of the row that has the values *place* in the columns of an order."""
    text = json.dumps([order_by, *map(as_json, place)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(order_by: str, order: Order, after: str) -> Sequence[Any]:
    """The values for which a cursor stands; ``InvalidValueError`` where no such list has given it."""
    expected = "the `next` of a page in the same order"
    try:
        padded = after + "=" * (-len(after) % 4)
        named, *values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        pairs = zip(order.columns, values, strict=True)
        place = [from_json(column, value) for column, value in pairs]
    except (TypeError, ValueError, ArithmeticError, binascii.Error, RecursionError):
        raise InvalidValueError("after", after, expected) from None
    if named != order_by:
        raise InvalidValueError("after", after, expected)
    return place
