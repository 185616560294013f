"""What Hypothesis draws: any event or command of a class, from its annotations; and histories of commands."""

import enum
import types
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin
from uuid import UUID

import attrs

from crmcore.domain.kernel import Between, Command, InvalidValueError, Length, Money, derived_id
from crmcore.testing.clock import BEGINNING
from crmcore.testing.missing import needed

with needed("hypothesis"):
    from hypothesis import strategies as st

__all__ = [
    "AFTERWARDS",
    "Hints",
    "commands",
    "events",
    "histories",
    "ids",
    "messages",
    "values",
]

T = TypeVar("T")
Hints = Callable[[Any, str], "st.SearchStrategy[Any] | None"]
"""What to draw for a value of this type in a field of this name; None for the usual."""

CURRENCIES: Final = ("EUR", "USD", "JPY", "KWD")
WORDS: Final = (
    "a",
    "shop",
    "Zoë",
    "ada@example.com",
    "+15550100001",
    "EUR",
    "de",
    "Europe/Berlin",
    "x" * 60,
)
LARGEST: Final = 2**63 - 1
AFTERWARDS: Final = datetime(2050, 1, 1, tzinfo=UTC)
"""Later than all that histories tell of."""

STEPS: Final = (timedelta(0), timedelta(microseconds=1), timedelta(hours=4), timedelta(days=9))
"""From one command of a history to the next."""

instants = st.datetimes(
    datetime(1900, 1, 2),  # noqa: DTZ001  # as Hypothesis wants its bounds
    datetime(8999, 12, 30),  # noqa: DTZ001
    timezones=st.just(UTC),
) | st.sampled_from(
    [datetime(1970, 1, 1, tzinfo=UTC), datetime(2024, 2, 29, 23, 59, 59, 999_999, UTC)]
)
dates = st.dates() | st.sampled_from([date.min, date.max])
durations = st.timedeltas(timedelta(days=-366_000), timedelta(days=366_000))
decimals = st.decimals(-(10**12), 10**12, places=3) | st.integers(-9, 9).map(Decimal)
amounts = st.decimals(0, 10**6, places=2) | st.sampled_from(
    [Decimal(text) for text in ("0", "-1", "0.000001", "999999999999999.999999", "-0.00", "1E+14")]
)
monies = st.builds(Money, amounts, st.sampled_from(CURRENCIES))


def messages(
    kind: type[T], *, hints: Hints | None = None, wild: bool = False, **fields: Any
) -> st.SearchStrategy[T]:
    """Valid instances of a class of messages, or of values in them; with *wild*, text is any that JSON can hold.

    *fields* are strategies, or values, for some of its fields.  A class whose parts must agree with each
    other refuses some: those are drawn anew.
    """
    drawing = _Drawing(hints or _no_hint, wild)
    parts = {
        field.name: _given(fields[field.name])
        if field.name in fields
        else drawing.of(field.type, field.name)
        for field in attrs.fields(kind)  # type: ignore[arg-type]  # it is one of attrs
    }
    unknown = fields.keys() - parts.keys()
    if unknown:
        raise TypeError(f"{kind.__name__} has no field {', '.join(sorted(unknown))}")

    def built(given: dict[str, Any]) -> T | None:
        try:
            return kind(**given)
        except InvalidValueError:
            return None

    return st.fixed_dictionaries(parts).map(built).filter(lambda one: one is not None)  # type: ignore[return-value]  # None is filtered


events = messages
"""Valid events of a class, whatever a decision would say of them: for folds and codecs."""

commands = messages
"""Valid commands of a class, whatever a decision will say to them."""


def values(annotation: Any, *, wild: bool = False) -> st.SearchStrategy[Any]:
    """Valid values of a field that is annotated so."""
    return _Drawing(_no_hint, wild).of(annotation, "")


def ids(field: str, most: int = 3) -> list[UUID]:
    """The few ids that histories have in the fields of this name, so that commands meet."""
    return [derived_id("history", field, str(number)) for number in range(most)]


def histories(
    kinds: Iterable[type[Command]],
    *,
    before: Sequence[Command] = (),
    hints: Hints | None = None,
    most: int = 40,
) -> st.SearchStrategy[list[Command]]:
    """Histories of commands of these *kinds* (``WORKSHOP.commands``) in the order of sending.

    Each begins with the commands *before*.  Fields of ids have one of ``ids`` of their name, and instants
    move on.  Many commands are refused in their state: whoever sends them passes over those.
    """
    began = max((one.at for one in before), default=BEGINNING)

    def hint(annotation: Any, name: str) -> st.SearchStrategy[Any] | None:
        found = None if hints is None else hints(annotation, name)
        if found is None and annotation is UUID:
            return st.sampled_from(ids(name))
        if found is None and annotation is datetime:
            return st.sampled_from([began + step for step in STEPS])
        return found

    one = st.one_of([_late(kind, hint) for kind in kinds])

    def told(drawn: list[tuple[Callable[[datetime], Command | None], timedelta]]) -> list[Command]:
        at, history = began, list(before)
        for make, step in drawn:
            at += step
            made = make(at)
            history += () if made is None else (made,)
        return history

    return st.lists(st.tuples(one, st.sampled_from(STEPS)), max_size=most).map(told)


def _late(
    kind: type[Command], hints: Hints
) -> st.SearchStrategy[Callable[[datetime], Command | None]]:
    """Commands of a kind, to be made when their instant is known; None where that is refused."""
    drawing, made_of = _Drawing(hints, wild=False), attrs.fields_dict(kind)  # type: ignore[arg-type]  # as above
    del made_of["at"]
    parts = {name: drawing.of(field.type, name) for name, field in made_of.items()}

    def maker(given: dict[str, Any]) -> Callable[[datetime], Command | None]:
        def make(at: datetime) -> Command | None:
            try:
                return kind(**given, at=at)  # type: ignore[call-arg]  # every command has it
            except InvalidValueError:
                return None

        return make

    return st.fixed_dictionaries(parts).map(maker)


def _given(value: Any) -> st.SearchStrategy[Any]:
    return value if isinstance(value, st.SearchStrategy) else st.just(value)


def _no_hint(_kind: Any, _name: str) -> None:
    return None


@attrs.frozen
class _Drawing:
    """How the parts of a message are drawn."""

    hints: Hints
    wild: bool

    def of(self, annotation: Any, name: str) -> st.SearchStrategy[Any]:
        """Values of a field."""
        origin, parts = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self._refined(parts[0], parts[1:], name)
        if origin in (Union, types.UnionType):
            (part,) = (one for one in parts if one is not type(None))
            return st.none() | self.of(part, name)
        if origin in (tuple, frozenset):
            return st.lists(self.of(parts[0], name), max_size=3).map(origin)
        hint = self.hints(annotation, name)
        return self._plain(annotation) if hint is None else hint

    def _plain(self, kind: Any) -> st.SearchStrategy[Any]:
        if kind in _SCALARS:
            return _SCALARS[kind]
        if kind is str:
            return self._text(1_000)
        if issubclass(kind, enum.Enum):
            return st.sampled_from(list(kind))
        return messages(kind, hints=self.hints, wild=self.wild)

    def _refined(self, base: Any, marks: Sequence[Any], name: str) -> st.SearchStrategy[Any]:
        for mark in marks:
            hint = self.hints(base, name) if isinstance(mark, Length | Between) else None
            if hint is not None:
                return hint
            if isinstance(mark, Length):
                return self._text(mark.most)
            if isinstance(mark, Between):
                return _between(base, mark)
        return self.of(base, name)

    def _text(self, most: int) -> st.SearchStrategy[str]:
        if self.wild:
            return st.text(st.characters(codec="utf-8"), max_size=20)
        words = st.sampled_from([word[:most] for word in WORDS])
        letters = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])
        return words | st.text(letters, min_size=1, max_size=min(most, 8)).filter(str.strip)


def _between(base: Any, mark: Between) -> st.SearchStrategy[Any]:
    low = -LARGEST if mark.low is None else mark.low
    high = LARGEST if mark.high is None else mark.high
    if base is int:
        return st.integers(int(low), int(high)) | st.sampled_from([int(low), int(high)])
    whole = st.integers(int(low) + 1, min(int(high), 20)).map(Decimal)
    return whole | st.sampled_from([Decimal(str(low)), Decimal(str(high))])


_SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    date: dates,
    timedelta: durations,
    UUID: st.uuids(),
    datetime: instants,
    bool: st.booleans(),
    int: st.integers(-LARGEST, LARGEST) | st.integers(0, 5),
    Decimal: decimals,
    Money: monies,
}
