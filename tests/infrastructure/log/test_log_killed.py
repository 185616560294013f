"""A writer that is killed at any instant: what it told of is there, and nothing is half there."""

import random
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import crmcore
from tests.application.hammer import cost, plan, spent

ROOT = Path(__file__).parents[3]
KILLS = 5


def told_before_it_was_killed(url: str, seconds: float) -> dict[UUID, int]:
    """The bookings that a process told of until it was killed, by their ids."""
    arguments = [sys.executable, "-m", "tests.application.hammer", url, "1000000"]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(seconds)
        writer.kill()
        lines = [first, *writer.stdout.read().splitlines()]
    whole = [line.split() for line in lines if len(line.split()) == 2]
    return {UUID(cost_id): int(position) for position, cost_id in whole if len(cost_id) == 36}


def test_a_killed_writer_loses_nothing_that_it_told_of(database_url: str) -> None:
    instants = random.Random(4711)
    with crmcore.open(database_url) as crm:
        crm.execute(plan(), by="me")
    told: dict[UUID, int] = {}
    for _ in range(KILLS):
        told |= told_before_it_was_killed(database_url, instants.uniform(0.0, 0.15))
        with crmcore.open(database_url) as crm:
            assert crm.verify().intact
            stored = {one.event.cost_id: one.position for one in crm.events(after=1)}
            assert told.items() <= stored.items()
            assert list(stored.values()) == list(range(2, len(stored) + 2))
            assert len(stored) <= len(told) + KILLS  # at most one a kill was not told of
            for cost_id, position in told.items():
                receipt = crm.execute(cost(cost_id), by="me", command_id=cost_id)
                assert (receipt.repeated, receipt.position) == (True, position)
            assert spent(crm) == len(stored)
    assert len(told) >= KILLS
