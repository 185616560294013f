"""Subscriptions and processes: each command of `crmcore`, with where it is and what it is for."""

from collections.abc import Mapping
from typing import Final

GROUPS: Final[Mapping[str, str]] = {
    "processes": "What follows from events, by the processes of contexts.",
    "subscriptions": "Handlers that are given what is recorded: where they stand, what they failed at.",
}
COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "subscribe": (
        "crmcore.cli.subscriptions.subscribe:subscribe",
        "Give a function of yours what is recorded, in order, until interrupted.\n\n"
        "It goes on where it was under its name. Where another process works under that name, "
        "it waits, and takes over. Exit status 1 if it cannot go on.",
    ),
    "processes run": (
        "crmcore.cli.subscriptions.processes:run",
        "Carry out what follows from what is recorded; with --follow, as the log grows.\n\n"
        "What a process was refused is listed by `crmcore subscriptions dead-letters "
        "process:NAME`.",
    ),
    "processes status": (
        "crmcore.cli.subscriptions.processes:status",
        "Where each process stands; exit status 1 if one cannot go on.",
    ),
    "subscriptions status": (
        "crmcore.cli.subscriptions.status:status",
        "Where each subscription stands; exit status 1 if one cannot go on.",
    ),
    "subscriptions dead-letters": (
        "crmcore.cli.subscriptions.status:dead_letters",
        "What a subscription went past, because its handler failed at it.",
    ),
    "subscriptions retry": (
        "crmcore.cli.subscriptions.operating:retry",
        "Let dead letters be sent again, by whoever works on the subscription.",
    ),
    "subscriptions discard": (
        "crmcore.cli.subscriptions.operating:discard",
        "Drop dead letters: they are not sent again.",
    ),
    "subscriptions reset": (
        "crmcore.cli.subscriptions.operating:reset",
        "Let a subscription go on after a position, back or ahead of where it is.",
    ),
    "subscriptions remove": (
        "crmcore.cli.subscriptions.operating:remove",
        "Forget a subscription, with its place and its dead letters.",
    ),
}
