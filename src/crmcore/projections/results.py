"""What questions answer with: frozen values that every standard encoder can write as JSON."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from crmcore.domain.kernel.frozen import frozen

__all__ = ["result"]

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
