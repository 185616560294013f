"""Subscriptions and processes that are killed: what is judged is what they have done, by its ids.

A handler tells a file of its own of each delivery, then does its work there, if it has not done it: once for each id.
"""

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import attrs

import crmcore
from crmcore.subscriptions import Delivery, Subscription
from tests.scenario import START, uid
from tests.slow.read_models import clock
from tests.subscriptions.pinging import PASSING, PassBall, at_once, pinging

LEASE: Final = 1.0
"""Seconds after which another process takes over from one that was killed."""

EVENTS: Final = 150
"""How many events of the log are delivered."""

BALLS, PASSES = 25, 3

TABLES = """
    CREATE TABLE IF NOT EXISTS told (number INTEGER PRIMARY KEY, position INTEGER, id TEXT);
    CREATE TABLE IF NOT EXISTS done (number INTEGER PRIMARY KEY, position INTEGER, id TEXT UNIQUE);
"""


def effects(url: str) -> Path:
    """Where the handlers of a log do their work: beside all logs, and there as long as the log is."""
    return Path(
        tempfile.gettempdir(), f"crmcore-effects-{sha256(url.encode()).hexdigest()[:16]}.db"
    )


@attrs.frozen
class Work:
    """A handler whose work can be told apart by ids."""

    file: sqlite3.Connection

    def one(self, delivery: Delivery) -> None:
        self.many([delivery])

    def many(self, deliveries: Sequence[Delivery]) -> None:
        for one in deliveries:
            self._write("INSERT INTO told (position, id) VALUES (?, ?)", one)
        for one in deliveries:
            self._write("INSERT OR IGNORE INTO done (position, id) VALUES (?, ?)", one)

    def _write(self, statement: str, delivery: Delivery) -> None:
        self.file.execute(statement, (delivery.position, str(delivery.id)))
        self.file.commit()


@contextmanager
def working(url: str) -> Iterator[Work]:
    with closing(sqlite3.connect(effects(url), timeout=60, check_same_thread=False)) as file:
        file.execute("PRAGMA synchronous = OFF")  # processes are killed, not machines
        file.executescript(TABLES)
        yield Work(file)


def soon(subscription: Subscription) -> Subscription:
    """The same with a short lease, so that a round does not wait for long."""
    return attrs.evolve(subscription, desk=attrs.evolve(subscription._desk, lease_seconds=LEASE))


def subscription(crm: crmcore.CRM, _pool: Any) -> None:
    url = crm._database.address
    with working(url) as work:
        start = max(crm.position - EVENTS, 0)
        soon(crm.subscribe("worker", work.one, start=start)).catch_up()


def in_batches(crm: crmcore.CRM, _pool: Any) -> None:
    with working(crm._database.address) as work:
        soon(crm.subscribe("worker", work.many, batch=20)).catch_up()


def following(crm: crmcore.CRM, _pool: Any) -> None:
    """Two consumers of one name, of which one works."""
    with working(crm._database.address) as work, working(crm._database.address) as other:
        start = max(crm.position - EVENTS, 0)
        first = soon(crm.subscribe("worker", work.one, start=start))
        with first.follow(), soon(crm.subscribe("worker", other.one)).follow():
            first.catch_up()


def judge_work(url: str) -> None:
    """See that nothing was skipped, nothing done twice, and all in order."""
    with crmcore.open(url, clock=clock) as crm:
        address, found = crm._database.address, crm.subscriptions.status()
    with working(address) as work:
        done = [one for (one,) in work.file.execute("SELECT position FROM done ORDER BY number")]
        told = [one for (one,) in work.file.execute("SELECT position FROM told ORDER BY number")]
    if not found:
        assert told == [], "something was told before there was a subscription"
        return
    (standing,) = found
    first = standing.started_after + 1
    assert done == list(range(first, first + len(done))), "something was done out of order"
    assert standing.position < first + len(done), "something was skipped"
    for before, after in pairwise(told):
        assert after <= before + 1, f"{after} was told after {before}"
    assert standing.dead_letters == ()


def judge_end(url: str) -> None:
    """See that all was done, by the subscription started again."""
    judge_work(url)
    with crmcore.open(url, clock=clock) as crm:
        (standing,) = crm.subscriptions.status()
        assert standing.position >= standing.started_after + EVENTS
        assert crm.verify().intact
        effects(crm._database.address).unlink()


# Processes


def opened_to_pass(url: str, *, now: bool) -> crmcore.CRM:
    process = attrs.evolve(at_once() if now else PASSING, start="beginning")
    return crmcore.open(url, clock=clock, contexts=[pinging(process)])


def kick(crm: crmcore.CRM) -> None:
    for number in range(BALLS):
        ball = PassBall(ball_id=uid(5_000 + number), left=PASSES, at=START)
        crm.execute(ball, by="killed", command_id=uid(6_000 + number))


def process(crm: crmcore.CRM, _pool: Any) -> None:
    with opened_to_pass(crm._database.address, now=False) as passing:
        kick(passing)
        for one in passing._core._processes:
            soon(passing.processes._subscription(one)).catch_up()
        passing.processes.catch_up()


def process_at_once(crm: crmcore.CRM, _pool: Any) -> None:
    with opened_to_pass(crm._database.address, now=True) as passing:
        kick(passing)


def passes(url: str) -> dict[Any, list[int]]:
    """How often each ball was passed on so far, by the command that began it."""
    found = dict[Any, list[int]]()
    with opened_to_pass(url, now=True) as crm:
        assert crm.verify().intact
        for one in crm.events():
            if one.topic == "pinging.ball-passed":
                begun = one.correlation_id or one.command_id
                found.setdefault(begun, []).append(one.event.left)
    return found


def judge_passes(url: str) -> None:
    """See that each ball was passed on in order, and never twice."""
    for left in passes(url).values():
        assert left == list(range(PASSES, PASSES - len(left), -1)), left


def judge_all_passes(url: str) -> None:
    """See that each was passed on so often as it says."""
    found = passes(url)
    assert len(found) == BALLS
    assert {tuple(left) for left in found.values()} == {tuple(range(PASSES, -1, -1))}


def judge_passes_at_once(url: str) -> None:
    """See that what follows is there whenever that is which it follows."""
    assert {tuple(left) for left in passes(url).values()} <= {tuple(range(PASSES, -1, -1))}
