"""What help() shows of a message: the types of its fields, below its own docstring."""

import inspect
import pydoc
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

import attrs
import pytest

import crmcore
from crmcore.domain.kernel import (
    Between,
    Length,
    Money,
    Personal,
    WorkingTime,
    command,
    description_of,
    event,
    value,
)
from crmcore.domain.kernel.documented import docstring_of
from tests.composed import COMMANDS, EVENTS


class Branch(StrEnum):
    MAIN = "main"


@value
class Stop:
    """A place on the way."""

    street: Annotated[str, Length(80), Personal()]


@command
class SendVan:
    """Send a van.

    It comes back.
    """

    TOPIC: ClassVar[str] = "send-van"
    van_id: UUID
    stops: tuple[Stop, ...]
    branch: Branch = Branch.MAIN
    doors: Annotated[int, Between(2, 5)] = 3
    load: Annotated[Decimal, Between(0)] | None = None
    price: Money | None = None
    within: Annotated[timedelta, WorkingTime()] = timedelta(hours=4)
    tags: tuple[Annotated[str, Length(9)], ...] = attrs.field(factory=tuple)
    at: datetime


def test_a_docstring_goes_on_with_the_fields() -> None:
    assert SendVan.__doc__ == (
        "Send a van.\n\nIt comes back.\n\n"
        "Fields:\n"
        "    van_id: UUID\n"
        "    stops: tuple[Stop, ...]\n"
        "    branch: Branch = Branch.MAIN\n"
        "    doors: int = 3, 2 to 5\n"
        "    load: Decimal | None = None, 0 or more\n"
        "    price: Money | None = None\n"
        "    within: timedelta = datetime.timedelta(seconds=14400), in hours of work\n"
        "    tags: tuple[str, ...] = ..., at most 9 characters\n"
        "    at: datetime"
    )
    assert Stop.__doc__ is not None
    assert "street: str, at most 80 characters, about a person" in Stop.__doc__


def test_the_fields_are_no_part_of_what_a_message_means() -> None:
    assert description_of(SendVan) == "Send a van.\n\nIt comes back."
    assert (docstring_of(SendVan) or "").startswith("Send a van.")
    assert "Fields:" not in crmcore.schema_of(SendVan)["description"]


def test_a_signature_has_types() -> None:
    parameters = inspect.signature(SendVan).parameters
    assert parameters["van_id"].annotation is UUID
    assert parameters["doors"].annotation == Annotated[int, Between(2, 5)]
    assert parameters["at"].annotation is datetime


@pytest.mark.parametrize("kind", [*COMMANDS, *EVENTS], ids=lambda kind: kind.TOPIC)
def test_help_shows_the_types_of_all_fields(kind: Any) -> None:
    shown = pydoc.plain(pydoc.render_doc(kind))
    for field in attrs.fields(kind):
        assert f"     {field.name}: " in shown
        assert inspect.signature(kind).parameters[field.name].annotation == field.type


def test_what_has_no_docstring_stays_without_one() -> None:
    assert event(type("Bare", (), {"__annotations__": {"at": datetime}})).__doc__ is None


def test_a_field_that_cannot_be_does_not_stand_in_the_way_of_a_docstring() -> None:
    odd: type = command(type("Odd", (), {"__doc__": "Odd.", "__annotations__": {"at": object}}))
    assert odd.__doc__ == "Odd."
