"""The contract of every read model, over whole histories: rows follow from the log alone."""

from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import crmcore
from crmcore.domain.kernel import Command
from tests.histories import Clock, a_rich_history, histories, send
from tests.projections.contract import catch_up, check, comparable, fresh, live_rows, rows_of
from tests.projections.naive import MODELS

number = count()


@settings(max_examples=50, deadline=None)
@given(histories())
def test_rows_are_what_a_naive_recomputation_says(history: list[Command]) -> None:
    with fresh() as crm:
        send(crm, history)
        crm.catch_up()
        assert {one.name for one in crm.projections} == set(MODELS)
        check(crm)


@settings(max_examples=15, deadline=None)
@given(histories(), st.integers(1, 40), st.integers(1, 40))
def test_any_split_of_a_replay_gives_the_same_rows(
    history: list[Command], batch: int, sent: int
) -> None:
    with fresh() as crm:
        for start in range(0, len(history), sent):
            send(crm, history[start : start + sent])
            catch_up(crm, batch)
        check(crm)


@settings(max_examples=3, deadline=None)
@given(histories(most=30))
def test_every_prefix_of_the_log_gives_its_own_rows(history: list[Command]) -> None:
    with fresh() as crm:
        for command in history:
            send(crm, [command])
            catch_up(crm, 1)
            check(crm)


@settings(max_examples=8, deadline=None)
@given(histories())
def test_delivering_again_changes_nothing(history: list[Command]) -> None:
    with fresh() as crm:
        send(crm, history)
        crm.catch_up()
        before = [rows_of(crm, projection) for projection in crm.projections], crm.status()
        catch_up(crm, 3)
        crm.catch_up()
        assert (
            [rows_of(crm, projection) for projection in crm.projections],
            crm.status(),
        ) == before


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=histories(), batch=st.integers(4, 50))
def test_postgresql_shows_the_rows_of_sqlite(
    postgres_url: str, history: list[Command], batch: int
) -> None:
    tenant = f"t{next(number)}"
    with fresh() as sqlite, crmcore.open(postgres_url, tenant=tenant, clock=Clock()) as postgres:
        for crm in (sqlite, postgres):
            send(crm, history)
            catch_up(crm, batch)
            check(crm)
        for projection in sqlite.projections:
            ours, theirs = rows_of(sqlite, projection), rows_of(postgres, projection)
            assert comparable(ours) == comparable(theirs)


def test_the_view_shows_exactly_the_rows_of_the_live_generation(
    database_url: str,
) -> None:
    with crmcore.open(database_url, clock=Clock()) as crm:
        send(crm, a_rich_history())
        crm.catch_up()
        for projection in crm.projections:
            shown = rows_of(crm, projection)
            assert all(shown.values()), "a rich history leaves no table empty"
            assert shown == live_rows(crm, projection)
