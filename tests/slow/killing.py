"""Kill tests: `make kill-tests`.  Whatever is killed at whatever instant, started again it ends well.

    python -m tests.slow kill [--rounds N] [--seed N] [--database sqlite|postgres|both]
                              [--events N] [--only WORD] [--minutes N]
                              [--at-least N]

In each round a process performs an operation on a copy of a log, is killed (SIGKILL) after a
random time, perhaps started again and killed again, and the operation is performed to its end.
Then every row of every generation must be the one of a serial fold of the log, the chain must
verify, and the status be true.  In some rounds a writer goes on appending, in others readers go
on asking the views.  Ends with 1 if any round fails, or if fewer kills than ``--at-least`` hit
work that was under way.
"""

import argparse
import multiprocessing
import os
import random
import signal
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import attrs

from tests.slow.bystanders import Waits, reading, writing
from tests.slow.judging import held, judge, judge_rows
from tests.slow.operations import OPERATIONS, Operation, child, in_small_steps
from tests.slow.places import Place, place, templates
from tests.slow.read_models import opened

AGAIN = 0.5
"""How often what was started again is killed once more."""

START_SECONDS = 120
"""How long a process may take until it begins, and until it is seen to have ended."""


@attrs.define
class Tally:
    """What happened: kills, by operation and whether work was under way."""

    middle: Counter[tuple[str, str]] = attrs.Factory(Counter)
    late: Counter[tuple[str, str]] = attrs.Factory(Counter)
    failed: list[str] = attrs.Factory(list)
    reads: Waits = attrs.Factory(Waits)
    writes: Waits = attrs.Factory(Waits)


@attrs.define
class Process:
    """A process that performs an operation, and what it told before it died."""

    process: BaseProcess
    pipe: Connection
    workers: Sequence[int] = ()
    told: tuple[str, Any] | None = None

    @classmethod
    def begun(cls, url: str, operation: Operation, small: bool) -> "Process":
        """Start one; it is about to begin the operation."""
        context = multiprocessing.get_context("forkserver")
        ours, its = context.Pipe()
        process = context.Process(target=child, args=(url, operation.name, small, its))
        process.start()
        its.close()
        started = cls(process, ours)
        started.hear(START_SECONDS)
        assert started.told is not None, "it did not begin"
        assert started.told[0] == "begun", started.told
        started.workers, started.told = started.told[1], None
        return started

    def hear(self, seconds: float) -> None:
        """Listen for what it tells, for so long; a process that was killed tells no more."""
        try:
            if self.pipe.poll(seconds):
                self.told = self.pipe.recv()
        except (EOFError, OSError):
            return

    def kill(self, victim: str, chance: random.Random) -> None:
        """Kill it, its processes as well, or one of those alone; see whether it had ended."""
        pid = self.process.pid
        assert pid is not None
        if victim == "worker":
            os.kill(chance.choice(self.workers), signal.SIGKILL)
            if self.told is None:
                self.hear(START_SECONDS)  # it notices, and stops
            assert self.told is not None, "the rebuild hangs though its worker is dead"
        elif victim == "group":
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
        if victim != "worker":
            self.process.join()
            self.hear(0.2)

    def end(self) -> None:
        """Kill whatever is left of it."""
        pid = self.process.pid
        assert pid is not None
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        self.process.join()
        self.pipe.close()


class Killing:
    """The rounds on one database system."""

    def __init__(self, where: Place, tally: Tally, chance: random.Random) -> None:
        self.where, self.tally, self.chance = where, tally, chance
        self.seconds = dict[tuple[str, bool], float]()

    def calibrate(self, operation: Operation, small: bool) -> None:
        """See how long the operation takes where nobody kills it, and that it ends well."""
        url = self.where.make("unharmed", operation.template)
        process = Process.begun(url, operation, small)
        try:
            process.hear(600)
            assert process.told is not None, f"{operation.name} does not end"
            assert process.told[0] == "done", process.told[1]
            self.seconds[operation.name, small] = process.told[1]
        finally:
            process.end()
        self._end_well(url, operation, small)
        self.where.drop("unharmed")

    def round(self, operation: Operation, number: int) -> str:
        """Perform an operation with kills in between; return what happened, in a line."""
        small = self.chance.random() < 0.7
        if (operation.name, small) not in self.seconds:
            self.calibrate(operation, small)
        written, read = self.chance.random() < 0.4, operation.template in ("built", "switched")
        url = self.where.make(f"round{number}", operation.template)
        processes, said = list[Process](), list[str]()
        with ExitStack() as bystanders:
            if written:
                bystanders.enter_context(_counted(writing(url), self.tally.writes))
            if read:
                views = self._views(url)
                bystanders.enter_context(_counted(reading(url, views), self.tally.reads))
            try:
                while not processes or self.chance.random() < AGAIN:
                    processes.append(Process.begun(url, operation, small))
                    said.append(self._kill(processes[-1], operation, small))
                    self._judge_wreck(url, operation, small)
                self._perform(url, operation, small)
            finally:
                for process in processes:
                    process.end()
        self._end_well(url, operation, small)
        self.where.drop(f"round{number}")
        return f"{', '.join(said)}{'; a writer' * written}{'; small steps' * small}"

    def _views(self, url: str) -> list[str]:
        with opened(url) as crm:
            return [table.name for one in crm.projections for table in one.tables]

    def _kill(self, process: Process, operation: Operation, small: bool) -> str:
        delay = self.chance.uniform(0, self.seconds[operation.name, small])
        process.hear(delay)
        early = process.told is None
        process.kill(operation.victim, self.chance)
        key = self.where.name, operation.name
        told = process.told
        if told is not None and told[0] == "failed":
            expected = operation.victim == "worker" and "worker died" in told[1]
            assert expected, f"{operation.name} failed: {told[1]}"
        if early and (told is None or told[0] == "failed"):
            self.tally.middle[key] += 1
            return f"killed after {delay:.3f} s"
        self.tally.late[key] += 1
        if told is not None and told[0] == "done":
            self.seconds[operation.name, small] = told[1]
        return f"killed at {delay:.3f} s, after its end"

    def _judge_wreck(self, url: str, operation: Operation, small: bool) -> None:
        """Right after a kill, what is there is the fold up to where each checkpoint says."""
        if operation.judges is not None:
            operation.judges[0](url)
            return
        with opened(url, small=small) as crm:
            generations = held(crm)
            judge_rows(list(crm.events()), generations)

    def _perform(self, url: str, operation: Operation, small: bool) -> None:
        """The operation started again, to its end."""
        with opened(url, small=small) as crm, operation.pool() as pool:
            operation.perform(crm, pool)

    def _end_well(self, url: str, operation: Operation, small: bool) -> None:
        if operation.judges is not None:
            operation.judges[1](url)
            return
        with opened(url, small=small) as crm:
            crm.catch_up()
            for status in crm.status():
                if status.building is not None:
                    crm.maintenance.rebuild(status.name)
            judge(crm)
            self._judge_end(operation, [one.generation for one in crm.status()])
            states = {one.at.state for one in held(crm)}
            wanted = {"switch": {"live", "previous"}, "rollback": {"live", "previous"}}
            built = {"live", "building"} if operation.template in ("built", "behind") else {"live"}
            assert states == wanted.get(operation.name, built), states

    def _judge_end(self, operation: Operation, live: Sequence[int | None]) -> None:
        number = 2 if operation.name in ("switch", "retire") else 1
        assert set(live) == {number}, f"after {operation.name} generations {live} are live"


def _counted(bystander: Any, into: Waits) -> Any:
    """A bystander whose waits are added up."""
    stack = ExitStack()
    waits = stack.enter_context(bystander)

    def add() -> None:
        into.asked += waits.asked
        into.longest = max(into.longest, waits.longest)

    stack.callback(add)
    return stack


def options(parser: argparse.ArgumentParser) -> None:
    """What may be said on the command line."""
    parser.add_argument("--rounds", type=int, default=72, help="on each database")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--events", type=int, default=3_000)
    parser.add_argument("--only", default="", help="operations whose name contains this")
    parser.add_argument("--minutes", type=float, default=600.0, help="on each database, at most")
    parser.add_argument("--at-least", type=int, default=0, help="kills of work under way")


def main(given: argparse.Namespace) -> int:
    """Run the rounds; return the exit status."""
    print(f"seed {given.seed}, {given.events} events, {given.rounds} rounds on each database")
    tally, begun = Tally(), time.monotonic()
    multiprocessing.get_context("forkserver").set_forkserver_preload(["tests.slow.operations"])
    in_small_steps()
    for name in ["sqlite", "postgres"] if given.database == "both" else [given.database]:
        with place(name) as where:
            _rounds(where, tally, given)
    return _summary(tally, time.monotonic() - begun, given.at_least)


def _rounds(where: Place, tally: Tally, given: argparse.Namespace) -> None:
    chance = random.Random(f"{given.seed} {where.name}")
    templates(where, given.events, given.seed)
    killing = Killing(where, tally, chance)
    wanted = [one for one in OPERATIONS.values() if given.only in one.name]
    end = time.monotonic() + 60 * given.minutes
    for number in range(given.rounds):
        if time.monotonic() > end:
            print(f"{where.name}: {given.minutes:g} minutes are over after {number} rounds")
            break
        operation, begun = wanted[number % len(wanted)], time.monotonic()
        try:
            said = killing.round(operation, number)
        except Exception as error:
            said = f"FAILED: {error}"
            tally.failed.append(f"{where.name} {number} {operation.name}\n{traceback.format_exc()}")
        took = time.monotonic() - begun
        print(f"{where.name} {number:3} {operation.name:22} {said} ({took:.1f} s)", flush=True)


def _summary(tally: Tally, seconds: float, at_least: int) -> int:
    for failure in tally.failed:
        print(f"\n{failure}")
    print(f"\n{'database':10} {'operation':22} {'in the middle':>13} {'after the end':>13}")
    for key in sorted({*tally.middle, *tally.late}):
        print(f"{key[0]:10} {key[1]:22} {tally.middle[key]:13} {tally.late[key]:13}")
    middle, late = tally.middle.total(), tally.late.total()
    print(f"{'':10} {'all':22} {middle:13} {late:13}")
    print(
        f"\nreaders asked {tally.reads.asked} times, the longest took {tally.reads.longest:.3f} s"
    )
    print(
        f"the writer sent {tally.writes.asked} commands, the longest took {tally.writes.longest:.3f} s"
    )
    print(f"{len(tally.failed)} rounds failed; {middle + late} kills in {seconds:.0f} s")
    if middle < at_least:
        print(f"only {middle} kills hit work under way, {at_least} are asked for")
    return 1 if tally.failed or middle < at_least else 0
