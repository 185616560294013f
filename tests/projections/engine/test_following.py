"""Following in the background: woken when something is recorded; reading one's own writes."""

import logging
import time

import pytest
from sqlalchemy import create_engine, text

import crmcore
from tests.histories import Clock, a_rich_history, send
from tests.patience import eventually
from tests.projections.contract import check
from tests.projections.examples import ANN, at, known, order


def caught_up(crm: crmcore.CRM) -> bool:
    return {status.state for status in crm.status()} == {"caught up"}


def test_a_command_of_this_process_wakes_the_follower(database_url: str) -> None:
    with (
        crmcore.open(database_url, clock=Clock()) as crm,
        crm.follow(every=60),  # so long that only being woken can explain what follows
    ):
        send(crm, a_rich_history())
        eventually(lambda: caught_up(crm))
        check(crm)


def test_a_command_of_another_process_wakes_the_follower(postgres_url: str) -> None:
    with crmcore.open(postgres_url, clock=Clock()) as crm, crm.follow(every=60):
        eventually(lambda: caught_up(crm))
        with crmcore.open(postgres_url, clock=Clock()) as other:
            send(other, a_rich_history())
        eventually(lambda: crm.position > 0 and caught_up(crm))


def test_what_another_process_records_in_a_file_is_found_by_looking(sqlite_url: str) -> None:
    with crmcore.open(sqlite_url, clock=Clock()) as crm, crm.follow(every=0.05):
        with crmcore.open(sqlite_url, clock=Clock()) as other:
            send(other, a_rich_history())
        eventually(lambda: crm.position > 0 and caught_up(crm))


def test_a_killed_backend_is_replaced(postgres_url: str, caplog: pytest.LogCaptureFixture) -> None:
    killer = create_engine(postgres_url)
    with (
        caplog.at_level(logging.CRITICAL),  # the follower's warnings are its own affair here
        crmcore.open(postgres_url, clock=Clock()) as crm,
        crm.follow(every=0.1),
    ):
        send(crm, known(ANN))
        eventually(lambda: caught_up(crm))
        with killer.begin() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        send(crm, [order(1, "5", at("2025-05-01"))])
        eventually(lambda: crm.position > 0 and caught_up(crm))
        check(crm)
    killer.dispose()


def test_the_follower_ends_at_once_however_long_it_would_wait(database_url: str) -> None:
    with crmcore.open(database_url, clock=Clock()) as crm:
        begun = time.monotonic()
        with crm.follow(every=600):
            pass
        assert time.monotonic() - begun < 600


def test_your_own_write_is_read_though_nobody_follows(database_url: str) -> None:
    with crmcore.open(database_url, clock=Clock()) as crm:
        send(crm, known(ANN))
        receipt = crm.execute(order(1, "5", at("2025-05-01")), by="test")
        status = crm.read.at_least(receipt.position).loyalty.get(ANN)
        assert status is not None
        assert status.orders == 1
        behind = {one.name for one in crm.status() if one.state != "caught up"}
        assert "loyalty_status" not in behind
        assert behind  # only what was asked for was brought up to date
