"""The main job on bundled data: each command of `crmcore`, with where it is and what it is for."""

from collections.abc import Mapping
from typing import Final

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "demo": (
        "crmcore.cli.demo.demo:demo",
        "Import real data through commands, and show what becomes of it.\n\n"
        "Exit status 1 if a promise is not kept: the chain is broken, a verdict is not the "
        "city's, or a second import records anything new.",
    ),
}
