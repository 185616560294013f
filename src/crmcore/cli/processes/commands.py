"""Processes: each command of `crmcore`, with where it is and what it is for."""

from collections.abc import Mapping
from typing import Final

GROUPS: Final[Mapping[str, str]] = {
    "processes": "What follows from events, by the processes of contexts.",
}
COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "processes run": (
        "crmcore.cli.processes.run:run",
        "Carry out what follows from what is recorded; with --follow, as the log grows.\n\n"
        "What a process was refused is listed by `crmcore subscriptions dead-letters "
        "process:NAME`.",
    ),
    "processes status": (
        "crmcore.cli.processes.run:status",
        "Where each process stands; exit status 1 if one cannot go on.",
    ),
}
