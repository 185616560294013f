"""Whose code an error comes from: ours, or a host's that the command line was given."""

from collections.abc import Callable, Iterable, Iterator
from types import CodeType, TracebackType
from typing import Any, Final

OURS: Final = "crmcore"


def packages_of_host(options: Any, function: Callable[..., Any]) -> frozenset[str]:
    """The packages of a host's own: of a command's *function*, and what the *options* name."""
    named = () if options is None else (*options.contexts, *options.projections, options.policies)
    modules = [function.__module__, *(place for place in named if place)]
    return frozenset(_package_of(one) for one in modules) - {OURS}


def _package_of(module: str) -> str:
    """The first part of a module's name; of ``MODULE:NAME`` as well."""
    return module.partition(":")[0].partition(".")[0]


def function_of_host(error: BaseException, packages: Iterable[str]) -> str | None:
    """The innermost function of a host's *packages* that *error* went through, by module and name."""
    own = frozenset(packages)
    found = [
        f"{module}.{code.co_qualname}"
        for module, code in _frames(error.__traceback__)
        if _package_of(module) in own
    ]
    return found[-1] if found else None


def _frames(traceback: TracebackType | None) -> Iterator[tuple[str, CodeType]]:
    while traceback is not None:
        known: dict[str, Any] = traceback.tb_frame.f_globals
        yield str(known.get("__name__", "")), traceback.tb_frame.f_code
        traceback = traceback.tb_next
