"""What questions answer with: frozen values that every standard encoder can write as JSON."""

import dataclasses
from collections.abc import Mapping
from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs

from crmcore.domain.kernel.frozen import frozen

__all__ = ["as_result", "result"]

T = TypeVar("T")

if TYPE_CHECKING:
    from attrs import frozen as result  # type checkers know what that makes
else:

    def result(cls: type) -> type:
        """Make *cls* the class of an answer: a frozen attrs class.

        It has the fields of a dataclass as well, by which encoders know it: ``jsonable_encoder`` of
        FastAPI, ``msgspec``, ``pydantic`` and ``dataclasses.asdict`` take it as it is.
        """
        made = frozen(cls)
        made.__dataclass_fields__ = _DataclassFields()
        return made


class _DataclassFields:
    """The fields of an attrs class as those of a dataclass, made when somebody asks for them."""

    def __get__(self, _instance: object, kind: Any) -> Mapping[str, Any]:
        told = [field for field in attrs.fields(kind) if not field.name.startswith("_")]
        fields = [(field.name, field.type) for field in told]
        same: Any = dataclasses.make_dataclass(kind.__name__, fields)
        kind.__dataclass_fields__ = found = dict(same.__dataclass_fields__)
        return found


def as_result(value: T) -> T:
    """A *value* of the domain as an answer that encoders take: equal to it, and of its class.

    So it can be asked, and put into a command, as the value itself.
    """
    found: Any = value
    if isinstance(found, tuple):
        found = tuple(map(as_result, found))
    elif attrs.has(type(found)):
        names = [field.name for field in attrs.fields(type(found))]
        found = _restore(type(found), {name: as_result(getattr(found, name)) for name in names})
    answer: T = found
    return answer


def _restore(kind: type, fields: Mapping[str, Any]) -> Any:
    made: Any = object.__new__(_answer_class(kind))
    for name, value in fields.items():
        object.__setattr__(made, name, value)  # checked when the value was made
    return made


@cache
def _answer_class(kind: Any) -> type:
    """The subclass of *kind* whose values are answers."""
    hints = get_type_hints(kind)
    fields = {field.name: _answer_type(hints[field.name]) for field in attrs.fields(kind)}

    def equal(self: Any, other: object) -> Any:
        if not isinstance(other, kind):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in fields)

    def pickled(self: Any) -> Any:
        return _restore, (kind, {name: getattr(self, name) for name in fields})

    members = {
        "__doc__": kind.__doc__,
        "__annotations__": fields,  # by which pydantic knows them
        "__slots__": (),
        "__module__": kind.__module__,
        "__eq__": equal,
        "__hash__": kind.__hash__,
        "__reduce__": pickled,
    }
    same: Any = dataclasses.make_dataclass(kind.__name__, list(fields.items()))
    members["__dataclass_fields__"] = same.__dataclass_fields__
    return type(kind.__name__, (kind,), members)


def _answer_type(annotation: Any) -> Any:
    """The type of a field, where the values of the domain in it are answers as well."""
    if isinstance(annotation, type) and attrs.has(annotation):
        return _answer_class(annotation)
    parts: Any = tuple(map(_answer_type, get_args(annotation)))
    if get_origin(annotation) is tuple:
        return tuple[parts]
    return reduce(or_, parts) if get_origin(annotation) in (Union, UnionType) else annotation
