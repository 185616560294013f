"""Commands from files: each command of `crmcore`, with where it is and what it is for."""

from collections.abc import Mapping
from typing import Final

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "execute": (
        "crmcore.cli.execution.execute:execute",
        "Carry out commands, one JSON object a line; `crmcore commands TOPIC` shows an "
        "example.\n\n"
        "A refused line is reported with its number and the reason, and does not hold up the "
        "others.",
    ),
}
