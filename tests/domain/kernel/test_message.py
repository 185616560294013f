"""What a command may carry: shapes are checked and brought into normal form, or refused by name."""

import sys
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from types import ModuleType
from typing import Annotated, Any, ClassVar
from uuid import UUID

import pytest

from crmcore.domain.kernel import Between, InvalidValueError, Length, Money, command
from tests.scenario import START, at, uid


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@command
class Paint:
    """A command with a field of every kind."""

    TOPIC: ClassVar[str] = "paint"
    wall_id: UUID
    colour: Colour
    at: datetime
    note: str | None = None
    initials: Annotated[str, Length(3)] = "ab"
    coats: Annotated[int, Between(1, 3)] = 1
    thickness: Decimal = Decimal("0.5")
    price: Money | None = None
    helpers: tuple[str, ...] = ()
    dry_after: timedelta = timedelta(hours=1)
    glossy: bool = False


def paint(**fields: Any) -> Paint:
    return Paint(**{"wall_id": uid(1), "colour": Colour.RED, "at": at(), **fields})


def test_values_are_brought_into_normal_form() -> None:
    berlin = timezone(timedelta(hours=2))
    painted = paint(
        at=datetime(2026, 7, 1, 12, tzinfo=berlin),
        note="  Cafe\u0301 ",
        helpers=["Ann ", "Bo"],
        colour="blue",
    )
    assert painted.at == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert painted.at.tzinfo is UTC
    assert painted.note == "Café"
    assert painted.helpers == ("Ann", "Bo")
    assert painted.colour is Colour.BLUE


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({"wall_id": "7"}, "wall_id: expected a UUID, got '7'", id="id as text"),
        pytest.param(
            {"at": datetime(2026, 1, 1)},  # noqa: DTZ001  # what is to be refused
            "at: expected an instant with a time zone",
            id="naive",
        ),
        pytest.param(
            {"at": datetime.max.replace(tzinfo=timezone(-timedelta(hours=9)))},
            "at: .*1900",
            id="overflow",
        ),
        pytest.param({"colour": "green"}, "colour: expected one of red, blue", id="enum"),
        pytest.param({"note": "  "}, "note: .*not blank", id="blank"),
        pytest.param({"note": "a\x00b"}, "note: .*control", id="NUL"),
        pytest.param({"note": "\ud800"}, "note: .*control", id="lone surrogate"),
        pytest.param({"note": 5}, "note: expected text", id="number as text"),
        pytest.param({"initials": "abcd"}, "initials: expected at most 3", id="too long"),
        pytest.param({"coats": 0}, "coats: expected a number from 1 to 3", id="too few"),
        pytest.param({"coats": True}, "coats: expected a whole number", id="bool as int"),
        pytest.param({"coats": 10**5000}, "coats: expected a whole number", id="huge int"),
        pytest.param({"thickness": Decimal("NaN")}, "thickness: expected a finite", id="NaN"),
        pytest.param(
            {"thickness": Decimal("1E+999999")}, "thickness: .*28 digits", id="huge exponent"
        ),
        pytest.param({"thickness": 0.5}, "thickness: expected a finite decimal", id="float"),
        pytest.param({"price": 5}, "price: expected a Money", id="money"),
        pytest.param({"helpers": "Ann"}, "helpers: expected a list", id="text as list"),
        pytest.param({"helpers": ["Ann", 3]}, r"helpers\[1\]: expected text", id="in a list"),
        pytest.param({"dry_after": 3}, "dry_after: expected a duration", id="duration"),
        pytest.param({"glossy": 1}, "glossy: expected true or false", id="flag"),
    ],
)
def test_a_wrong_shape_is_refused_by_field_and_expectation(
    fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidValueError, match=message):
        paint(**fields)


def test_a_command_whose_annotations_are_text_is_checked_as_any_other() -> None:
    source = (
        "from __future__ import annotations\n"
        "from datetime import datetime\n"
        "from typing import Annotated, ClassVar\n"
        "from uuid import UUID\n"
        "from crmcore.contexts import Length, command\n"
        "@command\n"
        "class Wash:\n"
        "    TOPIC: ClassVar[str] = 'wash.car'\n"
        "    car_id: UUID\n"
        "    note: Annotated[str, Length(5)] | None = None\n"
        "    at: datetime\n"
    )
    module = ModuleType("washing")
    sys.modules["washing"] = module
    try:
        exec(compile(source, "washing.py", "exec", dont_inherit=True), vars(module))
        wash = module.Wash(car_id=uid(1), note=" shiny ", at=START)
        assert (wash.note, module.Wash.TOPIC) == ("shiny", "wash.car")
        with pytest.raises(InvalidValueError, match="note: expected at most 5 characters"):
            module.Wash(car_id=uid(1), note="too long", at=START)
    finally:
        del sys.modules["washing"]
