"""A lead's address: one holder at a time, each inquiry noted once."""

import pytest

from crmcore.domain.sales.lead_address import (
    AGGREGATE,
    LeadAddressClaimed,
    LeadAddressReused,
    address_keys,
    claim,
    reuse,
)
from tests.scenario import at, uid

ADDRESS, LEAD, NEXT, INQUIRY = uid(1), uid(2), uid(3), uid(4)


def test_claimed_by_one_lead_after_the_other() -> None:
    (first,) = claim(ADDRESS, LEAD, at(), AGGREGATE.initial)
    assert first == LeadAddressClaimed(address_id=ADDRESS, lead_id=LEAD, at=at())
    held = AGGREGATE.fold([first])
    assert claim(ADDRESS, LEAD, at(days=1), held) == []
    passed_on = AGGREGATE.fold(claim(ADDRESS, NEXT, at(days=1), held), held)
    assert passed_on.holder == AGGREGATE.subject(passed_on) == NEXT


def test_an_inquiry_is_noted_once() -> None:
    held = AGGREGATE.fold(claim(ADDRESS, LEAD, at(), AGGREGATE.initial))
    (noted,) = reuse(ADDRESS, INQUIRY, at(days=1), held)
    assert noted == LeadAddressReused(
        address_id=ADDRESS, lead_id=LEAD, inquiry_id=INQUIRY, at=at(days=1)
    )
    assert reuse(ADDRESS, INQUIRY, at(days=2), AGGREGATE.fold([noted], held)) == []
    assert reuse(ADDRESS, INQUIRY, at(days=2), AGGREGATE.initial) == []


@pytest.mark.parametrize(
    ("email", "keys"),
    [
        ("Ann@Acme.io", ["ann@acme.io"]),
        ("JÖRG@münchen.de", ["jörg@münchen.de"]),
        ("info@straße.de", ["info@straße.de", "info@strasse.de"]),
    ],
)
def test_an_address_is_also_looked_up_under_the_key_that_logs_had_for_it(
    email: str, keys: list[str]
) -> None:
    assert list(address_keys(email)) == keys
