"""What there is to send and to receive: each command of `crmcore`, with where it is and what it is for."""

from collections.abc import Mapping
from typing import Final

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "commands": (
        "crmcore.cli.catalogue.command_list:list_commands",
        "What can be executed: all commands by context, or the fields of one.",
    ),
    "events": (
        "crmcore.cli.catalogue.event_list:list_events",
        "What can be recorded: all events by context, or the fields of one.",
    ),
}
