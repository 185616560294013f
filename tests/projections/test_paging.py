"""Pages by columns of every type: each row is on one page exactly, in order, in both databases."""

import enum
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmcore.contexts import Order, either_way, page
from crmcore.errors import InvalidValueError, MisuseError
from crmcore.projections import Exact, Instant
from crmcore.projections.filters import before, from_on
from crmcore.projections.paging import cursor_of


class Kind(enum.Enum):
    ONE = "1"


class Odd(sa.types.TypeDecorator[Any]):
    """A type of a host's own, which does not say what it holds."""

    impl = sa.JSON
    cache_ok = True


KEPT = sa.Table(
    "kept",
    sa.MetaData(),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("flag", sa.Boolean),
    sa.Column("sure", sa.Boolean, nullable=False),
    sa.Column("count", sa.BigInteger),
    sa.Column("share", sa.Float),
    sa.Column("amount", Exact),
    sa.Column("price", Exact, nullable=False),
    sa.Column("seen_at", Instant),
    sa.Column("local_at", sa.DateTime),
    sa.Column("zoned_at", sa.DateTime(timezone=True)),
    sa.Column("day", sa.Date),
    sa.Column("opens", sa.Time),
    sa.Column("name", sa.Text),
    sa.Column("word", sa.Enum("a", "b", native_enum=False)),
    sa.Column("owner", sa.Uuid),
)
OTHERS = sa.Table(
    "others",
    sa.MetaData(),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("details", sa.JSON),
    sa.Column("number", sa.Numeric),
    sa.Column("bytes", sa.LargeBinary),
    sa.Column("lasts", sa.Interval),
    sa.Column("kind", sa.Enum(Kind)),
    sa.Column("odd", Odd),
)
INSTANTS = st.sampled_from(
    [datetime(2026, 1, 5, 9, 30, tzinfo=UTC) + n * timedelta(microseconds=1) for n in range(3)]
    + [datetime(1900, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, 23, tzinfo=UTC)]
)
DECIMALS = st.one_of(
    st.sampled_from([Decimal(n) for n in ("0", "9", "10", "-9", "-10", "1.50", "1.5", "0.1")]),
    st.decimals(min_value=-(10**9), max_value=10**9, places=4),
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "flag": st.booleans() | st.none(),
    "sure": st.booleans(),
    "count": st.integers(-(2**62), 2**62) | st.integers(-2, 2) | st.none(),
    "share": st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False) | st.none(),
    "amount": DECIMALS | st.none(),
    "price": DECIMALS,
    "seen_at": INSTANTS | st.none(),
    "local_at": INSTANTS.map(lambda one: one.replace(tzinfo=None)) | st.none(),
    "zoned_at": INSTANTS | st.none(),
    "day": st.dates(date(1900, 1, 1), date(2999, 1, 1)) | st.none(),
    "opens": st.times() | st.none(),
    "name": st.sampled_from(["", "a", "b", "ab"]) | st.none(),
    "word": st.sampled_from(["a", "b"]) | st.none(),
    "owner": st.uuids() | st.none(),
}
ROWS = st.lists(st.fixed_dictionaries(VALUES), max_size=7)
ORDERS = either_way(KEPT.c.id, *(KEPT.c[name] for name in VALUES))


@pytest.fixture
def connection(database_url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(database_url)
    with engine.connect() as opened:
        KEPT.create(opened)
        OTHERS.create(opened)
        yield opened
        opened.rollback()
    engine.dispose()


def pages(connection: sa.Connection, order_by: str, limit: int) -> Iterator[Sequence[Any]]:
    after = None
    while True:
        found = page(
            connection,
            sa.select(KEPT),
            ORDERS,
            dict,
            order_by=order_by,
            limit=limit,
            after=after,
        )
        yield found.items
        if found.next is None:
            return
        after = found.next


def in_order(rows: Sequence[Any], name: str, *, down: bool) -> list[Any]:
    """As the list is to be: by value, rows without one last, of equal ones by key."""
    some: list[Any] = [row for row in rows if row[name] is not None]
    some.sort(key=itemgetter(name), reverse=down)
    return [*some, *(row for row in rows if row[name] is None)]


@given(rows=ROWS, limit=st.integers(1, 3), down=st.booleans())
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_each_row_is_on_one_page_in_order_whatever_the_column_holds(
    connection: sa.Connection, rows: list[dict[str, Any]], limit: int, down: bool
) -> None:
    connection.execute(sa.delete(KEPT))
    rows = [{"id": f"{number}", **row} for number, row in enumerate(rows)]
    if rows:
        connection.execute(sa.insert(KEPT), rows)
    for name in VALUES:
        found = list(pages(connection, f"-{name}" if down else name, limit))
        assert all(len(items) == limit for items in found[:-1])
        listed = [row["id"] for items in found for row in items]
        assert listed == [row["id"] for row in in_order(rows, name, down=down)], name


def test_decimals_that_sqlite_cannot_tell_apart_are_on_one_page_each(
    connection: sa.Connection,
) -> None:
    digits = ["1.00000000000000001", "1.00000000000000002", "1.00000000000000003"]
    rows = [{"id": text, "sure": True, "price": Decimal(text)} for text in (*digits, "-0", "1e3")]
    connection.execute(sa.insert(KEPT), rows)
    for order_by in ("price", "-price"):
        listed = [row["id"] for items in pages(connection, order_by, 1) for row in items]
        assert sorted(listed) == sorted(str(row["id"]) for row in rows)


@pytest.mark.parametrize("name", ["details", "number", "bytes", "lasts", "kind", "odd"])
def test_what_no_list_can_be_ordered_by_is_named_at_the_first_page(
    connection: sa.Connection, name: str
) -> None:
    for order in (
        Order(OTHERS.c[name], OTHERS.c.id),
        Order(OTHERS.c.id, OTHERS.c.id, then=(OTHERS.c[name],)),
    ):
        with pytest.raises(MisuseError, match=f"no list can be ordered by {name}"):
            page(connection, sa.select(OTHERS), {"x": order}, dict, order_by="x", limit=1)


def test_what_is_no_column_is_refused(connection: sa.Connection) -> None:
    with pytest.raises(MisuseError, match="expected one, got 'id'"):
        either_way("id", KEPT.c.name)  # type: ignore[arg-type]
    unknown, text = Order(sa.literal_column("1").label("x"), KEPT.c.id), Order("name", KEPT.c.id)  # type: ignore[arg-type]
    for order, says in ((unknown, "no list can be ordered by x"), (text, "one, got 'name'")):
        with pytest.raises(MisuseError, match=says):
            page(connection, sa.select(KEPT), {"x": order}, dict, order_by="x", limit=1)


def test_a_column_that_is_not_selected_is_named_at_the_first_page(
    connection: sa.Connection,
) -> None:
    connection.execute(sa.insert(KEPT), {"id": "1", "sure": True, "price": Decimal(1)})
    with pytest.raises(MisuseError, match=r"ordered by what its statement selects: .*price"):
        page(connection, sa.select(KEPT.c.id), ORDERS, dict, order_by="price", limit=5)


@pytest.mark.parametrize(
    ("order_by", "value"),
    [
        ("flag", 1),
        ("flag", "true"),
        ("count", True),
        ("count", 2**70),
        ("share", 1),
        ("price", 1),
        ("price", "NaN"),
        ("price", "1e9999999"),
        ("price", "one"),
        ("local_at", "2026-01-05T09:30:00+00:00"),
        ("local_at", 5),
        ("seen_at", "2026-01-05T09:30:00"),
        ("opens", "09:30:00+01:00"),
        ("day", "today"),
        ("word", "c"),
        ("owner", 7),
        ("owner", "x"),
    ],
)
def test_what_a_column_cannot_hold_is_no_cursor(
    connection: sa.Connection, order_by: str, value: Any
) -> None:
    after = cursor_of(order_by, [value, "1"])
    with pytest.raises(InvalidValueError, match="after: expected the `next`"):
        page(connection, sa.select(KEPT), ORDERS, dict, order_by=order_by, limit=1, after=after)


@pytest.mark.parametrize("narrow", [from_on, before])
def test_only_instants_and_dates_are_narrowed_in_time(narrow: Any) -> None:
    for name in ("local_at", "count"):
        with pytest.raises(MisuseError, match=f"{name} is no column of instants or dates"):
            narrow("since", KEPT.c[name], date(2026, 1, 5))
