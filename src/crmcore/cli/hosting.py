"""What is a host's own, found by the module and the name that the command line is given.

``shop.workshop:WORKSHOP`` is a context, ``shop.read_models:CHANNEL_SALES`` a projection (or a list or
tuple of them), and ``shop.rules:POLICIES`` the policies, in a module that Python finds from the
current folder or among what is installed.
"""

import importlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Final, TypeVar

from crmcore import Projection
from crmcore.cli.faults import WrongCallError
from crmcore.contexts import Context
from crmcore.policies import STANDARD_POLICIES, Policies

T = TypeVar("T")

CONTEXTS: Final = "--contexts"
PROJECTIONS: Final = "--projections"
POLICIES: Final = "--policies"
LIKE: Final = {
    CONTEXTS: "shop.workshop:WORKSHOP",
    PROJECTIONS: "shop.read_models:SALES",
    POLICIES: "shop.rules:POLICIES",
}


def contexts_at(places: Sequence[str]) -> tuple[Context, ...]:
    """The contexts at ``MODULE:NAME`` places; ``WrongCallError`` says what is wrong with one."""
    return _all_at(CONTEXTS, places, Context, "a Context or a list of them")


def command_modules(places: Sequence[str]) -> Iterator[ModuleType]:
    """The modules with the commands of the contexts at *places*; errors as above."""
    for context in contexts_at(places):
        if context.command_line is not None:
            given = f"{CONTEXTS}: command line of {context.name}"
            module = _imported(given, context.command_line)
            if not isinstance(getattr(module, "COMMANDS", None), dict):
                raise WrongCallError(f"{given}: expected COMMANDS in {context.command_line}")
            yield module


def projections_at(places: Sequence[str]) -> tuple[Projection, ...]:
    """The projections at ``MODULE:NAME`` places; errors as above."""
    return _all_at(PROJECTIONS, places, Projection, "a Projection or a list of them")


def _all_at(option: str, places: Sequence[str], kind: type[T], expected: str) -> tuple[T, ...]:
    found: list[T] = []
    for place in places:
        named = _at(option, place)
        for one in named if isinstance(named, (list, tuple)) else (named,):
            if not isinstance(one, kind):
                raise _unexpected(option, place, expected, one)
            if not any(one is other for other in found):
                found.append(one)
    return tuple(found)


def policies_at(place: str | None) -> Policies:
    """The policies at a ``MODULE:NAME`` place, else the standard ones; errors as above."""
    if not place:
        return STANDARD_POLICIES
    found = _at(POLICIES, place)
    if not isinstance(found, Policies):
        raise _unexpected(POLICIES, place, "crmcore.policies.Policies", found)
    return found


def _at(option: str, place: str) -> object:
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)  # what is installed goes before
    module, colon, name = place.partition(":")
    if not (module and colon and name):
        raise WrongCallError(f"{option} {place!r}: expected MODULE:NAME, such as {LIKE[option]}")
    found = _imported(f"{option} {place}", module)
    for part in name.split("."):
        if not hasattr(found, part):
            raise WrongCallError(f"{option} {place}: {module} has nothing named {name}")
        found = getattr(found, part)
    return found


def _unexpected(option: str, place: str, expected: str, found: object) -> WrongCallError:
    return WrongCallError(f"{option} {place}: expected {expected}, found {type(found).__name__}")


def _imported(given: str, module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except Exception as error:  # whatever a host's module does
        missing = isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(
            f"{error.name}."
        )
        why = f"there is no module {module}" if missing else f"{type(error).__name__}: {error}"
        looked = f" in {Path.cwd()} or among what is installed" if missing else ""
        raise WrongCallError(f"{given}: {why}{looked}") from error
