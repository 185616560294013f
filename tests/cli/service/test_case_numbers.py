"""A file names cases as the command line shows them: by their numbers."""

import attrs
import pytest

import crmcore
from crmcore.catalogue import MessageCatalogue
from crmcore.domain.service.case.naming import NAMING
from tests.cli.command_line import CommandLine, key, opened, sent

AT = "2026-01-12T08:00:00Z"
LATER = "2026-01-12T09:00:00Z"


def numbered(name: str, number: str | None = None, **fields: object) -> dict[str, object]:
    case = opened(name, AT, "2026-02-01T00:00:00Z", **fields)
    return {**case, "number": number or name}


def solved(case: str) -> dict[str, object]:
    return sent("solve-case", LATER, case_id=case, resolution_code="done")


def test_cases_are_named_by_number_in_the_file_that_opens_them_and_afterwards(
    run: CommandLine,
) -> None:
    run.executes(numbered("N-1"), numbered("N-2"), solved(" N-1 "))
    run.executes(
        sent("close-case", LATER, case_id="N-1"),
        numbered("N-3", follows="N-1"),
        sent("merge-case", LATER, case_id="N-2", into_case_id="N-3"),
        sent("offer-survey", LATER, case_id=key("N-3"), cycle=1, kind="csat", channel="email"),
        status=1,  # nobody is asked about an open case
    )
    with crmcore.open(f"sqlite:///{run.database}") as crm:
        crm.catch_up()
        found = {one.number: one for one in crm.read.cases.find().items}
        assert {number: case.status for number, case in found.items()} == {
            "N-1": "closed",
            "N-2": "merged",
            "N-3": "new",
        }
        (followed,) = (one for one in crm.events() if one.topic == "case-merged")
        assert followed.event.into_case_id == found["N-3"].case_id
    assert "N-3" in run("case", "N-3").out


def test_a_number_that_no_case_has_refuses_its_line_alone(run: CommandLine) -> None:
    done = run.executes(numbered("N-1"), solved("N-9"), solved("N-1"), status=1)
    assert done.complaint == "crmcore: line 2: there is no case N-9"
    assert "2 executed" in done.out


@pytest.mark.parametrize("given", ["\ud800", "", "x" * 121], ids=["half", "blank", "long"])
def test_what_cannot_be_a_number_refuses_its_line_alone(run: CommandLine, given: str) -> None:
    done = run.executes(numbered("N-1"), solved(given), status=1)
    assert done.complaint.startswith("crmcore: line 2: case_id: expected")


def test_the_id_of_a_new_case_is_no_number(run: CommandLine) -> None:
    run.executes(numbered("N-1"))
    done = run.executes({**numbered("N-2"), "case_id": "N-1"}, status=1)
    assert "case_id: expected a UUID, got 'N-1'" in done.complaint


def test_a_second_case_of_the_same_number_is_refused_and_changes_nothing(run: CommandLine) -> None:
    done = run.executes(numbered("a", "N-1"), numbered("b", "N-1"), solved("N-1"), status=1)
    assert f"line 2: case {key('a')} has the number N-1" in done.complaint
    assert "2 executed" in done.out
    shown = run("case", "N-1", "--json").document
    assert (shown["case_id"], shown["status"]) == (key("a"), "solved")


def test_an_ambiguous_number_of_an_older_log_is_told_as_such(
    run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr("crmcore.domain.service.case_number.claim", lambda *_: [])
        run.executes(numbered("a", "N-1"), numbered("b", "N-1"))
    assert run("case", "N-1").complaint.startswith("crmcore: 2 cases have the number N-1: name one")
    done = run.executes(solved("N-1"), solved(key("b")), status=1)
    assert "line 1: 2 cases have the number N-1" in done.complaint


def test_every_field_that_names_a_case_takes_its_number() -> None:
    """A new command's field for a case is called as the others are, or is added to them."""
    named = {
        name
        for kind in (one.kind for one in MessageCatalogue().commands.values())
        for name in attrs.fields_dict(kind)
        if "case" in name or (kind is crmcore.commands.OpenCase and name == "follows")
    }
    assert named == set(NAMING)
