"""Wiring: whatever is made finds what it needs by the types of its parameters."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from crmcore.application.errors import MisuseError
from crmcore.domain.kernel.frozen import frozen

T = TypeVar("T")


@frozen
class Wiring:
    """What can be found by its type: values that are there, and others that are made at need."""

    _there: dict[Any, Any]
    _makers: Mapping[Any, Callable[..., Any]]

    def find(self, kind: Any) -> Any:
        """The value of a type, the same one each time; ``MisuseError`` if nothing provides it."""
        return self._find(kind, ())

    def make(self, maker: Callable[..., T], **given: Any) -> T:
        """What *maker* makes of the values *given*, the others found by the types of its parameters.

        A parameter with a default keeps it where nothing provides its type.
        """
        return self._make(maker, given, ())

    def _find(self, kind: Any, wanted_by: Sequence[Any]) -> Any:
        if kind in self._there:
            return self._there[kind]
        if kind not in self._makers:
            raise MisuseError(f"nothing provides {_named(kind)}: see `provides` of Context")
        if kind in wanted_by:
            circle = " for ".join(map(_named, [kind, *reversed(wanted_by)]))
            raise MisuseError(f"what is provided asks for itself: {circle}")
        made = self._make(self._makers[kind], {}, (*wanted_by, kind))
        return self._there.setdefault(kind, made)  # another thread may have been faster

    def _make(
        self, maker: Callable[..., T], given: Mapping[str, Any], wanted_by: Sequence[Any]
    ) -> T:
        found = dict(given)
        for name, parameter in _parameters(maker).items():
            kind = parameter.annotation
            optional = parameter.default is not parameter.empty
            if name in found or (optional and not self._has(kind)):
                continue
            if not self._has(kind):
                raise MisuseError(
                    f"{_named(maker)} asks for {name}: {_named(kind)}, which nothing provides:"
                    " see `provides` of Context"
                )
            found[name] = self._find(kind, wanted_by)
        return maker(**found)

    def _has(self, kind: Any) -> bool:
        return kind in self._there or kind in self._makers


@cache  # each question makes its class anew
def _parameters(maker: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(maker, eval_str=True).parameters


def _named(kind: Any) -> str:
    return str(getattr(kind, "__qualname__", kind))
