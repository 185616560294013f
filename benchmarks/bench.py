"""What crmcore costs, as ratios to a baseline measured in the same run: `make bench`.

Machines are shared and noisy, so absolute figures say little: each row times our work and the
baseline in turn, several times over, and shows the medians and the median of the ratios.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import attrs

import commanding
import machine
import memory
import peers
import postgres
import rebuilding
import starting
from log_file import LogFile
from timing import Measured, NotMeasuredError, Row

EVENTS, MANY_EVENTS = 200_000, 10_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for; 1 if something of it could not be measured."""
    options = asked(arguments)
    with ExitStack() as stack:
        folder = stack.enter_context(folder_for(options.keep))

        @cache
        def server() -> str:
            return stack.enter_context(postgres.database(folder, options.postgres))

        if options.memory:
            rows = memory.rows(folder, options.events, options.customers)
        else:
            log = LogFile(folder, options.events, options.customers, options.runs)
            rows = [
                *rebuilding.rows(log),
                *commanding.rows(folder, options.runs),
                *starting.rows(folder, options.runs),
                *peers.rows(log, server, min(options.peer_events, options.events)),
            ]
        words = [word.lower() for word in options.only]
        rows = [row for row in rows if not words or any(word in named(row) for word in words)]
        report = Report(as_json=options.json)
        report.header(machine.described() | settings(options))
        for row in rows:
            report.measure(row)
        if any(row.work.endswith("PostgreSQL") for row in rows):
            report.note("postgresql", postgres.described(server()))
        return report.end()


def asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options, with sizes that fit the kind of measurement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    add = parser.add_argument
    add("--events", type=int, help=f"of the log ({EVENTS:,}; with --memory {MANY_EVENTS:,})")
    add("--customers", type=int, default=10_000)
    add("--runs", type=int, default=3, help="of each measurement (3)")
    add("--only", action="append", default=[], metavar="WORD", help="rows that name WORD")
    add("--peer-events", type=int, default=10_000, help="of the log that peers get (10,000)")
    add("--postgres", metavar="URL", help="a server to measure on, instead of one of its own")
    add("--memory", action="store_true", help="memory at --events, and at a tenth of them")
    add("--keep", type=Path, metavar="FOLDER", help="for the logs; those in it are used again")
    add("--json", action="store_true", help="one JSON document to stdout, and the table to stderr")
    options = parser.parse_args(arguments)
    options.events = options.events or (MANY_EVENTS if options.memory else EVENTS)
    return options


@contextmanager
def folder_for(kept: Path | None) -> Iterator[Path]:
    """Where the logs are: a folder to be kept, or one that is removed."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    folder = Path(tempfile.mkdtemp(prefix="crmcore-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def settings(options: argparse.Namespace) -> dict[str, str]:
    """What was measured, for whoever measures it again."""
    return {
        "log": f"{options.events:,} events about {options.customers:,} customers, seed 1",
        "runs": "1, in processes of their own" if options.memory else f"{options.runs}, medians",
    }


def named(row: Row) -> str:
    """What ``--only`` looks at."""
    return f"{row.work} {row.against}".lower()


class Report:
    """The table, line by line as it is measured; or the same as JSON."""

    def __init__(self, *, as_json: bool) -> None:
        self._json, self._missing = as_json, 0
        self._told: dict[str, Any] = {"on": {}, "rows": []}

    def header(self, told: dict[str, str]) -> None:
        """What is measured on, and how."""
        for name, what in told.items():
            self.note(name, what)
        self._print("")
        self._print(
            f"{'work':56}  {'ours':>16}  {'against':46}  {'theirs':>16}  {'ratio':>7}  asked"
        )

    def note(self, name: str, what: str) -> None:
        """Something that belongs to all rows."""
        self._told["on"][name] = what
        self._print(f"{name:11}{what}")

    def measure(self, row: Row) -> None:
        """Measure a row and show it."""
        told: dict[str, Any] = {"work": row.work, "against": row.against, "asked": row.asked}
        try:
            found = row.measure()
        except NotMeasuredError as error:
            self._missing += 1
            self._told["rows"].append({**told, "not_measured": str(error)})
            self._print(f"{row.work:56}  not measured: {error}")
            return
        verdict = row.verdict(found)
        self._told["rows"].append({**told, **attrs.asdict(found), "verdict": verdict})
        limit = "" if row.asked is None else f"{'<' if row.at_most else '>='} {row.asked:g} "
        self._print(
            f"{row.work:56}  {amount(found.ours, found):>16}  {row.against:46}"
            f"  {amount(found.bare, found):>16}  {found.ratio:7.2f}  {limit}{verdict}"
            + (f"  ({found.note})" if found.note else "")
        )

    def end(self) -> int:
        """Write the document; the exit status."""
        if self._json:
            print(json.dumps(self._told, indent=2))
        return 1 if self._missing else 0

    def _print(self, line: str) -> None:
        print(line, file=sys.stderr if self._json else sys.stdout, flush=True)


def amount(value: float, found: Measured) -> str:
    """A quantity with its unit."""
    return f"{value:.4f} s" if found.unit == "s" else f"{value:,.0f} {found.unit}"


if __name__ == "__main__":
    sys.exit(main())
