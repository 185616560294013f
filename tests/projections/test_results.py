"""What questions answer with is taken by the standard encoders as it is."""

import enum
import importlib
import json
import pkgutil
import types
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import attrs
import msgspec
import pydantic
import pydantic_core
import pytest
from fastapi.encoders import jsonable_encoder

import crmcore.projections
from crmcore.projections.paging import Page


def results() -> Iterator[type]:
    """Every class that is made by ``@result``."""
    for found in pkgutil.walk_packages(crmcore.projections.__path__, "crmcore.projections."):
        for one in vars(importlib.import_module(found.name)).values():
            made = isinstance(one, type) and "__dataclass_fields__" in vars(one) and attrs.has(one)
            if made and one.__module__ == found.name:
                yield one


RESULTS = sorted(results(), key=lambda kind: (kind.__module__, kind.__qualname__))
VALUES: dict[Any, Any] = {
    UUID: UUID(int=7),
    datetime: datetime(2026, 1, 5, 9, 30, tzinfo=UTC),
    date: date(2026, 1, 5),
    timedelta: timedelta(hours=4),
    Decimal: Decimal("2.50"),
    str: "words",
    int: 3,
    float: 0.5,
    bool: True,
}


MAKING: list[type] = []
"""The classes of the answers that are being made, each within the one before."""


def value(annotation: Any) -> Any:
    """Some value of a field of this type, every part of it filled."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return value(next(part for part in parts if part is not types.NoneType))
    if origin is tuple:
        return tuple(value(part) for part in parts if part is not Ellipsis)
    if origin in (list, frozenset, set):
        return origin([value(parts[0])])
    if origin is not None and issubclass(origin, Mapping):
        return {value(parts[0]): value(parts[1])}
    if isinstance(annotation, TypeVar):
        return "an item"
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return next(iter(annotation))
    return VALUES[annotation] if annotation in VALUES else example(annotation)


def example(kind: Any) -> Any:
    """An answer of this class with every field filled; one within another of its class has defaults."""
    hints = get_type_hints(kind)
    fields = [one for one in attrs.fields(kind) if one.init]
    if kind in MAKING:
        fields = [one for one in fields if one.default is attrs.NOTHING]
    MAKING.append(kind)
    try:
        return kind(**{one.name: value(hints[one.name]) for one in fields})
    finally:
        MAKING.pop()


ENCODERS: dict[str, Callable[[Any], Any]] = {
    "fastapi": jsonable_encoder,
    "msgspec": lambda one: json.loads(msgspec.json.encode(one)),
    "pydantic": lambda one: json.loads(pydantic.TypeAdapter(type(one)).dump_json(one)),
    "pydantic_core": lambda one: json.loads(pydantic_core.to_json(one)),
}


def test_there_are_results() -> None:
    assert Page in RESULTS
    assert len(RESULTS) > 6


@pytest.mark.parametrize("encode", ENCODERS.values(), ids=ENCODERS)
@pytest.mark.parametrize("kind", RESULTS, ids=lambda kind: kind.__qualname__)
def test_every_result_is_written_by_the_standard_encoders(
    kind: type, encode: Callable[[Any], Any]
) -> None:
    answer = example(kind)
    written = encode(answer)
    assert json.loads(json.dumps(written)) == written, "plain JSON"
    assert list(written) == [one.name for one in attrs.fields(type(answer))]
    assert all(part is not None for part in written.values())
