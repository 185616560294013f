"""Wiring: whatever is made finds what it needs by the types of its parameters."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import attrs

from crmcore.application.errors import MisuseError
from crmcore.domain.kernel.frozen import frozen

T = TypeVar("T")


@frozen
class Wiring:
    """What can be found by its type: values that are there, and others that are made at need."""

    _there: dict[Any, Any]
    _makers: Mapping[Any, Callable[..., Any]]
    _begun: list[Any] = attrs.Factory(list)
    """What is being made, each for the one before."""

    def find(self, kind: Any) -> Any:
        """The value of a type, the same one each time; ``MisuseError`` if nothing provides it."""
        if kind not in self._there:
            if kind not in self._makers:
                raise MisuseError(f"nothing provides {_named(kind)}: see `provides` of Context")
            if kind in self._begun:
                circle = " for ".join(map(_named, [kind, *reversed(self._begun)]))
                raise MisuseError(f"what is provided asks for itself: {circle}")
            self._begun.append(kind)
            try:
                self._there[kind] = self.make(self._makers[kind])
            finally:
                self._begun.pop()
        return self._there[kind]

    def make(self, maker: Callable[..., T], **given: Any) -> T:
        """What *maker* makes of the values *given*, the others found by the types of its parameters.

        A parameter with a default keeps it where nothing provides its type.
        """
        for name, parameter in inspect.signature(maker, eval_str=True).parameters.items():
            kind = parameter.annotation
            optional = parameter.default is not parameter.empty
            if name in given or (optional and not self._has(kind)):
                continue
            if not self._has(kind):
                raise MisuseError(
                    f"{_named(maker)} asks for {name}: {_named(kind)}, which nothing provides:"
                    " see `provides` of Context"
                )
            given[name] = self.find(kind)
        return maker(**given)

    def _has(self, kind: Any) -> bool:
        return kind in self._there or kind in self._makers


def _named(kind: Any) -> str:
    return str(getattr(kind, "__qualname__", kind))
