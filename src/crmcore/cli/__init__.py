"""The `crmcore` command: everything that the core does, for people and for programs.

Answers go to stdout, as tables or (with ``--json``) as JSON and nothing else; progress and
refusals go to stderr, one line each.  Exit status: 0 done, 1 refused or failed, 2 a wrong
call, 130 interrupted.
"""

import sys
from collections.abc import Sequence

FEWER_COLLECTIONS = 50_000
"""Objects between two runs of the garbage collector: a command that starts makes many, and drops few."""


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out the command line *argv* (the process's own if None); return the exit status."""
    try:
        if argv is None:
            import atexit
            import gc

            gc.set_threshold(FEWER_COLLECTIONS)
            atexit.register(gc.freeze)  # the process ends: nothing is worth looking through again
        from crmcore.cli.interruption import ending_at_once

        with ending_at_once():
            from crmcore.cli.app import run

            return run(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        return 130  # 128 and the number of the signal, as shells have it
    except ModuleNotFoundError as error:
        if not lacks_extra(error):
            raise
        print("crmcore: the command line needs more: pip install 'crmcore[cli]'", file=sys.stderr)
        return 1


def lacks_extra(error: BaseException) -> bool:
    """Whether *error* says that what the command line needs is not installed."""
    missing = error.name or "" if isinstance(error, ModuleNotFoundError) else ""
    return missing.partition(".")[0] in ("click", "rich")
