"""What takes minutes and is no part of `make test`: ``python -m tests.slow kill|restart|load``."""

import argparse
import signal
import sys

# A module called ``__main__`` is not imported again by each process that is started.
from tests.slow import killing, loading, restarting


def main() -> int:
    """Run one of the slow tests; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.slow")
    which = parser.add_subparsers(required=True)
    for name, module in {"kill": killing, "restart": restarting, "load": loading}.items():
        its = which.add_parser(name, help=(module.__doc__ or "").partition("\n")[0])
        module.options(its)
        its.set_defaults(main=module.main)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers are stopped
    status: int = given.main(given)
    return status


if __name__ == "__main__":
    sys.exit(main())
