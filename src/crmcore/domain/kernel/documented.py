"""What ``help()`` shows of a message: its docstring, then its fields with their types.

The fields are written down when somebody asks, as a class is built when it is first used.
"""

from enum import Enum
from inspect import cleandoc
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import attrs

T = TypeVar("T")


def with_fields(kind: type[T]) -> type[T]:
    """*kind*, whose docstring goes on with its fields; left as it is where there is no docstring."""
    if kind.__doc__ is not None:
        kind.__doc__ = _Docstring(kind.__doc__)  # type: ignore[assignment]  # it gives text
    return kind


def docstring_of(kind: type) -> str | None:
    """The docstring of a class as it stands in the source."""
    written = vars(kind).get("__doc__")
    return written.text if isinstance(written, _Docstring) else kind.__doc__


class _Docstring:
    """Stands for the docstring of a class."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __get__(self, _instance: object, owner: type) -> str:
        try:
            fields = attrs.fields(owner)
        except (TypeError, NameError):  # of a field that cannot be: told where the class is used
            return self.text
        listed = "\n".join(f"    {_described(field)}" for field in fields)
        return f"{cleandoc(self.text)}\n\nFields:\n{listed}"


def _described(field: "attrs.Attribute[Any]") -> str:
    default = "" if field.default is attrs.NOTHING else f" = {_default(field.default)}"
    marks = "".join(f", {mark}" for mark in _marks(field.type))
    return f"{field.name}: {_type(field.type)}{default}{marks}"


def _default(value: Any) -> str:
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    return "..." if isinstance(value, attrs.Factory) else repr(value)  # type: ignore[arg-type]  # attrs types it as a function


def _type(annotation: Any) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(parts[0])
    if origin in (Union, UnionType):
        return " | ".join(map(_type, parts))
    if origin is not None and parts:
        return f"{origin.__name__}[{', '.join(map(_type, parts))}]"
    if annotation in (..., NoneType):
        return "..." if annotation is ... else "None"
    return (
        annotation
        if isinstance(annotation, str)
        else getattr(annotation, "__name__", str(annotation))
    )


def _marks(annotation: Any) -> tuple[Any, ...]:
    """What refines a type, or the types that it is made of."""
    parts = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return (*_marks(parts[0]), *parts[1:])
    return tuple(mark for part in parts for mark in _marks(part))
