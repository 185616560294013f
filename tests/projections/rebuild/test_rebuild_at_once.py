"""A rebuild or a switch while others are at it: a second rebuild, a reader, somebody who retires."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

import crmcore
from crmcore.errors import ProjectionStoppedError, StoreBusyError
from crmcore.projections.engine.rebuild.outcome import Rebuilt
from crmcore.projections.engine.rebuild.parts import Parts
from crmcore.projections.engine.rebuild.worker import Limits
from tests.histories import Clock, a_rich_history, send
from tests.projections.engine.hosting import FIRST, Wrapped, generations, maintenance, shown
from tests.projections.examples import named
from tests.scenario import uid


@pytest.fixture
def rich(database_url: str) -> Iterator[crmcore.CRM]:
    """A log with events of every context, and a host's own read model."""
    with crmcore.open(database_url, clock=Clock(), projections=[FIRST]) as crm:
        send(crm, a_rich_history())
        crm.catch_up()
        yield crm


def test_a_rebuild_whose_generation_is_retired_meanwhile_says_so(rich: crmcore.CRM) -> None:
    def retire(*_progress: object) -> None:
        rich.maintenance.retire("guests")

    with pytest.raises(ProjectionStoppedError, match="generation 2 is retired meanwhile"):
        maintenance(rich).rebuild("guests", report=retire)
    assert generations(rich) == {1: "live"}


def test_a_part_that_nobody_gets_on_with_is_waited_for_only_so_long(
    rich: crmcore.CRM, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Parts, "advance", lambda *_given: False)  # another worker moved it
        with pytest.raises(ProjectionStoppedError, match="does not get on: end it"):
            maintenance(rich, patience=0.1).rebuild("guests")
    assert maintenance(rich).rebuild("guests").resumed


@pytest.mark.parametrize("name", ["customer_history", "campaign_results"])
def test_two_rebuilds_at_once_fill_each_part_once(rich: crmcore.CRM, name: str) -> None:
    send(rich, [named(f"Nr {n}", uid(n)) for n in range(200, 240)])
    rich.catch_up()
    slow = Wrapped(rich.maintenance._source, lambda *_given: time.sleep(0.005))
    done: list[Rebuilt] = []

    def run() -> None:
        with ThreadPoolExecutor(2) as executor:
            keep = maintenance(rich, Limits(page=5, commit=10), source=slow)
            done.append(keep.rebuild(name, executor=executor, parts=2))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one.generation for one in done} <= {2}
    assert len(done) == 2
    assert rich.maintenance.compare(name).equal


def test_a_switch_waits_for_readers_only_briefly(postgres_url: str) -> None:
    with crmcore.open(postgres_url, clock=Clock(), projections=[FIRST]) as crm:
        send(crm, [named("Ann", uid(1))])
        crm.catch_up()
        crm.maintenance.rebuild("guests")
        with crm._database.engine.connect() as reader:
            reader.execute(text("SELECT * FROM guests"))
            switcher = threading.Thread(target=crm.maintenance.switch, args=("guests",))
            switcher.start()
            begun = time.monotonic()
            while time.monotonic() - begun < 1.2:
                assert shown(crm)  # which would wait for the reader, if it waited for the switch
            assert generations(crm) == {1: "live", 2: "building"}
        switcher.join()
        assert generations(crm) == {1: "previous", 2: "live"}


def test_a_switch_that_gets_no_chance_ends(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with crmcore.open(postgres_url, clock=Clock(), projections=[FIRST]) as crm:
        crm.catch_up()
        crm.maintenance.rebuild("guests")
        monkeypatch.setattr(
            "crmcore.projections.engine.maintenance.switch.time.sleep", lambda _s: None
        )
        monkeypatch.setattr("crmcore.projections.engine.maintenance.switch.SHORT_WAIT", "20ms")
        with crm._database.engine.connect() as reader:
            reader.execute(text("SELECT * FROM guests"))
            with pytest.raises(StoreBusyError, match="lock timeout"):
                crm.maintenance.switch("guests")
        assert generations(crm) == {1: "live", 2: "building"}
