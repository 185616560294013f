"""The number of a case is that of one case alone, and names it wherever one is asked for."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import attrs
import pytest

import crmcore
from crmcore import CRM
from crmcore import commands as ask
from crmcore.domain.service.case.messages.opening import CaseOpened
from crmcore.domain.service.case_number import CaseNumberClaimed, CaseNumberTakenError
from crmcore.errors import (
    AlreadyExistsError,
    AmbiguousNumberError,
    InvalidValueError,
    NotFoundError,
)
from tests.histories import Clock
from tests.projections.examples import START, case
from tests.scenario import uid


@pytest.fixture
def crm(database_url: str) -> Iterator[CRM]:
    with crmcore.open(database_url, clock=Clock()) as opened:
        yield opened


def numbered(key: int, number: str | None) -> ask.OpenCase:
    opening: Any = case(key)
    numbered: ask.OpenCase = attrs.evolve(opening, number=number)
    return numbered


def test_a_second_case_with_the_number_of_another_is_refused(crm: CRM) -> None:
    receipt = crm.execute(numbered(1, "N-1"), by="kim")
    assert [type(one) for one in receipt.events] == [CaseOpened, CaseNumberClaimed]
    with pytest.raises(CaseNumberTakenError, match=f"case {uid(1)} has the number N-1") as refused:
        crm.execute(numbered(2, "N-1"), by="kim")
    assert refused.value.holder == uid(1)
    assert [one.field for one in refused.value.errors] == ["number"]
    assert crm.position == 2
    crm.execute(numbered(2, "n-1"), by="kim")  # another one: numbers are as they are written
    assert crm.case_id("n-1") == uid(2)


def test_an_opening_that_is_sent_again_keeps_its_number(crm: CRM) -> None:
    crm.execute(numbered(1, " N-1 "), by="kim")
    assert crm.execute(numbered(1, "N-1"), by="kim").events == ()
    with pytest.raises(AlreadyExistsError):
        crm.execute(numbered(1, "N-2"), by="kim")
    crm.execute(numbered(2, "N-2"), by="kim")


def test_cases_without_a_number_are_as_many_as_there_are(crm: CRM) -> None:
    done = crm.execute_many([numbered(1, None), numbered(2, None)], by="kim")
    assert (done.executed, done.events) == (2, 2)


def test_a_number_stays_with_a_case_that_was_spam_or_merged_away(crm: CRM) -> None:
    crm.execute_many([numbered(1, "N-1"), numbered(2, "N-2"), numbered(3, "N-3")], by="kim")
    crm.execute(ask.MarkCaseSpam(case_id=uid(1), at=START), by="kim")
    crm.execute(ask.MergeCase(case_id=uid(2), into_case_id=uid(3), at=START), by="kim")
    again = crm.execute_many([numbered(4, "N-1"), numbered(5, "N-2")], by="kim")
    assert [type(one.error) for one in again.refused] == [CaseNumberTakenError] * 2


def test_of_two_in_one_batch_the_first_has_the_number_and_the_second_leaves_no_trace(
    crm: CRM,
) -> None:
    done = crm.execute_many([numbered(1, "N-1"), numbered(2, "N-1"), numbered(2, "N-2")], by="kim")
    assert [one.index for one in done.refused] == [1]
    assert (crm.case_id("N-1"), crm.case_id("N-2")) == (uid(1), uid(2))


def test_of_many_at_once_one_has_the_number(crm: CRM, database_url: str) -> None:
    def opened(key: int) -> UUID | None:
        with crmcore.open(database_url, clock=Clock()) as other:
            try:
                other.execute(numbered(key, "N-1"), by="kim")
            except CaseNumberTakenError as refused:
                return refused.holder
            return None

    with ThreadPoolExecutor(4) as pool:
        holders = list(pool.map(opened, range(1, 9)))
    assert holders.count(None) == 1
    assert {one for one in holders if one is not None} == {crm.case_id("N-1")}


# Asked by its number


def test_a_case_is_found_by_its_number_as_soon_as_it_is_opened(crm: CRM) -> None:
    crm.execute(numbered(1, "N-1"), by="kim")
    assert crm.case_id(" N-1 ") == uid(1)
    with pytest.raises(NotFoundError, match="there is no case N-2"):
        crm.case_id("N-2")
    with pytest.raises(InvalidValueError, match="number: expected"):
        crm.case_id("\ud800")


def test_two_of_one_number_from_before_numbers_were_claimed_are_told_as_ambiguous(
    crm: CRM, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr("crmcore.domain.service.case_number.claim", lambda *_: [])
        crm.execute_many([numbered(1, "N-1"), numbered(2, "N-1"), numbered(3, "N-3")], by="kim")
    crm.catch_up()
    for asked in (crm.read.cases.get, crm.case_id):
        with pytest.raises(AmbiguousNumberError, match="2 cases have the number N-1") as told:
            asked("N-1")
        assert told.value.cases == (uid(1), uid(2))
    second, third = crm.read.cases.get(str(uid(2))), crm.read.cases.get("N-3")
    assert second is not None
    assert second.number == "N-1"
    assert third is not None
    assert third.case_id == crm.case_id("N-3") == uid(3)
    assert len(crm.read.cases.find().items) == 3


def test_a_command_from_json_names_a_case_by_its_number(crm: CRM) -> None:
    crm.execute(numbered(1, "N-1"), by="kim")
    by_number = crm.command("start-case", {"case_id": " N-1 "})
    assert by_number == crm.command("start-case", {"case_id": str(uid(1)), "at": by_number.at})
    with pytest.raises(NotFoundError, match="there is no case N-2") as unknown:
        crm.command("start-case", {"case_id": "N-2"})
    assert [(one.field, one.message) for one in unknown.value.errors] == [
        ("case_id", "there is no case N-2")
    ]
    with pytest.raises(InvalidValueError, match="case_id: expected text that is not blank"):
        crm.command("start-case", {"case_id": " "})
