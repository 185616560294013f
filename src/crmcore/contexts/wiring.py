"""Wiring: whatever is made finds what it needs by the types of its parameters."""

import inspect
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeVar

from crmcore.application.errors import MisuseError
from crmcore.domain.kernel.frozen import frozen

T = TypeVar("T")
NAMED: Final = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
"""Parameters that are given by their names; others get nothing."""


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

    def require(self, maker: Callable[..., Any], given: Container[str]) -> None:
        """Raise ``MisuseError`` where *maker* asks for more than is *given* or can be found."""
        for _ in self._needed(maker, given):
            pass

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
        for name, kind in self._needed(maker, given):
            found[name] = self._find(kind, wanted_by)
        return maker(**found)

    def _needed(
        self, maker: Callable[..., Any], given: Container[str]
    ) -> Iterator[tuple[str, Any]]:
        """The parameters of *maker*, but those *given*, that something provides, and their types."""
        for name, parameter in _parameters(maker).items():
            kind = parameter.annotation
            optional = parameter.default is not parameter.empty
            if name in given or (optional and not self._has(kind)):
                continue
            if kind is parameter.empty:
                raise MisuseError(
                    f"{_named(maker)} does not say of which type {name} is: annotate it with one"
                    f" that something provides, such as `{name}: Customers`"
                )
            if not self._has(kind):
                raise MisuseError(
                    f"{_named(maker)} asks for {name}: {_named(kind)}, which nothing provides:"
                    " see `provides` of Context"
                )
            yield name, kind

    def _has(self, kind: Any) -> bool:
        try:
            return kind in self._there or kind in self._makers
        except TypeError:  # of an annotation that is no type: a list, say
            return False


@cache  # each question makes its class anew
def _parameters(maker: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        found = inspect.signature(maker, eval_str=True).parameters
    except Exception as error:  # whatever an annotation comes to
        raise MisuseError(f"{_named(maker)}: its parameters cannot be found: {error}") from None
    for name, parameter in found.items():
        if parameter.kind is parameter.POSITIONAL_ONLY and parameter.default is parameter.empty:
            raise MisuseError(f"{_named(maker)} takes {name} by position alone: let it be named")
    return {name: one for name, one in found.items() if one.kind in NAMED}


def _named(kind: Any) -> str:
    return str(getattr(kind, "__qualname__", kind))
