"""Frozen classes that cost next to nothing until they are used.

``frozen`` makes the class that ``attrs.frozen`` makes.  But attrs writes and compiles source for every
class (its ``__init__``, ``__eq__``, ...), half a millisecond each, and one process uses few of the
several hundred that there are.  So the class is made with its slots alone, and what attrs adds is
built by attrs when it is first asked for: at the first instance, or when a library asks for the fields.
From then on nothing tells the two apart.  What is put on the class before then stays on it.  A class
for which more is asked than is prepared here is made by attrs at once.
"""

import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cached_property, partial
from inspect import get_annotations
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol
from weakref import WeakKeyDictionary

import attrs

if TYPE_CHECKING:
    from attrs import frozen as frozen  # type checkers know what that makes
else:

    def frozen(cls: type | None = None, /, **options: Any) -> Any:
        """Make *cls* frozen, slotted and comparable, as ``attrs.frozen`` with the same *options* does."""
        return partial(_frozen, options) if cls is None else _frozen(options, cls)


class _Late:
    """Stands for what attrs will put in its place."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type) -> Any:
        # Python's ``inspect`` (3.13) binds what a class has for its instances to the class.
        lineage = (instance if isinstance(instance, type) else owner).__mro__
        # A class further down may have a method of this name that is running now, and asks for ours.
        holder = next((at for at, kind in enumerate(lineage) if self._stands_in(kind)), None)
        for kind in lineage:
            _complete(kind)
            if self._stands_in(kind):  # put back by whoever had patched it meanwhile
                _put(kind, self.name, _ADDED[kind])
        if holder is None:  # another thread was faster
            holder = next(at for at, kind in enumerate(lineage) if _has_added(kind, self.name))
        found = next(vars(kind)[self.name] for kind in lineage[holder:] if self.name in vars(kind))
        return found.__get__(instance, owner) if hasattr(found, "__get__") else found

    def _stands_in(self, kind: type) -> bool:
        return vars(kind).get(self.name) is self


def _late(names: Iterable[str]) -> dict[str, _Late]:
    return {name: _Late(name) for name in names}


_LATE = _late(
    (
        "__attrs_attrs__",
        "__match_args__",
        "__replace__",
        "__init__",
        "__repr__",
        "__setattr__",
        "__delattr__",
        "__getstate__",
        "__setstate__",
    )
)
_LATE_EQUALITY = _late(("__eq__", "__ne__", "__hash__"))
_LATE_INIT = _late(("__attrs_init__",))
"""What attrs adds to a class with an ``__init__`` of its own."""
_OPTIONS = {"eq", "field_transformer", "kw_only"}
"""What may be asked of a class that is made later."""
_PENDING: WeakKeyDictionary[type, tuple[type, dict[str, Any]]] = WeakKeyDictionary()
"""The classes that attrs has still to see, each with its body and its options."""
_ADDED: WeakKeyDictionary[type, Mapping[str, Any]] = WeakKeyDictionary()
"""What attrs has added to each class since."""
_ADDING = threading.Lock()
"""Held while that is put on a class: nobody else's code runs meanwhile."""


def _frozen(options: dict[str, Any], body: type) -> type:
    kept = vars(body)
    if options.keys() - _OPTIONS or _is_special(body) or _knows_itself(body):
        return attrs.frozen(body, **options)  # which has more to do at once
    names = [name for name, kind in get_annotations(body).items() if not _is_class_variable(kind)]
    has_weakref = False
    for base in body.__mro__[1:-1]:
        names = [name for name in names if name not in vars(base).get("__slots__", ())]
        has_weakref = has_weakref or "__weakref__" in vars(base)
    slots = tuple(names) if has_weakref else (*names, "__weakref__")
    late = _LATE | _LATE_EQUALITY if options.get("eq", True) else _LATE
    late = late | _LATE_INIT if "__init__" in kept else late
    members = late | kept | {"__slots__": slots, "__qualname__": body.__qualname__}
    for name in (*slots, "__dict__", "__weakref__"):
        members.pop(name, None)
    made: type = type(body)(body.__name__, body.__bases__, members)
    _PENDING[made] = body, options
    return made


def _is_class_variable(annotation: object) -> bool:
    if isinstance(annotation, str):  # as `from __future__ import annotations` leaves it
        text = annotation.strip("\"'")
        return text.startswith(("ClassVar", "typing.ClassVar", "t.ClassVar"))
    return annotation is ClassVar or getattr(annotation, "__origin__", None) is ClassVar


def _is_special(body: type) -> bool:
    """Whether *body* has what attrs refuses, or reads otherwise, or what sees every class made."""
    annotated = get_annotations(body)
    if "__setattr__" in vars(body) or any(
        type(one) is _FIELD and name not in annotated for name, one in vars(body).items()
    ):
        return True
    return any(
        "__init_subclass__" in vars(base) and base not in (Generic, Protocol)
        for base in body.__mro__[1:-1]
    )


_FIELD = type(attrs.field())


def _knows_itself(body: type) -> bool:
    """Whether *body* has members that must be told of the class that takes its place."""
    for member in vars(body).values():
        if isinstance(member, cached_property):
            return True
        function = getattr(member, "__func__", None) or getattr(member, "fget", None) or member
        for cell in getattr(function, "__closure__", None) or ():
            with suppress(ValueError):  # of a cell that is empty
                if cell.cell_contents is body:  # as `super()` has it
                    return True
    return False


def _complete(kind: type) -> None:
    """Have attrs build what it adds to such a class, and give it to *kind*.

    Threads that come at the same time may each have it built, for that runs code of others, which
    no lock of ours may hold up; what the first of them has built is taken.
    """
    pending = _PENDING.get(kind)
    if pending is None:
        return
    body, options = pending
    built = attrs.frozen(body, **options)
    own = {*vars(body), *vars(kind)["__slots__"], "__slots__"}
    added = {name: one for name, one in vars(built).items() if name not in own}
    with _ADDING:
        if kind not in _PENDING:  # another thread was faster
            return
        _ADDED[kind] = added
        for name, here in [(name, vars(kind).get(name)) for name in {*added, *vars(kind)}]:
            if isinstance(here, _Late) or (here is None and name in added):
                _put(kind, name, added)
        del _PENDING[kind]


def _put(kind: type, name: str, added: Mapping[str, Any]) -> None:
    if name in added:
        setattr(kind, name, added[name])
    else:
        delattr(kind, name)


def _has_added(kind: type, name: str) -> bool:
    added = _ADDED.get(kind, {})
    return name in added and vars(kind).get(name) is added[name]


def has_fields(kind: type) -> bool:
    """Whether *kind* is a class of attrs, as ``attrs.has`` tells, without building it for that."""
    return any("__attrs_attrs__" in vars(one) for one in kind.__mro__)
