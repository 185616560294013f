"""The `crmcore` command: everything that the core does, for people and for programs.

Answers go to stdout, as tables or (with ``--json``) as JSON and nothing else; progress and
refusals go to stderr, one line each.  Exit status: 0 done, 1 refused or failed, 2 a wrong
call, 130 interrupted.
"""

import os
import sys
from collections.abc import Callable, Sequence

__all__ = ["main"]

INTERRUPTED = 130
"""The exit status: 128 and the number of the signal, as shells have it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out the command line *argv* (the process's own if None); return the exit status."""
    try:
        run = _loaded()
        return run(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        return INTERRUPTED
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("typer", "rich"):
            raise
        print("crmcore: the command line needs more: pip install 'crmcore[cli]'", file=sys.stderr)
        return 1


def _loaded() -> Callable[[Sequence[str]], int]:
    """The commands.  An interruption while they are imported ends the process where it stands.

    Nothing has begun, so nothing is lost; an exception would reach whatever module is being
    imported at that moment, which may take it for its own, or tell of it in its own way.
    """
    import signal  # here, where an interruption is expected already

    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    try:
        if ours:
            signal.signal(signal.SIGINT, lambda _number, _frame: os._exit(INTERRUPTED))
    except ValueError:  # not in the main thread, which alone is interrupted
        ours = False
    try:
        from crmcore.cli.app import run
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
    return run
