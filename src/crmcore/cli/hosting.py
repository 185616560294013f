"""A host's own read models, found by the module and the name that the command line is given.

``shop.read_models:CHANNEL_SALES`` is a projection, or a list or tuple of them, in a module that
Python finds from the current folder or among what is installed.
"""

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from crmcore import Projection
from crmcore.cli.faults import WrongCallError

__all__ = ["projections_at"]


def projections_at(places: Sequence[str]) -> tuple[Projection, ...]:
    """The projections at ``MODULE:NAME`` places; ``WrongCallError`` says what is wrong with one."""
    if places:
        here = str(Path.cwd())
        if here not in sys.path and "" not in sys.path:
            sys.path.append(here)  # what is installed goes before
    found = [projection for place in places for projection in _at(place)]
    return tuple(dict.fromkeys(found))


def _at(place: str) -> Sequence[Projection]:
    module, colon, name = place.partition(":")
    if not (module and colon and name):
        raise WrongCallError(
            f"--projections {place!r}: expected MODULE:NAME, such as shop.read_models:SALES"
        )
    found = _imported(place, module)
    for part in name.split("."):
        if not hasattr(found, part):
            raise WrongCallError(f"--projections {place}: {module} has nothing named {name}")
        found = getattr(found, part)
    several = found if isinstance(found, (list, tuple)) else (found,)
    for one in several:
        if not isinstance(one, Projection):
            raise WrongCallError(
                f"--projections {place}: expected a Projection or a list of them,"
                f" found {type(one).__name__}"
            )
    return several


def _imported(place: str, module: str) -> object:
    try:
        return importlib.import_module(module)
    except Exception as error:  # whatever a host's module does
        missing = isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(
            f"{error.name}."
        )
        why = f"there is no module {module}" if missing else f"{type(error).__name__}: {error}"
        looked = f" in {Path.cwd()} or among what is installed" if missing else ""
        raise WrongCallError(f"--projections {place}: {why}{looked}") from error
