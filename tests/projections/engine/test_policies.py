"""Dead letters: a projection stops, holds the groups concerned or skips; and tries again."""

from collections.abc import Callable
from typing import Any

import attrs
import pytest

import crmcore
from crmcore import commands as ask
from crmcore.errors import ProjectionStoppedError
from crmcore.infrastructure.log.append import NewRecord, append
from crmcore.projections.engine.poison.dead_letters import Policy
from crmcore.projections.engine.projection import Projection
from crmcore.projections.engine.rebuild.worker import Limits
from crmcore.testing.rows import following
from tests.histories import Clock, send
from tests.projections.contract import catch_up
from tests.projections.engine.hosting import COUNTED, guests, maintenance, noting, shown
from tests.projections.engine.test_poison import stands, store, stored
from tests.projections.examples import at, named
from tests.scenario import uid

ANN, BEN = uid(1), uid(2)
BAD = 3
"""The position at which Ann's second name comes; her first is 1, Ben's are 2 and 5, her third 4."""

Spoil = Callable[[crmcore.CRM], Callable[[], None]]


def opened(url: str, projection: Projection) -> crmcore.CRM:
    return crmcore.open(url, clock=Clock(), projections=[projection])


def renamed(name: str, customer: Any) -> ask.CorrectCustomerName:
    return ask.CorrectCustomerName(customer_id=customer, name=name, at=at("2021-01-01"))


def tell(crm: crmcore.CRM) -> None:
    send(crm, [named("Ann", ANN), named("Ben", BEN), renamed("Bad", ANN)])
    send(crm, [renamed("Ann 3", ANN), renamed("Ben 2", BEN)])


def follow(crm: crmcore.CRM, how: str) -> None:
    """Fill the rows: by catching up, *how* many events at a time, or by a rebuild in small steps."""
    if how != "rebuild":
        catch_up(crm, int(how))
        return
    maintenance(crm, Limits(page=2, commit=2)).rebuild("guests")
    crm.maintenance.switch("guests")


def unreadable(crm: crmcore.CRM) -> Callable[[], None]:
    data = stored(crm, BAD)
    store(crm, BAD, data="{")
    return lambda: store(crm, BAD, data=data)


def unknown(crm: crmcore.CRM) -> Callable[[], None]:
    store(crm, BAD, topic="customer-renamed")
    return lambda: store(crm, BAD, topic="customer-name-corrected")


HOWS = pytest.mark.parametrize("how", ["1", "2000", "rebuild"])
SPOILS = pytest.mark.parametrize("spoil", [unreadable, unknown])
KEPT = {
    Policy.HOLD: [("Ann", 1), ("Ben 2", 2)],
    Policy.SKIP: [("Ann 3", 2), ("Ben 2", 2)],
}
WHOLE = [("Ann 3", 3), ("Ben 2", 2)]


def names(crm: crmcore.CRM) -> list[tuple[str, int]]:
    return [(row["name"], row["names"]) for row in shown(crm, COUNTED)]


@HOWS
@SPOILS
@pytest.mark.parametrize("policy", [Policy.HOLD, Policy.SKIP])
def test_what_cannot_be_read_is_a_dead_letter_and_tried_again(
    database_url: str, policy: Policy, spoil: Spoil, how: str
) -> None:
    with opened(database_url, noting([], policy, lambda _event: False)) as crm:
        tell(crm)
        mend = spoil(crm)
        if how == "rebuild":
            follow(crm, how)
        else:
            catch_up_guests(crm, int(how))
        assert names(crm) == KEPT[policy]
        status = stands(crm)["guests"]
        assert status.state == "caught up"
        (letter,) = status.dead_letters
        assert (letter.position, letter.policy, list(letter.groups)) == (BAD, policy, [str(ANN)])
        assert ("Corrupt" if spoil is unreadable else "UnknownTopic") in letter.cause

        assert [one.position for one in crm.maintenance.retry("guests").remaining] == [BAD]
        assert names(crm) == KEPT[policy]
        assert stands(crm)["guests"].dead_letters == status.dead_letters
        mend()
        tried = crm.maintenance.retry("guests")
        assert (tried.tried, list(tried.remaining)) == (1, [])
        assert names(crm) == WHOLE
        assert stands(crm)["guests"].dead_letters == ()
        assert crm.maintenance.retry("guests").tried == 0


def catch_up_guests(crm: crmcore.CRM, batch: int) -> None:
    """Catch up the host's own read model alone; others may stop, and that is right."""
    (only,) = [one for one in crm.projections if one.name == "guests"]
    following(crm, batch=batch, projections=[only]).catch_up()


@HOWS
@pytest.mark.parametrize("policy", [Policy.HOLD, Policy.SKIP])
def test_a_handler_that_fails_may_be_gone_past(database_url: str, policy: Policy, how: str) -> None:
    broken = [True]
    projection = noting([], policy, lambda event: broken[0] and event.name == "Bad")
    with opened(database_url, projection) as crm:
        tell(crm)
        follow(crm, how)
        assert names(crm) == KEPT[policy]
        (letter,) = stands(crm)["guests"].dead_letters
        assert letter.position == BAD
        assert letter.cause.startswith("RuntimeError in ")
        assert len(crm.maintenance.retry("guests").remaining) == 1
        assert names(crm) == KEPT[policy]
        broken[0] = False
        assert list(crm.maintenance.retry("guests").remaining) == []
        assert names(crm) == WHOLE


@HOWS
@pytest.mark.parametrize("policy", [Policy.HOLD, Policy.SKIP])
def test_rows_that_the_database_refuses_may_be_gone_past(
    database_url: str, policy: Policy, how: str
) -> None:
    def handle(event: Any, recorded: Any, rows: Any) -> None:
        key = str(recorded.subject_id)
        count = (rows.get(COUNTED, key) or {"names": 0})["names"] + 1
        name = None if event.name == "Bad" else event.name
        rows.put(COUNTED, {"customer_id": key, "name": name, "names": count})

    with opened(database_url, guests(handle, COUNTED, on_poison=policy)) as crm:
        send(crm, [named("Ann", ANN), named("Ben", BEN), renamed("Bad", ANN)])
        follow(crm, how)
        send(crm, [renamed("Ann 3", ANN), renamed("Ben 2", BEN)])
        crm.catch_up()
        assert names(crm) == KEPT[policy]
        assert [one.position for one in crm.maintenance.retry("guests").remaining] == [BAD]
        assert names(crm) == KEPT[policy]


@pytest.mark.parametrize("how", ["2000", "rebuild"])
def test_with_stop_it_stops_at_any_of_them(database_url: str, how: str) -> None:
    with opened(database_url, noting([], Policy.STOP, lambda _event: False)) as crm:
        tell(crm)
        mend = unknown(crm)
        with pytest.raises(ProjectionStoppedError, match=f"stopped at position {BAD} "):
            follow(crm, how)
        if how != "rebuild":
            assert stands(crm)["guests"].state == "stopped"
            assert names(crm) == [("Ann", 1), ("Ben", 1)]
        mend()
        follow(crm, how)
        assert names(crm) == WHOLE


def test_a_rebuild_tells_how_many_dead_letters_it_left(database_url: str) -> None:
    with opened(database_url, noting([], Policy.SKIP, lambda event: "Bad" in event.name)) as crm:
        tell(crm)
        send(crm, [renamed(f"Bad {n}", BEN) for n in range(5)])
        assert crm.maintenance.estimate("guests").sampled == crm.position
        assert crm.maintenance.rebuild("guests").dead_letters == 6
        crm.catch_up()
        assert crm.maintenance.compare("guests").equal


def test_many_that_nobody_knows_are_gone_past_at_once(database_url: str) -> None:
    """Each of them put aside by a fold of its own would take hours, or the stack."""
    seen: list[int] = []
    with opened(database_url, noting(seen, Policy.SKIP, lambda _event: False)) as crm:
        tell(crm)
        foreign = [
            NewRecord(str(uid(9)), n, "moon-landed", "{}", subject_id=str(ANN))
            for n in range(1, 1_500)
        ]
        with crm._database.write() as connection:
            append(connection, crm._database.tables, foreign, 0)
        crm.catch_up()
        assert len(stands(crm)["guests"].dead_letters) == len(foreign)
        assert len(seen) == 5
        assert crm.maintenance.rebuild("guests").dead_letters == len(foreign)
        assert crm.maintenance.compare("guests").equal


# Groups that share events


def sharing(broken: list[bool]) -> Projection:
    """Counts the events of each customer and of each initial: every event is in two groups."""

    def groups(recorded: Any) -> Any:
        return str(recorded.subject_id), recorded.event.name[0]

    def handle(event: Any, recorded: Any, rows: Any) -> None:
        for group in groups(recorded):
            count = (rows.get(COUNTED, group) or {"names": 0})["names"] + 1
            rows.put(COUNTED, {"customer_id": group, "name": group, "names": count})
        if broken[0] and event.name == "Bad":
            raise RuntimeError("no such luck")

    return guests(handle, COUNTED, groups=groups, on_poison=Policy.HOLD)


@HOWS
def test_groups_that_share_an_event_with_a_held_one_wait_with_it(
    database_url: str, how: str
) -> None:
    broken = [True]
    with opened(database_url, sharing(broken)) as crm:
        tell(crm)
        send(crm, [named("Alf", uid(3)), named("Zoe", uid(4))])
        follow(crm, how)
        counts = dict(names(crm))
        assert counts == dict.fromkeys([str(ANN), "A", str(BEN), "B", str(uid(4)), "Z"], 1)
        letters = stands(crm)["guests"].dead_letters
        assert [one.position for one in letters] == [BAD, 4, 5, 6]
        assert [one.cause for one in letters[1:]] == [f"waits for position {n}" for n in (3, 3, 4)]
        assert len(crm.maintenance.retry("guests").remaining) == 4
        assert dict(names(crm)) == counts
        broken[0] = False
        assert crm.maintenance.retry("guests").tried == 4
        whole = {str(ANN): 3, str(BEN): 2, str(uid(3)): 1, str(uid(4)): 1, "A": 3, "B": 3, "Z": 1}
        assert dict(names(crm)) == whole


def test_an_event_whose_groups_are_unknown_stops_or_is_skipped(database_url: str) -> None:
    def groups(recorded: Any) -> Any:
        return (str(recorded.subject_id),)

    for policy in (Policy.HOLD, Policy.SKIP):
        projection = attrs.evolve(noting([], policy, lambda _event: False), groups=groups)
        projection = attrs.evolve(projection, partition=None)
        with crmcore.open(
            database_url, tenant=str(policy), clock=Clock(), projections=[projection]
        ) as crm:
            tell(crm)
            mend = unreadable(crm)
            with pytest.raises(ProjectionStoppedError) as stopped:
                crm.catch_up()
            assert ("guests" in str(stopped.value)) is (policy is Policy.HOLD)
            if policy is Policy.SKIP:
                assert len(crm.maintenance.retry("guests").remaining) == 1, "it is not forgotten"
            mend()
            crm.catch_up()
            crm.maintenance.retry("guests")
            assert names(crm) == WHOLE
            assert stands(crm)["guests"].dead_letters == ()
