"""Upcasters: chains are complete or refused; events come out in the terms that the code reads."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmcore.infrastructure.events.upcasting import (
    Fields,
    Upcaster,
    UpcasterChainError,
    Upcasters,
)

CURRENT = {"customer-registered": 3, "address-added": 1}


def renamed(topic: str) -> Any:
    return lambda fields: [(topic, fields)]


def named(fields: Fields) -> Sequence[tuple[str, Fields]]:
    """Version 1 kept two names; version 2 has one."""
    return [("customer-registered", {"name": f"{fields['first']} {fields['last']}"})]


def split(fields: Fields) -> Sequence[tuple[str, Fields]]:
    """Version 2 could carry an address; version 3 leaves that to an event of its own."""
    events: list[tuple[str, Fields]] = [("customer-registered", {"name": fields["name"]})]
    if "address" in fields:
        events.append(("address-added", {"address": fields["address"]}))
    return events


FIRST = Upcaster("customer-registered", 1, {"customer-registered": 2}, named)
SECOND = Upcaster("customer-registered", 2, {"customer-registered": 3, "address-added": 1}, split)
OLD_NAME = Upcaster(
    "person-registered", 1, {"customer-registered": 2}, renamed("customer-registered")
)
MEANINGLESS = Upcaster("page-viewed", 1, {}, lambda _: [])
ALL = (FIRST, SECOND, OLD_NAME, MEANINGLESS)


@pytest.mark.parametrize(
    ("topic", "version", "fields", "events"),
    [
        pytest.param("address-added", 1, {"a": 1}, [("address-added", {"a": 1})], id="current"),
        pytest.param(
            "customer-registered",
            1,
            {"first": "Ada", "last": "Lovelace"},
            [("customer-registered", {"name": "Ada Lovelace"})],
            id="over two versions",
        ),
        pytest.param(
            "customer-registered",
            2,
            {"name": "Ada", "address": "London"},
            [("customer-registered", {"name": "Ada"}), ("address-added", {"address": "London"})],
            id="split",
        ),
        pytest.param(
            "person-registered",
            1,
            {"name": "Ada"},
            [("customer-registered", {"name": "Ada"})],
            id="renamed, then upcast further",
        ),
        pytest.param("page-viewed", 1, {}, [], id="dropped"),
    ],
)
def test_an_older_event_is_read_in_present_terms(
    topic: str, version: int, fields: Fields, events: list[tuple[str, Fields]]
) -> None:
    upcasters = Upcasters(ALL, CURRENT)
    assert list(upcasters(topic, version, fields)) == events
    assert upcasters.knows(topic, version)
    assert upcasters.is_current(topic, version) == (events == [(topic, fields)])


def test_the_topics_under_which_an_event_was_ever_stored_are_known() -> None:
    upcasters = Upcasters(ALL, CURRENT)
    assert upcasters.sources(["address-added"]) == {
        "address-added",
        "customer-registered",
        "person-registered",
    }
    assert upcasters.sources(["page-viewed"]) == {"page-viewed"}


def test_topics_that_are_gone_from_the_code_are_still_known() -> None:
    assert Upcasters(ALL, CURRENT).topics == {*CURRENT, "person-registered", "page-viewed"}


LOOP = Upcaster("a", 1, {"b": 1}, renamed("b")), Upcaster("b", 1, {"a": 1}, renamed("a"))


@pytest.mark.parametrize(
    ("upcasters", "current", "message"),
    [
        pytest.param([SECOND], CURRENT, "customer-registered version 1 has no upcaster", id="gap"),
        pytest.param([FIRST], CURRENT, "version 2 has no upcaster", id="leads nowhere"),
        pytest.param([*ALL, FIRST], CURRENT, None, id="the same twice"),
        pytest.param(
            [*ALL, Upcaster("customer-registered", 1, {}, named)],
            CURRENT,
            "version 1 has two upcasters",
            id="two",
        ),
        pytest.param(LOOP, {}, "leads back to itself", id="loop"),
        pytest.param(
            [Upcaster("address-added", 1, {}, named), *ALL], CURRENT, "is current", id="current"
        ),
    ],
)
def test_chains_are_complete_or_refused(
    upcasters: Sequence[Upcaster], current: Mapping[str, int], message: str | None
) -> None:
    if message is None:
        Upcasters(upcasters, current)
        return
    with pytest.raises(UpcasterChainError, match=message):
        Upcasters(upcasters, current)


@given(st.integers(1, 6), st.data())
def test_every_version_ever_stored_ends_current(current: int, data: st.DataObject) -> None:
    chain = [
        Upcaster("t", version, {"t": version + 1}, lambda fields: [("t", {"n": fields["n"] + 1})])
        for version in range(1, current)
    ]
    stored = data.draw(st.integers(1, current))
    assert list(Upcasters(chain, {"t": current})("t", stored, {"n": 0})) == [
        ("t", {"n": current - stored})
    ]
