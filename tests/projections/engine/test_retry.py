"""Trying dead letters again: all or nothing, and only where the rows are of this code."""

import attrs
import pytest

import crmcore
from crmcore.errors import ProjectionStoppedError
from crmcore.projections.engine.poison.dead_letters import Policy
from tests.histories import Clock, a_rich_history, send
from tests.projections.contract import check, rows_of
from tests.projections.engine.hosting import FIRST, noting
from tests.projections.engine.test_poison import stands, store
from tests.projections.engine.test_policies import names, opened, tell


def test_what_could_be_applied_before_and_cannot_now_stops_the_retry(database_url: str) -> None:
    bad = ["Bad"]
    held = noting([], Policy.HOLD, lambda event: event.name in bad)
    with opened(database_url, attrs.evolve(held, on_poison=Policy.SKIP)) as crm:
        tell(crm)
        crm.catch_up()
    stopping = attrs.evolve(held, on_poison=Policy.STOP)
    bad[:] = ["Ann 3"]
    with opened(database_url, stopping) as crm:
        before = names(crm), stands(crm)["guests"].dead_letters
        with pytest.raises(ProjectionStoppedError, match="stopped at position 4 "):
            crm.maintenance.retry("guests")
        assert (names(crm), stands(crm)["guests"].dead_letters) == before


def test_rows_of_another_definition_are_not_folded_again(database_url: str) -> None:
    with opened(database_url, noting([], Policy.SKIP, lambda event: event.name == "Bad")) as crm:
        tell(crm)
        crm.catch_up()
    with (
        opened(database_url, FIRST) as crm,
        pytest.raises(ProjectionStoppedError, match="guests: rebuild needed"),
    ):
        crm.maintenance.retry("guests")


def test_our_read_models_skip_topics_that_nobody_knows_until_they_are_known(
    database_url: str,
) -> None:
    with crmcore.open(database_url, clock=Clock()) as crm:
        send(crm, a_rich_history())
        known = {one.position: one.topic for one in crm.events()}
        wanted = ("order-placed", "case-assigned", "consent-given", "customer-registered")
        for position, topic in known.items():
            if topic in wanted:
                store(crm, position, topic=f"once-{topic}")
        crm.catch_up()
        for projection in crm.projections:
            before = rows_of(crm, projection), stands(crm)[projection.name].dead_letters
            assert before[1]
            crm.maintenance.retry(projection.name)
            assert (rows_of(crm, projection), stands(crm)[projection.name].dead_letters) == before
            crm.maintenance.rebuild(projection.name)
            assert crm.maintenance.compare(projection.name).equal
        for position, topic in known.items():
            store(crm, position, topic=topic)
        for projection in crm.projections:
            crm.maintenance.retry(projection.name)
            assert stands(crm)[projection.name].dead_letters == ()
        check(crm)
