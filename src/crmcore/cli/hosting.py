"""What is a host's own, found by the module and the name that the command line is given.

``shop.workshop:WORKSHOP`` is a context, ``shop.read_models:CHANNEL_SALES`` a projection (or a list or
tuple of them), and ``shop.rules:POLICIES`` the policies, in a module that Python finds from the
current folder or among what is installed.
"""

import difflib
import importlib
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeVar

from crmcore import Projection
from crmcore.cli.faults import DEBUG, WrongCallError
from crmcore.cli.output import one_line
from crmcore.contexts import Context
from crmcore.policies import STANDARD_POLICIES, Policies

T = TypeVar("T")

CONTEXTS: Final = "--contexts"
PROJECTIONS: Final = "--projections"
POLICIES: Final = "--policies"
HANDLER: Final = "handler"
LIKE: Final = {
    CONTEXTS: "shop.workshop:WORKSHOP",
    PROJECTIONS: "shop.read_models:SALES",
    POLICIES: "shop.rules:POLICIES",
    HANDLER: "shop.mailing:mail",
}

LONGEST: Final = 100
WORDS: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*( [a-z0-9]+(-[a-z0-9]+)*)?")
PLACE: Final = re.compile(r"\w+(\.\w+)*:\w+(\.\w+)*")
GROUPS_LIKE: Final = '{"bikes": "The bikes in the workshop."}'
ENTRY_LIKE: Final = '("workshop.listing:show_bikes", "The bikes that wait for repair.")'
COMMANDS_LIKE: Final = f'{{"bikes list": {ENTRY_LIKE}}}'


def contexts_at(places: Sequence[str]) -> tuple[Context, ...]:
    """The contexts at ``MODULE:NAME`` places; ``WrongCallError`` says what is wrong with one."""
    return _all_at(CONTEXTS, places, Context, "a Context or a list of them")


def command_modules(places: Sequence[str]) -> Iterator[ModuleType]:
    """The modules with the commands of the contexts at *places*; errors as above."""
    for context in contexts_at(places):
        if context.command_line is not None:
            given = f"{CONTEXTS}: command line of {context.name}"
            module = _imported(given, context.command_line)
            _require_commands(given, module)
            yield module


def _require_commands(given: str, module: ModuleType) -> None:
    """Raise ``WrongCallError`` unless ``COMMANDS`` and ``GROUPS`` of *module* are what is read of them."""
    commands, groups = getattr(module, "COMMANDS", None), getattr(module, "GROUPS", {})
    if not isinstance(commands, Mapping):
        found = "" if commands is None else f", found {type(commands).__name__}"
        raise WrongCallError(
            f"{given}: expected COMMANDS in {module.__name__}, such as {COMMANDS_LIKE}{found}"
        )
    for words, entry in commands.items():
        where = f"{given}: COMMANDS[{words!r}] in {module.__name__}"
        if not isinstance(words, str) or not WORDS.fullmatch(words):
            raise WrongCallError(
                f"{where}: expected one or two words of small letters, digits and -,"
                " such as 'bikes list'"
            )
        if not _is_entry(entry):
            raise WrongCallError(
                f"{where}: expected where its function is and what it is for, such as"
                f" {ENTRY_LIKE}; found {one_line(repr(entry))[:LONGEST]}"
            )
    if not isinstance(groups, Mapping) or not all(
        isinstance(part, str) for item in groups.items() for part in item
    ):
        raise WrongCallError(
            f"{given}: expected GROUPS in {module.__name__} to say what a first word is for,"
            f" such as {GROUPS_LIKE}; found {one_line(repr(groups))[:LONGEST]}"
        )


def _is_entry(entry: object) -> bool:
    return (
        isinstance(entry, (tuple, list))
        and len(entry) == len(("place", "help"))
        and all(isinstance(part, str) for part in entry)
        and PLACE.fullmatch(entry[0]) is not None
    )


def function_at(declared_in: str, place: str, made: Callable[[Any], T]) -> T:
    """What is *made* of the function of a host's command; errors say what is wrong with it."""
    module_name, _, name = place.partition(":")
    given = f"{declared_in}: {place}"
    module = _imported(given, module_name)
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        there = [one for one in vars(module) if callable(vars(module)[one])]
        near = difflib.get_close_matches(name, there, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise WrongCallError(f"{given}: {module_name} has no function {name}{hint}")
    try:
        return made(found)
    except Exception as error:  # whatever click says of its parameters
        raise _broken(f"{given}: it is no command such as click takes", error) from error


def handler_at(place: str) -> Callable[..., object]:
    """The function at a ``MODULE:FUNCTION`` place, for ``crmcore subscribe``; errors as above."""
    found = _at(HANDLER, place)
    if not callable(found):
        raise _unexpected(HANDLER, place, "a function", found)
    return found


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
        if not missing:
            raise _broken(f"{given}: importing {module}", error) from error
        looked = f"in {Path.cwd()} or among what is installed"
        raise WrongCallError(f"{given}: there is no module {module} {looked}") from error


def _broken(what: str, error: Exception) -> WrongCallError:
    """What is wrong with a host's module; with ``CRMCORE_DEBUG`` its own error, with its traceback."""
    if os.environ.get(DEBUG):
        raise error
    return WrongCallError(f"{what}: {type(error).__name__}: {error} ({DEBUG}=1 shows where)")
