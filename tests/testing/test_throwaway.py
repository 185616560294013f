"""Logs for one test: empty, apart from each other, complete, and gone at the end."""

import threading
from pathlib import Path
from typing import Any

import attrs
import pytest
import sqlalchemy as sa
from examples.workshop.context import WORKSHOP, ReceiveBike

from crmcore.commands import CustomerKind, RegisterCustomer
from crmcore.errors import MisuseError
from crmcore.policies import Policies
from crmcore.testing import throwaway
from tests.histories import Clock, a_rich_history, send
from tests.projections.contract import check
from tests.scenario import START, uid

ANN = RegisterCustomer(customer_id=uid(1), kind=CustomerKind.PERSON, name="Ann", at=START)


def test_each_is_empty_and_gone_at_the_end() -> None:
    files = []
    for _ in range(4):
        with throwaway() as crm:
            assert crm.position == 0
            assert crm.execute(ANN, by="me").position == 1
            crm.catch_up()
            assert [one.name for one in crm.read.customers.find("Ann").items] == ["Ann"]
            assert crm.verify().intact
            files.append(Path(str(crm._database.engine.url.database)))
            assert files[-1].exists()
    assert not any(file.parent.exists() for file in files)


@pytest.mark.parametrize("time", [1, 2, 3], ids="opened for the {}. time".format)
def test_every_read_model_is_as_in_a_log_of_its_own(time: int) -> None:
    """From the second time on with the same parts, the tables are there already."""
    policies = Policies(loyalty=attrs.evolve(Policies().loyalty, version=f"ours-{time}"))
    for _ in range(time):
        with throwaway(contexts=[WORKSHOP], policies=policies, clock=Clock()) as crm:
            send(crm, a_rich_history())
            crm.catch_up()
            assert {status.state for status in crm.status()} == {"caught up"}


def test_rows_are_right_whether_or_not_their_tables_were_there() -> None:
    for _ in range(3):
        with throwaway(clock=Clock()) as crm:
            send(crm, a_rich_history())
            crm.catch_up()
            check(crm)


def test_two_at_once_are_apart() -> None:
    with throwaway() as one, throwaway() as other:
        one.execute(ANN, by="me")
        assert (one.position, other.position) == (1, 0)


def test_many_threads_may_open_some() -> None:
    seen: list[int | None] = []

    def use() -> None:
        with throwaway() as crm:
            seen.append(crm.execute(ANN, by="me").position)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1] * 8


def test_a_reader_does_not_hold_a_writer_up() -> None:
    with throwaway() as crm:
        crm.execute(ANN, by="me")
        for recorded in crm.events():
            crm.execute(
                RegisterCustomer(
                    customer_id=uid(2), kind=CustomerKind.PERSON, name="Ben", at=recorded.event.at
                ),
                by="me",
            )
        assert crm.position == 2


def test_on_a_database_it_is_a_tenant_of_its_own(database_url: str) -> None:
    for _ in range(2):
        with throwaway(on=database_url, contexts=[WORKSHOP]) as crm:
            assert crm.position == 0
            crm.execute(ANN, by="me")
            bike = ReceiveBike(job_id=uid(11), customer_id=uid(1), fault="rust", at=START)
            receipt = crm.execute(bike, by="me")
            assert len(crm.read.at_least(receipt.position).workshop.find().items) == 1
    engine = sa.create_engine(database_url)
    names = sa.inspect(engine).get_schema_names()
    engine.dispose()
    assert [name for name in names if "throwaway" in name] == []
    if database_url.startswith("sqlite"):
        folder = Path(str(engine.url.database)).parent
        assert list(folder.glob("*throwaway*")) == []


def test_it_is_gone_where_the_test_fails_too() -> None:
    def fail() -> None:
        with throwaway() as crm:
            seen.append(Path(str(crm._database.engine.url.database)))
            raise RuntimeError("the test")

    seen: list[Path] = []
    with pytest.raises(RuntimeError, match="the test"):
        fail()
    assert not seen[0].exists()


@pytest.mark.parametrize(
    "wrong", [{"contexts": [7]}, {"contexts": [WORKSHOP, WORKSHOP]}], ids=["no context", "twice"]
)
def test_parts_that_clash_are_told_as_by_open(wrong: dict[str, Any]) -> None:
    with pytest.raises(MisuseError), throwaway(**wrong):
        pass
