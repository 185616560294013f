"""What can go wrong, in one line on stderr each, and the exit status that says so."""

import functools
import os
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any, Final, TypeVar

import click

from crmcore import errors
from crmcore.cli import lacks_extra
from crmcore.cli.importers.row import SourceError
from crmcore.cli.interruption import INTERRUPTED, begun
from crmcore.cli.output import emit_line, one_line

F = TypeVar("F", bound=Callable[..., Any])

BROKEN_PIPE: Final = 141
WRONG_CALL: Final = "wrong-call"
DEBUG: Final = "CRMCORE_DEBUG"


class Fault(Exception):  # noqa: N818  # it may be the caller's, or nobody's
    """The command cannot be carried out: one line that says why, and what helps."""

    status: int = 1
    kind: str = "failed"


class WrongCallError(Fault):
    """An argument cannot mean anything."""

    status = 2
    kind = WRONG_CALL


EXPECTED: Final = (
    Fault,
    SourceError,
    click.ClickException,
    errors.AmbiguousNumberError,
    errors.DomainError,
    errors.InvalidCommandError,
    errors.CommandIdReusedError,
    errors.ConcurrencyError,
    errors.MisuseError,
    errors.StoreError,
    errors.ProjectionStoppedError,
    errors.SubscriptionStoppedError,
    errors.UnknownProjectionError,
    errors.UnknownSubscriptionError,
    errors.UnknownTopicError,
    errors.UnreadableEventError,
    errors.CorruptEventError,
)


def answering(function: F) -> F:
    """*function* as a command: whatever it raises becomes one line and an exit status.

    What click raises for a wrong call is left to it, and an exit that a host's function asks for.
    What *function* returns is dropped: click would take it for the status.
    """

    @functools.wraps(function)
    def command(*args: Any, **kwargs: Any) -> None:
        try:
            begun()
            function(*args, **kwargs)
            sys.stdout.flush()
        except (click.exceptions.Exit, click.Abort, click.UsageError, SystemExit):
            raise
        except BaseException as error:
            if lacks_extra(error):
                raise
            from crmcore.cli.origins import packages_of_host

            options = click.get_current_context().obj
            own = packages_of_host(options, function)
            status = report(error, json=options.json, own=own)
            raise click.exceptions.Exit(status) from None

    return command  # type: ignore[return-value]  # wraps() keeps the signature


def report(error: BaseException, *, json: bool, own: Collection[str] = ()) -> int:
    """Say in one line what *error* is, with *json* on stdout as well; return the exit status.

    What no command is expected to raise is ours to mend, or a host's where it comes from the
    packages that are the host's *own*.
    """
    if isinstance(error, BrokenPipeError):  # the reader left
        _let_go()
        if notes := _notes(error):
            complain(f"ended early, for nobody reads the answer{notes}")
        return BROKEN_PIPE
    from crmcore.cli.origins import function_of_host

    function = function_of_host(error, own)
    text, status = _said(error, function)
    complain(text)
    if isinstance(error, OSError):  # perhaps stdout itself
        _let_go()
    elif json and status in (1, 2):
        emit_line({"error": {"kind": _kind(error, function), "message": text} | by_field(error)})
    return status


def report_wrong_call(message: str) -> None:
    """Say on stdout, in JSON, what click has said of a call on stderr."""
    emit_line({"error": {"kind": WRONG_CALL, "message": one_line(message)}})


def _kind(error: BaseException, function: str | None) -> str:
    """What went wrong, in a word that stays: the error's name where it is a public one."""
    if isinstance(error, (Fault, click.ClickException)):
        return getattr(error, "kind", Fault.kind)
    if isinstance(error, SourceError):
        return "unreadable-source"
    if isinstance(error, EXPECTED):
        return type(error).__name__
    return "unexpected" if function is None else "host-error"


def by_field(error: BaseException) -> dict[str, Any]:
    """What is wrong with a command, field by field, where *error* knows."""
    found = getattr(error, "errors", ())
    if not found:
        return {}
    return {"errors": [{"field": one.field, "message": one_line(one.message)} for one in found]}


def _let_go() -> None:
    """What is still to be written to stdout goes nowhere."""
    with suppress(OSError):  # a host's own stdout may be no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(text: str) -> None:
    """One line on stderr; where that takes none, there is nobody to tell."""
    with suppress(OSError):
        print(f"crmcore: {one_line(text)}", file=sys.stderr)


def _notes(error: BaseException) -> str:
    """What whoever passed the error on has added, such as what is kept."""
    return "".join(f"; {note}" for note in getattr(error, "__notes__", ()))


def _said(error: BaseException, function: str | None) -> tuple[str, int]:
    notes = _notes(error)
    if isinstance(error, KeyboardInterrupt):
        return f"interrupted{notes or '; what was recorded before is kept'}", INTERRUPTED
    if isinstance(error, EXPECTED):
        return f"{one_line(str(error))}{notes}", error.status if isinstance(error, Fault) else 1
    if isinstance(error, OSError) and error.strerror:  # what the database meets is a StoreError
        what = "the answer cannot be written" if error.filename is None else error.filename
        return f"{what}: {error.strerror}{notes}", 1
    if os.environ.get(DEBUG):
        raise error
    what = f"{type(error).__name__}: {error}"
    says = "this should not happen, please report it:" if function is None else f"{function} raised"
    return f"{says} {what} ({DEBUG}=1 shows where){notes}", 1
