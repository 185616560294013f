"""The classes of messages by their names, as ``crmcore.commands`` and ``crmcore.events`` have them."""

import enum
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, get_args, get_origin, get_type_hints

from crmcore.domain.kernel.frozen import has_fields


def named_at_need(module: str, kinds: Callable[[], Iterable[type]]) -> Callable[[str], Any]:
    """``__getattr__`` of a *module* that has the classes *kinds*, and those that they are made of."""

    def find(name: str) -> Any:
        if name.startswith("__") and name != "__all__":
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        names = vars(sys.modules[module])
        if "__all__" not in names:
            found = by_name(kinds())
            names.update(found, __all__=sorted(found))
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        return names[name]

    return find


def by_name(kinds: Iterable[type]) -> Mapping[str, type]:
    """*kinds*, and every class of values and words that their fields are of, by name.

    Raises ``ValueError`` where two have the same name.
    """
    found: dict[str, type] = {}
    for kind in kinds:
        for one in (kind, *_within(kind)):
            if found.setdefault(one.__name__, one) is not one:
                raise ValueError(f"{one.__name__} names {found[one.__name__]} and {one}")
    return found


def _within(annotation: Any) -> Iterator[type]:
    """The classes of our own that a value of this type is made of, or may be."""
    parts: Iterable[Any] = get_args(annotation)
    if isinstance(annotation, type) and has_fields(annotation):
        hints = get_type_hints(annotation, include_extras=True)
        parts = [hint for hint in hints.values() if get_origin(hint) is not ClassVar]
    for part in parts:
        if isinstance(part, type) and (has_fields(part) or issubclass(part, enum.Enum)):
            yield part
        yield from _within(part)
