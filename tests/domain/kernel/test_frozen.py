"""A frozen class is what attrs makes of it; but attrs is asked for that only when it is used."""

import copy
import gc
import inspect
import pickle
import pkgutil
import threading
import typing
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from importlib import import_module
from typing import Any, ClassVar, Generic, TypeVar
from unittest import mock

import attrs
import msgspec
import pytest

import crmcore
from crmcore.domain.kernel import frozen as module
from crmcore.domain.kernel.frozen import frozen
from tests.patience import PATIENCE

T = TypeVar("T")


@frozen
class Place:
    """Where something is."""

    KIND: ClassVar[str] = "place"
    street: str
    number: int = 1
    tags: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        return f"{self.street} {self.number}"


@frozen(kw_only=True)
class Named(Place):
    name: str = "home"


@frozen
class Holder(Generic[T]):
    held: T
    _hidden: int = 0


@frozen(eq=False)
class Handle:
    number: int


@frozen
class Described:
    number: int

    def __repr__(self) -> str:
        return f"number {self.number}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Described)

    def __hash__(self) -> int:
        return 7


@frozen
class Positive:
    number: int = attrs.field()
    seen: list[int] = attrs.field(factory=list, eq=False, repr=False)

    @number.validator
    def _above_zero(self, _field: Any, number: int) -> None:
        if number <= 0:
            raise ValueError("expected a number above zero")

    def __attrs_post_init__(self) -> None:
        self.seen.append(self.number)


@frozen
class Nothing:
    """No fields at all."""


PENDING: list[Callable[[], Any]] = [
    lambda: Place("Long Street", tags=("a",)),
    lambda: Named(street="Long Street", name="work"),
    lambda: Holder(3, hidden=4),
    lambda: Handle(3),
    lambda: Described(3),
    lambda: Positive(3),
    lambda: Nothing(),
]


def fresh() -> type:
    """A class of which nobody has asked for what attrs adds."""

    @frozen
    class Fresh:
        street: str
        number: int = 1

    return Fresh


@pytest.mark.parametrize("make", PENDING)
def test_an_instance_is_as_attrs_makes_it(make: Callable[[], Any]) -> None:
    one = make()
    kind = type(one)
    assert not hasattr(one, "__dict__")
    assert attrs.has(kind)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        one.number = 5
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        del one.number
    if kind is not Handle:
        assert one == make()
        assert hash(one) == hash(make())
        assert pickle.loads(pickle.dumps(one)) == one
        assert copy.copy(one) == one
    assert not [name for name, value in vars(kind).items() if isinstance(value, module._Late)]


def test_what_is_made_says_what_it_is() -> None:
    assert repr(Named(street="Long Street")) == (
        "Named(street='Long Street', number=1, tags=(), name='home')"
    )
    assert repr(Described(3)) == "number 3"
    assert Described(3) == Described(4)
    assert Handle(3) != Handle(3)
    assert Place.KIND == "place"
    assert Place.__doc__ == "Where something is."
    assert Place("Long Street").line == "Long Street 1"
    match Place("Long Street", 3):
        case Place(street, number):
            assert (street, number) == ("Long Street", 3)
    with pytest.raises(ValueError, match="above zero"):
        Positive(0)
    assert Positive(3).seen == [3]


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda kind: kind("Long Street"), id="an instance"),
        pytest.param(attrs.fields, id="its fields"),
        pytest.param(lambda kind: kind.__match_args__, id="a pattern"),
        pytest.param(lambda kind: hash(object.__new__(kind)), id="an instance of another maker"),
        pytest.param(
            lambda kind: msgspec.json.decode(b'{"street": "Long Street"}', type=kind),
            id="a decoder",
        ),
        pytest.param(lambda kind: type("Sub", (kind,), {})("Long Street"), id="a subclass"),
    ],
)
def test_attrs_sees_a_class_at_its_first_use(use: Callable[[type], object]) -> None:
    kind = fresh()
    assert kind in module._PENDING
    with suppress(AttributeError):  # an instance without fields has no hash
        use(kind)
    assert kind not in module._PENDING
    assert [field.name for field in attrs.fields(kind)] == ["street", "number"]


def test_many_threads_may_use_a_class_first() -> None:
    for _ in range(20):
        kind, made, start = fresh(), list[Any](), threading.Barrier(8)

        def use(kind: Any = kind, made: list[Any] = made, start: Any = start) -> None:
            start.wait()
            made.append(kind("Long Street", number=2))

        threads = [threading.Thread(target=use) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert made == [kind("Long Street", 2)] * 8


def test_a_class_that_knows_itself_is_made_at_once() -> None:
    class Base:
        def size(self) -> int:
            return 1

    @frozen
    class Deep(Base):
        width: int

        def size(self) -> int:
            return super().size() + self.width

    @frozen
    class Cached:
        width: int

        @cached_property
        def twice(self) -> int:
            return 2 * self.width

    assert Deep(3).size() == 4
    assert Cached(3).twice == 6
    assert not {Deep, Cached} & set(module._PENDING)


def test_every_class_of_ours_can_be_made() -> None:
    """What attrs or a message's annotations refuse comes to light here, and not at first use."""
    for found in pkgutil.walk_packages(crmcore.__path__, "crmcore."):
        if found.name != "crmcore.__main__":
            import_module(found.name)
    for kind in list(module._PENDING):
        if kind.__module__.startswith("crmcore."):
            assert attrs.has(kind)
    assert not [kind for kind in module._PENDING if kind.__module__.startswith("crmcore.")]


def test_a_method_further_down_may_ask_for_ours_at_the_first_instance() -> None:
    @frozen
    class Base:
        x: int

    class Twice(Base):
        def __init__(self, x: int) -> None:
            super().__init__(x * 2)

    assert [Twice(1).x, Twice(1).x] == [2, 2]


def test_class_variables_are_none_of_the_fields_where_annotations_are_text() -> None:
    @frozen
    class Later:
        topic: "ClassVar[str]" = "t"
        named: "typing.ClassVar[int]" = 3
        x: "int"

    assert Later(1) == Later(x=1)
    assert (Later.topic, Later.named, Later(1).x) == ("t", 3, 1)


# What is put on a class before its first use


def test_what_is_put_on_a_class_before_its_first_use_stays() -> None:
    kind: Any = fresh()
    kind.__repr__ = lambda self: f"at {self.street}"
    kind.line = property(lambda self: self.street.upper())
    kind.LIMIT = 3
    one = kind("Long Street")
    assert (repr(one), one.line, one.LIMIT) == ("at Long Street", "LONG STREET", 3)
    assert one == kind("Long Street")


@pytest.mark.parametrize("name", ["__init__", "__eq__", "__repr__", "__attrs_attrs__"])
def test_a_patch_that_is_taken_away_again_leaves_what_attrs_made(name: str) -> None:
    kind: Any = fresh()
    with mock.patch.object(kind, name, "patched"):
        assert vars(kind)[name] == "patched"
    assert kind("a") == kind("a", 1)
    assert repr(kind("a", 2)).endswith("Fresh(street='a', number=2)")
    assert len(attrs.fields(kind)) == 2
    kind = fresh()
    with mock.patch.object(kind, name, "patched"):
        assert kind.__match_args__ == ("street", "number"), "it is used meanwhile"
        assert vars(kind)[name] == "patched"
    assert kind("a") == kind("a", 1)
    assert repr(kind("a", 2)).endswith("Fresh(street='a', number=2)")
    assert len(attrs.fields(kind)) == 2
    assert not [one for one in vars(kind).values() if isinstance(one, module._Late)]


def test_a_patch_of_a_method_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    kind: Any = fresh()
    with monkeypatch.context() as patched:
        patched.setattr(kind, "__init__", lambda _self: None)
        kind()
    assert kind("a").street == "a"


# Threads


def test_what_a_class_asks_of_others_while_it_is_made_holds_up_nobody() -> None:
    """One thread makes a class, which waits for a lock; whoever has that lock uses classes as well."""
    theirs, begun = threading.Lock(), threading.Event()

    def waiting(_cls: type, fields: list[Any]) -> list[Any]:
        begun.set()
        with theirs:
            return fields

    @frozen(field_transformer=waiting)
    class First:
        x: int

    second: Any = fresh()
    with theirs:
        thread = threading.Thread(target=lambda: First(1), daemon=True)
        thread.start()
        assert begun.wait(PATIENCE)
        begun.clear()
        assert second("a") == second("a")
        again = threading.Thread(target=lambda: First(2), daemon=True)  # the same class, too
        again.start()
        assert begun.wait(PATIENCE)
    thread.join(PATIENCE)
    again.join(PATIENCE)
    assert not thread.is_alive()
    assert not again.is_alive()
    assert First(1) == First(1)


def test_whoever_comes_late_finds_what_another_thread_made() -> None:
    kind: Any = fresh()
    late = vars(kind)["__init__"]
    one = kind("a")
    assert late.__get__(one, kind).__func__ is kind.__init__


def test_a_class_that_nobody_uses_goes() -> None:
    gone = weakref.ref(fresh())
    gc.collect()
    assert gone() is None


# What is asked of attrs beside that


def test_a_class_with_an_init_of_its_own_has_that_of_attrs_beside_it() -> None:
    @frozen
    class Rounded:
        number: int

        def __init__(self, number: float) -> None:
            self.__attrs_init__(round(number))  # type: ignore[attr-defined]  # attrs adds it

    assert Rounded(2.7).number == 3  # type: ignore[arg-type]  # it reads the fields
    assert "__attrs_init__" in vars(Rounded)


def test_other_options_are_those_of_attrs() -> None:
    @frozen(order=True)
    class Ordered:
        number: int

    @frozen(init=False)
    class Bare:
        number: int

    @frozen(repr=False)
    class Silent:
        number: int

    assert "__lt__" in vars(Ordered)
    assert sorted([Ordered(2), Ordered(1)]) == [Ordered(1), Ordered(2)]
    assert "__attrs_init__" in vars(Bare)
    assert "object at" in repr(Silent(1))


def test_fields_without_a_type_are_the_only_ones_as_attrs_has_it() -> None:
    @frozen
    class Mixed:
        kept = attrs.field(default=1)  # type: ignore[var-annotated]
        NOTE: str = "no field"

    assert [field.name for field in attrs.fields(Mixed)] == ["kept"]
    assert (Mixed().kept, Mixed.NOTE) == (1, "no field")


def test_what_attrs_refuses_is_refused_where_the_class_is_written() -> None:
    with pytest.raises(ValueError, match="custom __setattr__"):

        @frozen
        class Setting:
            x: int

            def __setattr__(self, _name: str, _value: object) -> None:
                """No."""


def test_whoever_sees_every_subclass_sees_what_attrs_shows_it() -> None:
    seen: list[str] = []

    class Base:
        def __init_subclass__(cls) -> None:
            seen.append(cls.__name__)

    frozen(type("Sub", (Base,), {"__annotations__": {"x": int}}))(1)
    ours = len(seen)
    attrs.frozen(type("Sub", (Base,), {"__annotations__": {"x": int}}))(1)
    assert len(seen) == 2 * ours


def test_its_signature_is_found_before_its_first_use() -> None:
    @frozen
    class Late:
        street: str

    # As Python 3.13 asks for it: bound to the class, as if the class were an instance.
    bound = vars(Late)["__init__"].__get__(Late, type)
    assert list(inspect.signature(bound).parameters) == ["street"]
    assert list(inspect.signature(Late).parameters) == ["street"]
