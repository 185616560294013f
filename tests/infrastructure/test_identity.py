"""New identities grow with time; pseudonyms tell nothing and never mix one value with another."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import RFC_4122

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmcore.infrastructure.identity import Pseudonyms, new_id

KEY, OTHER_KEY = bytes(range(32)), bytes(32)


def test_a_new_id_is_a_uuid_of_version_7_with_the_time_in_it() -> None:
    before = time.time_ns() // 1_000_000
    one = new_id()
    after = time.time_ns() // 1_000_000
    assert (one.version, one.variant) == (7, RFC_4122)
    assert before <= one.int >> 80 <= after


def test_new_ids_are_distinct_even_within_one_instant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_767_603_600_000_999_999)
    ids = {new_id() for _ in range(10_000)}
    assert len(ids) == 10_000
    assert len({one.int >> 64 for one in ids}) == 1


@given(st.lists(st.integers(0, 2**62), min_size=2, max_size=5, unique=True))
def test_new_ids_are_ordered_by_time(instants: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        ids = {}
        for instant in instants:
            patch.setattr(time, "time_ns", lambda instant=instant: instant)
            ids[instant] = new_id()
    for one in instants:
        for other in instants:
            if other - one > 250:  # a quarter of a microsecond
                assert ids[one] < ids[other]
                assert str(ids[one]) < str(ids[other])


def test_threads_get_distinct_ids() -> None:
    with ThreadPoolExecutor(4) as pool:
        ids = [
            one
            for part in pool.map(lambda _: [new_id() for _ in range(2_000)], range(4))
            for one in part
        ]
    assert len(set(ids)) == 8_000


def test_a_new_id_can_be_read_as_an_instant() -> None:
    millis = new_id().int >> 80
    assert (
        abs((datetime.fromtimestamp(millis / 1000, UTC) - datetime.now(UTC)).total_seconds()) < 60
    )


pairs = st.tuples(st.text(max_size=4), st.text(max_size=8))


@given(pairs, pairs)
def test_pseudonyms_are_the_same_for_the_same_value_alone(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    pseudonym = Pseudonyms(KEY)
    assert (pseudonym(*one) == pseudonym(*other)) == (one == other)
    assert pseudonym(*one) != Pseudonyms(OTHER_KEY)(*one)
    assert pseudonym(*one) == Pseudonyms(KEY)(*one)
    assert (pseudonym(*one).version, pseudonym(*one).variant) == (8, RFC_4122)


def test_a_kind_and_its_value_never_run_together() -> None:
    pseudonym = Pseudonyms(KEY)
    assert (
        len(
            {
                pseudonym(*pair)
                for pair in (("ab", "c"), ("a", "bc"), ("", "abc"), ("1", ":x"), ("1:", "x"))
            }
        )
        == 5
    )


def test_the_key_is_not_shown() -> None:
    assert repr(Pseudonyms(b"secret" * 5)) == "Pseudonyms()"
