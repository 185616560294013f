"""The commands of `crmcore` as a tree of groups, in which a command is imported when it is called.

A folder of this package may have a module ``commands``, and a host's context may name one as its
``command_line``.  Such a module is data, so that listing the commands costs nothing: ``COMMANDS`` is
where the function of each command is and what the command is for, by its words; ``GROUPS`` is what a
first word is for that stands before several commands::

    GROUPS = {"bikes": "The bikes in the workshop."}
    COMMANDS = {"bikes list": ("workshop.listing:show_bikes", "The bikes that wait for repair.")}
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

HERE: Final = "crmcore.cli"


class LateCommand(TyperCommand):
    """A command of which only name and help are there until it is called."""

    def __init__(self, name: str, place: str, help_text: str, declared_in: str) -> None:
        super().__init__(name=name, help=help_text)
        self.place, self.declared_in = place, declared_in

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """The context of a call: of the command itself, which is imported for it."""
        return self._loaded().make_context(*args, **kwargs)

    def _loaded(self) -> Any:
        if not self.declared_in.startswith(f"{HERE}."):
            from crmcore.cli.hosting import function_at

            return function_at(self.declared_in, self.place, self._made)
        module, _, function = self.place.partition(":")
        return self._made(getattr(import_module(module), function))

    def _made(self, function: Callable[..., Any]) -> Any:
        from crmcore.cli.faults import answering

        alone = typer.Typer(add_completion=False)
        alone.command(self.name, help=self.help)(answering(function))
        return typer.main.get_command(alone)


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


def add_commands(app: Any, modules: Iterator[ModuleType]) -> None:
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
        if first not in app.commands:
            help_of_group = groups.get(first)
            app.add_command(TyperGroup(name=first, help=help_of_group, no_args_is_help=True))
        app.commands[first].add_command(LateCommand(second, *entry))


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
