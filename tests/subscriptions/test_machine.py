"""A subscription against a naive one: events, failures, crashes before and after a handler, retries, resets.

The naive one is a place, the dead letters by position, and a loop.
"""

import tempfile
from collections.abc import Collection
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import stateful as machine
from hypothesis import strategies as st

import crmcore
from crmcore.subscriptions import Delivery, Retry, Subscription
from tests.histories import Clock
from tests.subscriptions.consuming import Notes, at_positions, buy, shop, state_of

ATTEMPTS = 2
POSITIONS = st.sets(st.integers(1, 12), max_size=4)


class CrashError(BaseException):
    """What ends a process: no handler of errors takes it for one."""


@attrs.define
class Naive:
    """What a subscription does, without a database, leases, pages or threads."""

    log: int = 0
    place: int = 0
    letters: dict[int, int] = attrs.Factory(dict)
    """Attempts by position."""
    again: set[int] = attrs.Factory(set)
    seen: list[tuple[int, int]] = attrs.Factory(list)
    """Each delivery: its position, and which attempt it was."""

    def catch_up(self, failing: Collection[int], crash: int | None) -> None:
        for position in sorted(self.again):
            tries = self.deliver(position, failing, crash)
            if tries is None:
                self.letters.pop(position)
            else:
                self.letters[position] += tries
            self.again.discard(position)
        while self.place < self.log:
            tries = self.deliver(self.place + 1, failing, crash)
            self.place += 1
            if tries is not None:
                self.letters[self.place] = tries
                self.again.discard(self.place)

    def deliver(self, position: int, failing: Collection[int], crash: int | None) -> int | None:
        """Attempts that failed; None where it went well."""
        for attempt in range(1, ATTEMPTS + 1):
            self.seen.append((position, attempt))
            if position == crash:
                raise CrashError
            if position not in failing:
                return None
        return ATTEMPTS


class Consuming(machine.RuleBasedStateMachine):
    """Whatever happens, the same is delivered in the same order, and the same is put aside."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.url = f"sqlite:///{Path(self.folder.name, 'crm.db')}"
        self.naive, self.seen = Naive(), list[tuple[int, int]]()
        self.failing, self.crash = set[int](), list[int]()
        self.ids = dict[int, object]()
        with shop(self.url, orders=0):
            self.naive.log = 1
        self.crm = crmcore.open(self.url, clock=Clock())
        self.crm.subscribe("mailer", print)

    def teardown(self) -> None:
        self.crm.close()
        self.folder.cleanup()

    def handle(self, delivery: Delivery) -> None:
        position = delivery.position
        assert self.ids.setdefault(position, delivery.id) == delivery.id
        self.seen.append((position, delivery.attempt))
        if position in self.crash:
            raise CrashError
        if position in self.failing:
            raise ValueError

    @property
    def subscription(self) -> Subscription:
        return self.crm.subscribe("mailer", self.handle, retry=Retry(ATTEMPTS, first=0))

    @machine.rule(count=st.integers(1, 3))
    def record(self, count: int) -> None:
        buy(self.crm, count)
        self.naive.log += count

    @machine.rule(failing=POSITIONS)
    def catch_up(self, failing: set[int]) -> None:
        self.failing, self.crash = failing, []
        self.naive.catch_up(failing, None)
        self.subscription.catch_up()
        assert state_of(self.crm, "mailer").state == "caught up"

    @machine.rule(failing=POSITIONS, position=st.integers(1, 12))
    def crash_at_a_handler(self, failing: set[int], position: int) -> None:
        self.failing, self.crash = failing, [position]
        crashed = False
        try:
            self.naive.catch_up(failing, position)
        except CrashError:
            crashed = True
        if crashed:
            with pytest.raises(CrashError):
                self.subscription.catch_up()
        else:
            self.subscription.catch_up()

    @machine.rule(positions=POSITIONS)
    def retry(self, positions: set[int]) -> None:
        wanted = positions & self.naive.letters.keys()
        assert self.crm.subscriptions.retry("mailer", positions) == len(wanted)
        self.naive.again |= wanted

    @machine.rule(positions=POSITIONS)
    def discard(self, positions: set[int]) -> None:
        dropped = positions & self.naive.letters.keys()
        assert self.crm.subscriptions.discard("mailer", positions) == len(dropped)
        for position in dropped:
            del self.naive.letters[position]
        self.naive.again -= dropped

    @machine.rule(to=st.integers(0, 12))
    def reset(self, to: int) -> None:
        self.naive.place = min(to, self.naive.log)
        self.crm.subscriptions.reset("mailer", self.naive.place)

    @machine.rule()
    def open_anew(self) -> None:
        self.crm.close()
        self.crm = crmcore.open(self.url, clock=Clock())

    @machine.invariant()
    def both_agree(self) -> None:
        assert self.seen == self.naive.seen
        found = state_of(self.crm, "mailer")
        assert (found.position, found.head) == (self.naive.place, self.naive.log)
        letters = {one.position: one.attempts for one in found.dead_letters}
        assert letters == self.naive.letters
        assert {one.position for one in found.dead_letters if one.again} == self.naive.again


TestConsuming = Consuming.TestCase
TestConsuming.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)


@settings(max_examples=15, deadline=None)
@given(orders=st.integers(0, 9), failing=st.sets(st.integers(1, 10)), batch=st.integers(1, 10))
def test_in_batches_too_each_event_is_delivered_in_order_or_put_aside(
    orders: int, failing: set[int], batch: int
) -> None:
    went_well = list[int]()

    def load(given: list[Delivery]) -> None:
        assert 1 <= len(given) <= batch
        for one in given:
            Notes(at_positions(*failing))(one)
        went_well.extend(one.position for one in given)

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder, 'crm.db')}"
        with shop(url, orders=orders) as crm:
            crm.subscribe("loader", load, batch=batch, retry=Retry(1)).catch_up()
            aside = [one.position for one in crm.subscriptions.dead_letters("loader")]
    positions = range(1, orders + 2)
    assert went_well == [one for one in positions if one not in failing]
    assert aside == [one for one in positions if one in failing]
