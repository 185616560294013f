"""Restart tests: `make restart-tests`.  A PostgreSQL server that goes away, and comes back.

    python -m tests.slow restart [--rounds N] [--seed N] [--events N]

While the log is followed, or a rebuild runs in one process or with two more, the server is
crashed or restarted, or sessions are killed; or whoever follows is killed while a second one
waits.  Following goes on by itself; a rebuild goes on or stops with a clear error, and goes on
when it is called again.  At the end every row is the one of a serial fold.  Ends with 1 if not.
"""

import argparse
import logging
import multiprocessing
import random
import time
import traceback
from collections import Counter
from collections.abc import Callable

import attrs

from tests.own_server import own_server
from tests.projections.engine.disturbing import (
    TROUBLES,
    Trouble,
    eventually,
    followed_through,
    rebuilt_through,
)
from tests.slow.judging import judge
from tests.slow.killing import Process
from tests.slow.operations import OPERATIONS, in_small_steps
from tests.slow.places import Server, buys, templates
from tests.slow.read_models import opened


@attrs.define
class Restarting:
    """The rounds on one server."""

    where: Server
    chance: random.Random
    slowest: float = 0.0

    def follow(self, url: str, trouble: Callable[[], None]) -> str:
        """Follow through trouble."""

        def soon() -> None:
            time.sleep(self.chance.uniform(0, 0.7))
            trouble()

        with opened(url) as crm:
            under_way, seconds = followed_through(crm, soon, lambda: buys(crm, 1))
        self.slowest = max(self.slowest, seconds)
        return "went on" if under_way else "it had ended"

    def rebuild(self, url: str, trouble: Callable[[], None], by: str) -> str:
        """Rebuild through trouble."""
        operation = OPERATIONS[by]
        with opened(url) as crm:
            return rebuilt_through(
                crm,
                lambda executor: operation.perform(crm, executor),
                trouble,
                operation.pool,
                self.chance.uniform(0, 1.0),
            )

    def take_over(self, url: str) -> str:
        """A second consumer starts while the first follows, which is then killed."""
        first = Process.begun(url, OPERATIONS["follow"], small=True)
        try:
            with opened(url) as crm, crm.follow(every=0.5):
                time.sleep(self.chance.uniform(0, 0.5))
                first.end()
                seconds = eventually(lambda: {one.state for one in crm.status()} == {"caught up"})
        finally:
            first.end()
        self.slowest = max(self.slowest, seconds)
        return "was taken over"

    def round(self, what: str, trouble: Trouble | None, number: int) -> str:
        """One round; return what became of it."""
        name = f"round{number}"
        url = self.where.make(name, "bare" if what in ("follow", "second follower") else "behind")

        def strike() -> None:
            assert trouble is not None
            trouble(self.where.server, name)

        if trouble is None:
            said = self.take_over(url)
        elif what == "follow":
            said = self.follow(url, strike)
        else:
            said = self.rebuild(url, strike, what)
        with opened(url) as crm:
            crm.catch_up()
            for status in crm.status():
                if status.building is not None:
                    crm.maintenance.rebuild(status.name)
            judge(crm)
        self.where.drop(name)
        return said


def options(parser: argparse.ArgumentParser) -> None:
    """What may be said on the command line."""
    parser.add_argument("--rounds", type=int, default=3, help="of each kind")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--events", type=int, default=3_000)


def main(given: argparse.Namespace) -> int:
    """Run the rounds; return the exit status."""
    print(f"seed {given.seed}, {given.events} events, {given.rounds} rounds of each kind")
    multiprocessing.get_context("forkserver").set_forkserver_preload(["tests.slow.operations"])
    in_small_steps()
    logging.getLogger("crmcore").setLevel(logging.ERROR)  # that it tries again is what is wanted
    failed, outcomes = list[str](), Counter[tuple[str, str, str]]()
    kinds: list[tuple[str, str | None]] = [
        (what, trouble)
        for what in ("follow", "rebuild", "rebuild by 2")
        for trouble in TROUBLES
        if what == "follow" or "listener" not in trouble
    ]
    kinds.append(("second follower", None))
    with own_server() as server:
        restarting = Restarting(Server(server), random.Random(given.seed))
        templates(restarting.where, given.events, given.seed)
        for number in range(given.rounds * len(kinds)):
            what, trouble = kinds[number % len(kinds)]
            begun = time.monotonic()
            try:
                said = restarting.round(what, TROUBLES[trouble] if trouble else None, number)
            except Exception as error:
                said = f"FAILED: {error}"
                failed.append(f"{number} {what}, {trouble}\n{traceback.format_exc()}")
            outcomes[what, trouble or "the first killed", said.partition(":")[0]] += 1
            took = time.monotonic() - begun
            print(f"{number:3} {what:15} {trouble or '':30} {said} ({took:.1f} s)", flush=True)
    for failure in failed:
        print(f"\n{failure}")
    print()
    for (what, trouble, said), count in sorted(outcomes.items()):
        print(f"{what:15} {trouble:30} {said:15} {count:3}")
    print(f"caught up again after {restarting.slowest:.1f} s at most; {len(failed)} rounds failed")
    return 1 if failed else 0
