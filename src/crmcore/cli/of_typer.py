"""Functions that are still such as typer takes them, as commands of click's."""

import inspect
from collections.abc import Callable
from typing import Any

import click


def is_of_typer(function: Callable[..., Any]) -> bool:
    """Whether *function* takes typer's context."""
    if isinstance(function, click.Command):
        return False
    kinds = [one.annotation for one in inspect.signature(function).parameters.values()]
    return any(getattr(one, "__module__", "").startswith("typer") for one in kinds)


def command_of_typer(
    function: Callable[..., Any], name: str | None, help_text: str | None
) -> click.Command:
    """*function* as a command; what typer raises for a wrong call becomes what click does."""
    import typer

    from crmcore.cli.faults import answering

    wrong: Any = typer.BadParameter.__base__

    def called(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except typer.Exit as ended:
            raise click.exceptions.Exit(ended.exit_code) from None
        except wrong as error:
            raise click.UsageError(error.format_message()) from None

    called.__dict__.update(vars(function))
    called.__annotations__ = function.__annotations__
    called.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]  # as typer reads it
    called.__module__ = function.__module__
    alone = typer.Typer(add_completion=False)
    alone.command(name, help=help_text)(answering(called))
    made: Any = typer.main.get_command(alone)
    make_context = made.make_context

    def making(*args: Any, **kwargs: Any) -> Any:
        try:
            return make_context(*args, **kwargs)
        except typer.Exit as ended:
            raise click.exceptions.Exit(ended.exit_code) from None
        except wrong as error:
            raise click.UsageError(error.format_message()) from None

    made.make_context = making
    return made  # type: ignore[no-any-return]  # it behaves as one
