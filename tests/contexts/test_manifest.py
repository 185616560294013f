"""A context says at once, and at the latest when the log is opened, which of its parts is wrong and why."""

from collections.abc import Callable
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import pytest
from examples.workshop.context import BIKES, JOB, WAITING, WORKSHOP, JobService, ReceiveBike

import crmcore
from crmcore.contexts import (
    Aggregate,
    Context,
    Customers,
    Questions,
    Upcaster,
    command,
    event,
)
from crmcore.errors import MisuseError
from crmcore.projections import Projection

if TYPE_CHECKING:
    Later = int


def wash(**parts: Any) -> Context:
    return Context(name="wash", **parts)


def part(of: Any, **changed: Any) -> Any:
    return attrs.evolve(of, **changed)


UPCASTER = Upcaster("wash.washed", 1, {"wash.washed": 2}, lambda fields: [("wash.washed", fields)])


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"aggregates": JOB}, "aggregates: expected a list of Aggregate, got a Aggregate"),
        ({"aggregates": [5]}, "aggregates: expected an Aggregate, got 5"),
        ({"aggregates": [Aggregate]}, "aggregates: expected an Aggregate, got the class Aggregate"),
        ({"aggregates": [part(JOB, events=5)]}, "aggregate repair job: events: expected a list of"),
        ({"aggregates": [part(JOB, events=(5,))]}, "events: expected a class made by @event, got"),
        ({"aggregates": [part(JOB, commands=["wash"])]}, "commands: expected a class made by @com"),
        ({"aggregates": [part(JOB, kind=None)]}, "kind of an aggregate: expected the word for it"),
        ({"aggregates": [part(JOB, evolve=None)]}, "repair job: evolve: expected a function, got"),
        ({"aggregates": [part(JOB, decide=5)]}, "repair job: decide: expected a function, got 5"),
        ({"aggregates": [part(JOB, stream_id="id")]}, "stream_id: expected a function, got 'id'"),
        ({"services": JobService}, "services: expected a list of classes .* got the class JobSe"),
        ({"services": [5]}, "services: expected a class, or a function that returns one, got 5"),
        ({"provides": 5}, "provides: expected a mapping from types to what makes each, got 5"),
        ({"provides": [Customers]}, "provides: expected a mapping .*, got a list"),
        ({"provides": {"Sun": int}}, "provides: expected a type, .* got 'Sun'"),
        ({"provides": {Customers: 5}}, "provides: Customers: expected a class, or a function"),
        ({"projections": WAITING}, "projections: expected a list of Projection, got a Projection"),
        ({"projections": [5]}, "projections: expected a Projection, or a function .*, got 5"),
        ({"questions": {"x": 5}}, "questions: expected a class whose annotations .* got an object"),
        ({"questions": 5}, "questions: expected a class whose annotations .* `workshop: Bikes`, g"),
        ({"upcasters": UPCASTER}, "upcasters: expected a list of Upcaster, got a Upcaster"),
        ({"upcasters": [5]}, "upcasters: expected an Upcaster, got 5"),
        ({"upcasters": [part(UPCASTER, topic=5)]}, "upcaster: topic: expected the topic of an e"),
        ({"upcasters": [part(UPCASTER, version=0)]}, "upcaster: version: expected a whole number"),
        ({"upcasters": [part(UPCASTER, to="x")]}, "upcaster: to: expected a mapping from topics"),
        ({"upcasters": [part(UPCASTER, to={"x": "2"})]}, "upcaster: to: expected a mapping"),
        ({"upcasters": [part(UPCASTER, upcast=None)]}, "upcaster: upcast: expected a function"),
        ({"command_line": 5}, "command_line: expected the name of a module, such as .* got 5"),
        ({"command_line": "wash.listing:show"}, "command_line: expected the name of a module"),
        ({"command_line": ""}, "command_line: expected the name of a module, .* got ''"),
    ],
    ids=lambda one: one if isinstance(one, str) else ", ".join(one),
)
def test_a_part_of_a_wrong_kind_is_refused_when_the_context_is_made(
    parts: dict[str, Any], says: str
) -> None:
    with pytest.raises(MisuseError, match=f"^context wash: .*{says}"):
        wash(**parts)


def test_parts_may_be_given_in_any_of_the_ways_that_are_said() -> None:
    wash(
        aggregates=(JOB,),
        services=[JobService, lambda: JobService(Customers())],
        provides=MappingProxyType({Callable[[], int]: lambda: int, Any | None: int}),
        projections=[WAITING, lambda: WAITING],
        upcasters=(UPCASTER,),
        command_line="wash.listing",
    )


# What shows when it is put together


class NoHandlers:
    pass


@attrs.frozen
class WithHandlers:
    handlers: Any


class Washing:
    def __init__(self, where, *, how: int = 3) -> None:  # type: ignore[no-untyped-def]
        self.where, self.how = where, how


class ByPosition:
    def __init__(self, customers: Customers, /) -> None:
        self.customers = customers


class Unknown:
    def __init__(self, customers: "Later") -> None:
        self.customers = customers


class Strange:
    def __init__(self, customers: [int]) -> None:  # type: ignore[misc,valid-type]
        self.customers = customers


class Numbers:
    wash: int


@attrs.frozen(kw_only=True)
class Needing(Questions):
    weather: "Later"


class NeedingLater:
    wash: Needing


@attrs.frozen(kw_only=True)
class Forecast(Questions):
    weather: Numbers


class NeedingWeather:
    wash: Forecast


class Unannotated:
    wash = Needing


class Undefined:
    wash: "Later"


def handling(handlers: Any) -> Any:
    return lambda: WithHandlers(handlers)


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"services": [int]}, "^context wash: int: its parameters cannot be found: no signature"),
        (
            {"services": [list]},
            "wash: services: list: expected `handlers`.*; an empty list has none",
        ),
        ({"services": [NoHandlers]}, "services: NoHandlers: .* a NoHandlers has none"),
        ({"services": [handling(None)]}, r"lambda>: handlers: expected a mapping .* got nothing"),
        ({"services": [handling([5])]}, "handlers: expected a mapping .* got a list"),
        ({"services": [handling({"wash": len})]}, "handlers: expected a class of commands, got"),
        ({"services": [handling({ReceiveBike: 5})]}, "handler of ReceiveBike: expected a function"),
        ({"services": [Washing]}, "Washing does not say of which type where is: annotate it with"),
        ({"services": [ByPosition]}, "ByPosition takes customers by position alone"),
        ({"services": [Unknown]}, "Unknown: its parameters cannot be found: name 'Later' is not"),
        ({"services": [Strange]}, r"Strange asks for customers: \[<class 'int'>\], which nothing"),
        (
            {"projections": [list]},
            "projections: list: expected a Projection to be returned, got an",
        ),
        ({"projections": [Washing]}, "Washing does not say of which type where is"),
        ({"questions": Unannotated}, "wash: questions: expected .*; Unannotated has none"),
        ({"questions": Numbers}, "wash: questions: expected a class .*, got wash: int"),
        ({"questions": NeedingLater}, "questions: Needing: its parameters cannot be found: name"),
        ({"questions": NeedingWeather}, "questions: Forecast asks for weather: Numbers, which no"),
        ({"questions": Undefined}, "wash: questions: expected .*; Undefined: name 'Later' is not"),
    ],
    ids=lambda one: one if isinstance(one, str) else ", ".join(one),
)
def test_what_comes_of_a_wrong_part_is_refused_when_the_log_is_opened(
    sqlite_url: str, parts: dict[str, Any], says: str
) -> None:
    with pytest.raises(MisuseError, match=says):
        crmcore.open(sqlite_url, contexts=[wash(**parts)])


@pytest.mark.parametrize("given", [5, "standard", [5]])
def test_what_are_no_policies_are_refused(sqlite_url: str, given: Any) -> None:
    with pytest.raises(MisuseError, match="policies: expected Policies, got"):
        crmcore.open(sqlite_url, policies=given)


# One command, one owner


@command
class Wash:
    TOPIC: ClassVar[str] = "wash.wash"
    at: datetime


@event
class Washed:
    TOPIC: ClassVar[str] = "wash.washed"
    at: datetime


@event
class WashedAgain:
    TOPIC: ClassVar[str] = "wash.washed"
    at: datetime


def aggregate(kind: str, **particulars: Any) -> Aggregate[Any, Any]:
    return Aggregate(
        kind=kind, initial=None, evolve=lambda state, _: state, events=(), **particulars
    )


CAR, BIKE = aggregate("car", commands=(Wash,)), aggregate("bike", commands=(Wash,))


def by_hand() -> WithHandlers:
    return WithHandlers({Wash: lambda _command, _work: None})


def by_machine() -> WithHandlers:
    return WithHandlers({Wash: lambda _command, _work: None})


@pytest.mark.parametrize(
    ("context", "says"),
    [
        pytest.param(
            wash(aggregates=[CAR, BIKE], services=[by_hand]),
            "Wash is a command of the aggregates car and bike: leave it to one of them",
            id="two aggregates",
        ),
        pytest.param(
            wash(aggregates=[CAR], services=[by_hand, by_machine]),
            "Wash is carried out by by_hand and by by_machine: leave it to one of them",
            id="two services",
        ),
        pytest.param(
            wash(services=[by_hand]),
            "by_hand has a handler of Wash, which is no command of its aggregates: add it",
            id="no aggregate",
        ),
        pytest.param(
            wash(services=[lambda: WithHandlers({crmcore.commands.OpenCase: len})]),
            "has a handler of OpenCase, which is no command of its aggregates",
            id="a command of ours",
        ),
        pytest.param(
            wash(aggregates=[part(CAR, commands=(), events=(Washed, WashedAgain))]),
            "event topic 'wash.washed' names .*Washed and .*WashedAgain: give one of them another",
            id="a topic twice",
        ),
        pytest.param(
            wash(
                upcasters=[
                    Upcaster("case-opened", 9, {}, lambda _: []),
                    Upcaster("case-opened", 9, {}, lambda _: []),
                ]
            ),
            "case-opened version 9 has two upcasters",
            id="two upcasters",
        ),
        pytest.param(
            wash(projections=[Projection("wash_bikes", 1, (BIKES,), {})]),
            r"wash_bikes: workshop_bikes \(of its table workshop_bikes\) is a name in"
            r" workshop_bikes already",
            id="a table of another context",
        ),
        pytest.param(
            wash(provides={Customers: lambda: Customers()}),
            "wash: Customers is provided already, by customers: leave it out",
            id="a type that ours provide",
        ),
    ],
)
def test_what_clashes_is_refused_by_the_names_of_both_sides(
    sqlite_url: str, context: Context, says: str
) -> None:
    with pytest.raises(MisuseError, match=says):
        crmcore.open(sqlite_url, contexts=[WORKSHOP, context])


def test_a_service_goes_before_what_is_derived(sqlite_url: str) -> None:
    """It asks more before the same decision: no clash, but what services are there for."""
    assert ReceiveBike in JOB.commands
    assert JOB.decide is not None
    with crmcore.open(sqlite_url, contexts=[WORKSHOP]) as crm:
        assert ReceiveBike in crm.command_kinds.values()
