"""Frozen classes that cost next to nothing until they are used.

``frozen`` makes the class that ``attrs.frozen`` makes.  But attrs writes and compiles source for every
class (its ``__init__``, ``__eq__``, ...), half a millisecond each, and one process uses few of the
several hundred that there are.  So the class is made with its slots alone, and what attrs adds is
built by attrs when it is first asked for: at the first instance, or when a library asks for the fields.
From then on nothing tells the two apart.
"""

import threading
from contextlib import suppress
from functools import cached_property, partial
from inspect import get_annotations
from typing import TYPE_CHECKING, Any, ClassVar

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
        lineage = owner.__mro__
        # A class further down may have a method of this name that is running now, and asks for ours.
        holder = next(at for at, kind in enumerate(lineage) if vars(kind).get(self.name) is self)
        for kind in lineage:
            if kind in _PENDING:
                _complete(kind)
        found = next(vars(kind)[self.name] for kind in lineage[holder:] if self.name in vars(kind))
        return found.__get__(instance, owner) if hasattr(found, "__get__") else found


_EQUALITY = ("__eq__", "__ne__", "__hash__")
_LATE_WITHOUT_EQUALITY = {
    name: _Late(name)
    for name in (
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
}
_LATE = _LATE_WITHOUT_EQUALITY | {name: _Late(name) for name in _EQUALITY}
_PENDING: dict[type, tuple[type, dict[str, Any]]] = {}
"""The classes that attrs has still to see, each with its body and its options."""
_BUILDING = threading.RLock()


def _frozen(options: dict[str, Any], body: type) -> type:
    kept = vars(body)
    if options.get("slots") is False or _knows_itself(body):
        return attrs.frozen(body, **options)  # which has more to do at once
    names = [name for name, kind in get_annotations(body).items() if not _is_class_variable(kind)]
    has_weakref = False
    for base in body.__mro__[1:-1]:
        names = [name for name in names if name not in vars(base).get("__slots__", ())]
        has_weakref = has_weakref or "__weakref__" in vars(base)
    slots = tuple(names) if has_weakref else (*names, "__weakref__")
    late = _LATE if options.get("eq", True) else _LATE_WITHOUT_EQUALITY
    members = late | kept | {"__slots__": slots, "__qualname__": body.__qualname__}
    for name in (*slots, "__dict__", "__weakref__"):
        members.pop(name, None)
    made: type = type(body)(body.__name__, body.__bases__, members)
    _PENDING[made] = body, options
    return made


def _is_class_variable(annotation: object) -> bool:
    if isinstance(annotation, str):  # as `from __future__ import annotations` leaves it
        return annotation.removeprefix("typing.").startswith("ClassVar")
    return annotation is ClassVar or getattr(annotation, "__origin__", None) is ClassVar


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
    """Have attrs build what it adds to such a class, and give it to *kind*."""
    with _BUILDING:
        if kind not in _PENDING:  # by another thread, meanwhile
            return
        body, options = _PENDING[kind]
        built = attrs.frozen(body, **options)
        own = {*vars(body), *vars(kind)["__slots__"], "__slots__"}
        for name, one in vars(built).items():
            if name not in own:
                setattr(kind, name, one)
        for name in [name for name, one in vars(kind).items() if isinstance(one, _Late)]:
            delattr(kind, name)
        del _PENDING[kind]


def has_fields(kind: type) -> bool:
    """Whether *kind* is a class of attrs, as ``attrs.has`` tells, without building it for that."""
    return any("__attrs_attrs__" in vars(one) for one in kind.__mro__)
