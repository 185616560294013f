"""The commands of `crmcore` as a tree of groups, in which a command is imported when it is called.

A folder of this package may have a module ``commands``, and a host's context may name one as its
``command_line``.  Such a module is data, so that listing the commands costs nothing: ``COMMANDS`` is
where the function of each command is and what the command is for, by its words; ``GROUPS`` is what a
first word is for that stands before several commands::

    GROUPS = {"bikes": "The bikes in the workshop."}
    COMMANDS = {"bikes list": ("workshop.listing:show_bikes", "The bikes that wait for repair.")}
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from copy import copy
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, Final

import click

HERE: Final = "crmcore.cli"


class LateCommand(click.Command):
    """A command of which only name and help are there until it is called."""

    def __init__(self, name: str, place: str, help_text: str, declared_in: str) -> None:
        first, _, _ = help_text.partition("\n\n")
        super().__init__(name=name, help=help_text, short_help=first)
        self.place, self.declared_in = place, declared_in

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """The context of a call: of the command itself, which is imported for it."""
        return self._loaded().make_context(*args, **kwargs)

    def _loaded(self) -> click.Command:
        if not self.declared_in.startswith(f"{HERE}."):
            from crmcore.cli.hosting import function_at

            return function_at(self.declared_in, self.place, self._made)
        module, _, function = self.place.partition(":")
        return self._made(getattr(import_module(module), function))

    def _made(self, found: Callable[..., Any]) -> click.Command:
        """The command that *found* is, or has the options of."""
        from crmcore.cli.faults import answering

        if isinstance(found, click.Group):
            raise TypeError("expected one command, found a group of them: name each of them alone")
        if isinstance(found, click.Command):
            command, function = copy(found), found.callback
            command.name, command.help = self.name, self.help
            command.callback = None if function is None else answering(function)
            return command
        return click.command(self.name, help=self.help)(answering(found))


def our_modules() -> Iterator[ModuleType]:
    """The modules with the commands of this package, one for each folder that has any."""
    import crmcore.cli

    for folder in iter_modules(crmcore.cli.__path__):
        if folder.ispkg:
            try:
                yield import_module(f"{HERE}.{folder.name}.commands")
            except ModuleNotFoundError as error:
                if error.name != f"{HERE}.{folder.name}.commands":
                    raise


def add_commands(app: click.Group, modules: Iterator[ModuleType]) -> None:
    """Put the commands of *modules* into the group *app*, in the order of their names.

    Raises ``ValueError`` where two modules have a command of the same name, or one a group of the
    name that is a command.
    """
    groups: dict[str, str] = {}
    commands: dict[str, tuple[str, str, str]] = {}
    for module in modules:
        groups = {**getattr(module, "GROUPS", {}), **groups}
        declared: Mapping[str, tuple[str, str]] = module.COMMANDS
        for words, (place, help_text) in declared.items():
            if taken := _taken(words, commands):
                raise ValueError(f"{module.__name__}: {words!r}: there is {taken} already")
            commands[words] = place, help_text, module.__name__
    for words, entry in sorted(commands.items()):
        first, _, second = words.partition(" ")
        if not second:
            app.add_command(LateCommand(first, *entry))
            continue
        group = app.commands.get(first)
        if not isinstance(group, click.Group):
            what_for = groups.get(first)
            group = click.Group(first, help=what_for, short_help=what_for, no_args_is_help=True)
            app.add_command(group)
        group.add_command(LateCommand(second, *entry))


def _taken(words: str, commands: Collection[str]) -> str | None:
    """What has the name *words*, or its first word, among *commands*: None where nothing has."""
    first, _, second = words.partition(" ")
    if words in commands:
        return f"a command {words!r}"
    if second:
        return f"a command {first!r}" if first in commands else None
    if any(one.startswith(f"{first} ") for one in commands):
        return f"a group of commands {first!r}"
    return None
