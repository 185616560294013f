"""What questions answer with is taken by the standard encoders as it is."""

import copy
import enum
import importlib
import json
import pickle
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
from crmcore.commands import DefineServiceLevels
from crmcore.domain.kernel.working_time import BusinessCalendar, Holiday, weekly
from crmcore.domain.service.levels.policy import (
    Condition,
    PauseCategory,
    ServiceLevelPolicy,
    ServiceTarget,
    TargetKind,
    WarningLevel,
)
from crmcore.domain.service.levels.version.state import STANDARD_VERSION, ServiceLevelVersion
from crmcore.projections.paging import Page
from crmcore.projections.results import as_result
from crmcore.projections.service.periods import Period
from tests.composed import OURS


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
    Any: "whatever JSON has",
    Period: Period(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC)),
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
    return example(annotation)


def example(kind: Any) -> Any:
    """An answer of this class with every field filled; one within another of its class has defaults."""
    if kind in VALUES:
        return VALUES[kind]
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


# Values of the domain that are answers

OFFICE = BusinessCalendar(
    name="office",
    zone="Europe/Berlin",
    weekly=weekly("Mon-Fri 09:00-17:00"),
    holidays=(Holiday(day=date(2026, 1, 1), name="New Year"),),
)
SOON = ServiceTarget(
    kind=TargetKind.RESOLUTION,
    within=timedelta(hours=4),
    calendar="office",
    pauses=(PauseCategory.PENDING,),
    warnings=(WarningLevel(percent=80),),
)
DEFINED = ServiceLevelVersion(
    at=datetime(2026, 1, 5, 9, 30, tzinfo=UTC),
    version="2026-1",
    policies=(
        ServiceLevelPolicy(name="vip", when=Condition(customers=(UUID(int=7),)), targets=(SOON,)),
    ),
    calendars=(OFFICE,),
)


@pytest.mark.parametrize("encode", ENCODERS.values(), ids=ENCODERS)
@pytest.mark.parametrize("defined", [DEFINED, STANDARD_VERSION], ids=lambda one: one.version)
def test_a_value_of_the_domain_that_is_an_answer_is_written_as_well(
    defined: ServiceLevelVersion, encode: Callable[[Any], Any]
) -> None:
    written = encode(as_result(defined))
    assert json.loads(json.dumps(written)) == written
    assert list(written) == ["at", "version", "policies", "calendars"]
    for one, policy in zip(written["policies"], defined.policies, strict=True):
        assert one["name"] == policy.name
        assert len(one["targets"]) == len(policy.targets)
    assert [one["zone"] for one in written["calendars"]] == [one.zone for one in defined.calendars]


def test_such_an_answer_is_the_value_for_all_that_is_asked_of_it() -> None:
    answer = as_result(DEFINED)
    (policy,), (calendar,) = answer.policies, answer.calendars
    assert answer == DEFINED == answer
    assert hash(answer) == hash(DEFINED)
    assert answer != STANDARD_VERSION != answer
    assert repr(answer) == repr(DEFINED)
    assert isinstance(policy, ServiceLevelPolicy)
    assert policy.targets[0].allowed == ("within", timedelta(hours=4))
    changed: Any = calendar
    assert attrs.evolve(changed, name="shop").name == "shop"
    assert pickle.loads(pickle.dumps(answer)) == copy.deepcopy(answer) == DEFINED
    command = DefineServiceLevels(
        version="2", policies=answer.policies, calendars=answer.calendars, at=DEFINED.at
    )
    assert command.policies == DEFINED.policies


def answered(annotation: Any) -> Iterator[Any]:
    """The classes of ours that an answer of this type is made of."""
    for part in get_args(annotation):
        yield from answered(part)
    kind = get_origin(annotation) or annotation
    if isinstance(kind, type) and attrs.has(kind):
        yield kind


def test_whatever_a_question_answers_is_a_result() -> None:
    wrong = list[str]()
    for kind in OURS.questions.values():
        for name in vars(kind):
            question = getattr(kind, name)
            if name.startswith("_") or not callable(question):
                continue
            hints = get_type_hints(question)
            wrong += [
                f"{kind.__name__}.{name}: {one.__name__}"
                for one in answered(hints["return"])
                if one not in RESULTS and one is not ServiceLevelVersion  # see as_result
            ]
    assert not wrong


def test_the_service_levels_in_force_are_such_an_answer(sqlite_url: str) -> None:
    with crmcore.open(sqlite_url) as crm:
        found = crm.read.service_levels.in_force()
    assert jsonable_encoder(found)["version"] == "standard-1"
