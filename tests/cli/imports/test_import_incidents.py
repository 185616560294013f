"""The incident log as cases: an independent pass over its rows tells what must come out."""

import csv
import gzip
import lzma
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import combinations, pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import crmcore
from crmcore.cli.importers import incidents
from crmcore.cli.importers.incidents import case_id, customer_id
from crmcore.cli.importers.row import Planned, Refused, Remark, Row, Silent, SourceError
from crmcore.domain.customers.customer.messages.registration import RegisterCustomer
from crmcore.domain.service.case.decisions.decide import AGGREGATE
from crmcore.domain.service.case.messages.life_cycle import CloseCase, SolveCase, StartCase
from crmcore.domain.service.case.messages.opening import OpenCase, PrioritiseCase
from crmcore.domain.service.case.messages.routing import AssignCase, QueueCase, TransferCase
from crmcore.domain.service.case.state import Opened, Unopened
from crmcore.domain.service.levels.target_clocks import clocks
from crmcore.domain.service.levels.version.messages import DefineServiceLevels
from crmcore.domain.service.priority import Impact, Priority, Urgency
from crmcore.domain.service.terms import StatusCategory
from tests.cli.command_line import CommandLine
from tests.cli.imports.import_examples import company, imported, refused, wanted
from tests.memory_work import MemoryWork

SLICE = Path(__file__).parents[3] / "examples" / "data" / "incidents"
PACKED = SLICE / "incident_event_log.csv.gz"
NAME = "incident_event_log.csv"
Cells = Mapping[str, str]

with gzip.open(PACKED, "rt", encoding="utf-8", newline="") as file:
    HEADER, *LINES = file.read().splitlines()
ROWS = list(csv.DictReader([HEADER, *LINES]))

CATEGORY = {
    "New": "new",
    "Active": "open",
    "Awaiting User Info": "pending",
    "Awaiting Problem": "on_hold",
    "Awaiting Vendor": "on_hold",
    "Awaiting Evidence": "on_hold",
    "Resolved": "solved",
    "Closed": "closed",
}


def by_incident() -> Mapping[str, Sequence[Cells]]:
    found: defaultdict[str, list[Cells]] = defaultdict(list)
    for row in ROWS:
        found[row["number"]].append(row)
    return found


def stated(rows: Sequence[Cells]) -> list[tuple[str, str]]:
    """State and minute of each row in the order of the file; -100 tells no state."""
    return [
        (row["incident_state"], row["sys_updated_at"])
        for row in rows
        if row["incident_state"] != "-100"
    ]


INCIDENTS = by_incident()
MISCOUNTED = {"INC0000130", "INC0000134", "INC0000135", "INC0000137", "INC0000164"}


def minute(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC)


def only(*numbers: str) -> list[str]:
    return [line for line in LINES if line.partition(",")[0] in numbers]


def log(folder: Path, *lines: str, header: str = HEADER) -> Path:
    path = folder / NAME
    path.write_text("\n".join((header, *lines, "")), encoding="utf-8")
    return path


def edited(line: str, **cells: str) -> str:
    row = dict(zip(HEADER.split(","), line.split(","), strict=True)) | cells
    return ",".join(row.values())


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return list(incidents.commands(SLICE))


@pytest.fixture(scope="module")
def desk(rows: list[Row]) -> MemoryWork:
    work = company()
    imported(work, rows)
    return work


def part_of(work: MemoryWork, number: str, part: int = 1) -> Opened:
    state: Opened | Unopened = work.state(AGGREGATE, case_id(number, part))
    assert not isinstance(state, Unopened)
    return state


def last_part(work: MemoryWork, number: str) -> int:
    return max(part for part in (1, 2, 3) if case_id(number, part) in work.streams)


def test_every_incident_ends_as_its_last_row_says(desk: MemoryWork) -> None:
    ends = {number: CATEGORY[stated(rows)[-1][0]] for number, rows in INCIDENTS.items()}
    found = {}
    for number in INCIDENTS:
        state = part_of(desk, number, last_part(desk, number))
        found[number] = state.category.value
    assert found == ends
    assert len(found) == 295


def test_an_incident_is_reopened_as_often_as_its_states_say(desk: MemoryWork) -> None:
    for number, told in INCIDENTS.items():
        states = [state for state, _ in stated(told)]
        solved = sum(
            a == "Resolved" and b not in ("Resolved", "Closed") for a, b in pairwise(states)
        )
        closed = sum(a == "Closed" and b != "Closed" for a, b in pairwise(states))
        parts = range(1, last_part(desk, number) + 1)
        topics = Counter(
            event.TOPIC for part in parts for event in desk.streams[case_id(number, part)]
        )
        assert (topics["case-reopened"], len(parts) - 1) == (solved, closed), number
        assert solved + closed == int(told[-1]["reopen_count"]), number


def categories(work: MemoryWork, number: str) -> Iterator[tuple[str, datetime]]:
    """Each category that the incident's cases went through, and since when."""
    for part in range(1, last_part(work, number) + 1):
        state, before = AGGREGATE.initial, None
        for event in work.streams[case_id(number, part)]:
            state = AGGREGATE.evolve(state, event)
            assert not isinstance(state, Unopened)
            if state.category is not before:
                yield state.category.value, event.at
            before = state.category


def expected_categories(rows: Sequence[Cells]) -> Iterator[tuple[str, datetime]]:
    opened = min(minute(rows[0]["opened_at"]), minute(rows[0]["sys_updated_at"]))
    yield "new", opened
    before = "new"
    for state, at in ((CATEGORY[state], minute(at)) for state, at in stated(rows)):
        if before in ("solved", "closed") and state not in ("solved", "closed"):
            start = "open" if before == "solved" else "new"  # the latter in a case that follows
            yield start, at
            before = start
        if state == "new":
            continue  # nothing is new twice
        if state == "closed" and before not in ("solved", "closed"):
            yield "solved", at
        if state != before:
            yield state, at
        before = state


def test_each_category_lasts_as_long_as_in_the_log(desk: MemoryWork) -> None:
    for number in INCIDENTS.keys() - MISCOUNTED:
        expected = list(expected_categories(INCIDENTS[number]))
        assert list(categories(desk, number)) == expected, number


def test_priority_queue_and_agent_are_those_of_the_last_row(desk: MemoryWork) -> None:
    """Where the last row has none, the last one that had."""
    for number, told in INCIDENTS.items():
        state = part_of(desk, number, last_part(desk, number))
        facts = state.facts
        queues = [row["assignment_group"] for row in told if row["assignment_group"] != "?"]
        assert facts.queue == (queues[-1] if queues else None), number
        if told[-1]["assigned_to"] != "?":
            assert facts.agent == told[-1]["assigned_to"], number
        assert facts.priority is not None
        assert facts.priority.value == told[-1]["priority"].partition(" - ")[2].lower(), number
        caller = told[0]["caller_id"]
        assert facts.customer_id == (None if caller == "?" else customer_id(caller)), number


def test_every_row_is_accounted_for(rows: list[Row]) -> None:
    commands = {row.line for row in rows if isinstance(row, Planned)}
    silent = {row.line for row in rows if isinstance(row, Silent)}
    lost = {row.line for row in rows if isinstance(row, Refused)}
    assert sorted((*commands, *silent, *lost)) == list(range(2, len(ROWS) + 2))
    assert (len(commands), len(silent), len(lost)) == (1_487, 597, 5)
    assert Counter(row.text for row in rows if isinstance(row, Remark)) == REMARKS


REMARKS = {
    "assigned_to of a new incident: assigned when it is taken up": 111,
    "opened_at is later than the first update: opened at that update": 1,
    "assignment_group was taken away: the case stays in its queue": 28,
    "waits for another third party: the case stays on hold": 16,
    "taken up after it was closed: a case that follows it is opened": 12,
    "closed without being resolved: solved at the same minute": 13,
    "assigned_to was taken away: the case stays with its agent": 4,
    "category changed after closing: a closed case stays as it is": 1,
    "caller_id changed: the case stays with its customer": 3,
    "the category was taken away: the case stays in it": 1,
    "incident_state is missing (-100): the case stays as it was": 5,
}


def test_what_is_solved_has_the_code_of_the_solution_that_lasted(rows: list[Row]) -> None:
    codes: defaultdict[object, list[str]] = defaultdict(list)
    for solved in wanted(rows, SolveCase):
        codes[solved.case_id].append(solved.resolution_code)
    for number, told in INCIDENTS.items():
        code = told[-1]["closed_code"].replace("?", "unknown")
        found = codes[case_id(number)] + codes[case_id(number, 2)]
        assert found == ["unknown"] * (len(found) - 1) + [code], number


def test_what_stands_on_a_row_before_it_happened_is_not_read(tmp_path: Path) -> None:
    lines = [
        edited(line, resolved_at="1/1/2001 00:00", closed_at="?", resolved_by="?") for line in LINES
    ]
    path = log(tmp_path, *lines)
    told = [row.command for row in incidents.commands(path) if isinstance(row, Planned)]
    assert told == [row.command for row in incidents.commands(SLICE) if isinstance(row, Planned)]


def test_the_desks_own_verdict_is_its_last_word() -> None:
    verdicts = incidents.verdicts(SLICE)
    assert verdicts == {
        case_id(number): told[-1]["made_sla"] == "true" for number, told in INCIDENTS.items()
    }


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_first_incident_command_by_command(rows: list[Row]) -> None:
    case = case_id("INC0000045")
    found = [
        row
        for row in rows
        if isinstance(row, Planned) and getattr(row.command, "case_id", None) == case
    ]
    opened, solved, closed = (row.command for row in found)
    assert isinstance(opened, OpenCase)
    assert (opened.subject, opened.queue, opened.number) == ("Symptom 72", "Group 56", "INC0000045")
    assert (opened.impact, opened.urgency, opened.priority) == (Impact.MEDIUM, Urgency.MEDIUM, None)
    assert opened.at == at("2016-02-29T01:16")
    assert opened.customer_id == customer_id("Caller 2403")
    assert solved == SolveCase(
        case_id=case, resolution_code="code 5", at=at("2016-02-29T08:53")
    )  # resolved_at says 11:29, when it was merely touched again
    assert closed == CloseCase(case_id=case, at=at("2016-03-05T12:00"))
    assert [row.by for row in found] == ["Updated by 21", "Updated by 642", "Updated by 908"]
    caller = wanted(rows, RegisterCustomer)[0]
    assert (caller.name, caller.at) == ("Caller 2403", at("2016-02-29T01:16"))


def test_an_agent_is_told_when_the_incident_is_taken_up(rows: list[Row]) -> None:
    """New with an agent, the group changes, the agent takes it up: a transfer would release them."""
    case = case_id("INC0001894")
    told = [
        row.command
        for row in rows
        if isinstance(row, Planned)
        and getattr(row.command, "case_id", None) == case
        and isinstance(row.command, TransferCase | AssignCase | StartCase | QueueCase)
    ]
    assert told == [
        TransferCase(case_id=case, queue="Group 10", at=at("2016-03-04T14:06")),
        AssignCase(case_id=case, agent="Resolver 139", at=at("2016-03-08T14:34")),
    ]


def test_what_is_taken_up_after_closing_goes_on_in_a_case_that_follows(desk: MemoryWork) -> None:
    first, second = part_of(desk, "INC0001894"), part_of(desk, "INC0001894", 2)
    assert first.since == at("2016-03-27T15:59")
    opening = second.facts.opening
    assert (opening.follows, opening.number) == (case_id("INC0001894"), "INC0001894/2")
    assert opening.at == at("2016-04-28T11:12")
    assert second.since == at("2016-05-21T08:07")
    assert second.facts.customer_id == first.facts.customer_id


def test_rows_whose_count_contradicts_their_time_are_refused(rows: list[Row]) -> None:
    lost = [LINES[line - 2] for _, line, _ in refused(rows)]
    assert {line.partition(",")[0] for line in lost} == MISCOUNTED
    reasons = [reason for _, _, reason in refused(rows)]
    assert reasons[0] == (
        "sys_mod_count: expected a count that grows with sys_updated_at, got 2 (2016-02-29 07:27 UTC)"
    )


def test_a_log_in_another_order_tells_the_same(tmp_path: Path, rows: list[Row]) -> None:
    path = log(tmp_path, *reversed(LINES))
    told = [row.command for row in incidents.commands(path) if isinstance(row, Planned)]
    cases = [command for command in told if not isinstance(command, RegisterCustomer)]
    before = [
        row.command
        for row in rows
        if isinstance(row, Planned) and not isinstance(row.command, RegisterCustomer)
    ]
    order = {case: place for place, case in enumerate({c.case_id: 0 for c in before})}  # type: ignore[attr-defined]  # all are about a case
    assert sorted(cases, key=lambda one: order[one.case_id]) == before  # type: ignore[attr-defined]  # as above


FIRST = "INC0000045"


@pytest.mark.parametrize(
    ("place", "cells", "reason"),
    [
        pytest.param(
            1,
            {"sys_updated_at": "31/2/2016 08:53"},
            "sys_updated_at: expected a day, month, year and minute such as 29/2/2016 01:16, got"
            " '31/2/2016 08:53'",
            id="a day that never was",
        ),
        pytest.param(1, {"sys_updated_at": "?"}, "sys_updated_at: expected a day", id="no minute"),
        pytest.param(1, {"opened_at": "2016-02-29"}, "opened_at: expected a day", id="other form"),
        pytest.param(
            1, {"incident_state": "Open"}, "incident_state: expected one of New, Active", id="state"
        ),
        pytest.param(1, {"priority": "5"}, "priority: expected one of 1 - Critical", id="priority"),
        pytest.param(1, {"number": ""}, "number: expected a key", id="no number"),
        pytest.param(
            1, {"sys_mod_count": "-1"}, "sys_mod_count: expected a whole number", id="count"
        ),
        pytest.param(2, {"sys_mod_count": "9"}, "sys_mod_count: expected a count that", id="out"),
    ],
)
def test_a_broken_row_is_refused_and_the_incident_goes_on(
    tmp_path: Path, place: int, cells: dict[str, str], reason: str
) -> None:
    lines = only(FIRST)
    lines[place] = edited(lines[place], **cells)
    found = list(incidents.commands(log(tmp_path, *lines)))
    [(source, line, said)] = refused(found)
    assert (source, line) == (NAME, place + 2)
    assert reason in said
    assert [one.at for one in wanted(found, CloseCase)] == [at("2016-03-05T12:00")]
    work = company()
    imported(work, found)
    closed = part_of(work, FIRST)
    assert closed.category is StatusCategory.CLOSED


def test_rows_of_an_incident_apart_from_the_others_are_refused(tmp_path: Path) -> None:
    first, second = only(FIRST), only("INC0001894")
    found = list(incidents.commands(log(tmp_path, *first[:-1], *second, first[-1])))
    why = f"{FIRST} ended on an earlier line: expected its rows one after another"
    assert refused(found) == [(NAME, len(first) + len(second) + 1, why)]


def test_what_is_not_known_of_an_incident_is_left_out(tmp_path: Path) -> None:
    names = ("opened_at", "caller_id", "assignment_group", "category", "subcategory", "u_symptom")
    unknown = dict.fromkeys((*names, "impact", "urgency", "priority", "location"), "?")
    lines = [edited(line, contact_type="?", **unknown) for line in only(FIRST)]
    found = list(incidents.commands(log(tmp_path, *lines)))
    [opened] = wanted(found, OpenCase)
    assert opened == OpenCase(
        case_id=case_id(FIRST),
        kind=crmcore.commands.CaseKind.INCIDENT,
        channel=crmcore.commands.CaseChannel.OTHER,
        subject="an incident",
        number=FIRST,
        at=at("2016-02-29T01:23"),
    )
    texts = [row.text for row in found if isinstance(row, Remark)]
    assert texts == ["opened_at is missing: opened at the first update"]
    imported(company(), found)


@pytest.mark.parametrize(
    ("cells", "priority"),
    [
        pytest.param({"priority": "1 - Critical"}, Priority.CRITICAL, id="not by the matrix"),
        pytest.param({"impact": "?", "priority": "4 - Low"}, Priority.LOW, id="impact unknown"),
        pytest.param({"impact": "?", "priority": "?"}, Priority.MODERATE, id="all unknown: stays"),
        pytest.param({"priority": "?"}, Priority.MODERATE, id="by the matrix"),
    ],
)
def test_a_priority_that_the_matrix_does_not_tell_is_set_by_hand(
    tmp_path: Path, cells: dict[str, str], priority: Priority
) -> None:
    first, *others = only(FIRST)
    work = company()
    found = list(
        incidents.commands(log(tmp_path, first, *(edited(line, **cells) for line in others)))
    )
    imported(work, found)
    state = part_of(work, FIRST)
    assert state.facts.priority is priority
    assert all(one.override_reason for one in wanted(found, PrioritiseCase))


@given(counts=st.lists(st.integers(0, 6), min_size=1, max_size=7))
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_as_few_rows_as_can_be_are_refused(tmp_path: Path, counts: list[int]) -> None:
    line, begun = only(FIRST)[0], datetime(2016, 3, 1, tzinfo=UTC)
    lines = [
        edited(
            line,
            sys_mod_count=str(number),
            sys_updated_at=f"{begun + timedelta(minutes=place):%d/%m/%Y %H:%M}",
        )
        for place, number in enumerate(counts)
    ]
    lost = len(refused(list(incidents.commands(log(tmp_path, *lines)))))
    most = max(
        size
        for size in range(1, len(counts) + 1)
        if any(all(a < b for a, b in pairwise(some)) for some in combinations(counts, size))
    )
    assert lost == len(counts) - most


SOUND = f"{HEADER}\n{chr(10).join(only(FIRST))}\n".encode()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "expected a header line with number, incident_state", id="empty"),
        pytest.param(
            SOUND.replace(b"sys_mod_count", b"mods"),
            "expected each column once, not so with sys_mod_count",
            id="a column missing",
        ),
        pytest.param(SOUND.decode().encode("utf-16"), "expected UTF-8 text", id="UTF-16"),
        pytest.param(lzma.compress(SOUND * 99)[:-40], "packed file is damaged", id="xz cut off"),
        pytest.param(
            lzma.compress(SOUND)[:30] + b"\0" * 40, "packed file is damaged", id="xz overwritten"
        ),
    ],
)
def test_a_broken_file_is_one_clear_error(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / NAME
    path.write_bytes(content)
    with pytest.raises(SourceError) as refusal:
        list(incidents.commands(path))
    assert said in str(refusal.value)
    assert str(path) in str(refusal.value)


@pytest.mark.parametrize("ending", ["", ".gz", ".xz"])
def test_a_log_is_read_packed_or_not_and_from_its_folder(tmp_path: Path, ending: str) -> None:
    packed = {"": SOUND, ".gz": gzip.compress(SOUND), ".xz": lzma.compress(SOUND)}
    (tmp_path / f"{NAME}{ending}").write_bytes(packed[ending])
    assert len(wanted(list(incidents.commands(tmp_path)), CloseCase)) == 1


# what was owed, by an arithmetic of its own: the minutes that an incident used, one by one

MINUTE = timedelta(minutes=1)
STILL = ("pending", "on_hold")
POLICY = SLICE.parents[1] / "service-levels.jsonl"
HOLIDAYS = (date(2016, 12, 26), date(2017, 1, 2))
WITHIN = {"critical": 8 * 60, "high": 16 * 60, "moderate": 40 * 60, "low": 80 * 60}


def is_open(at: datetime, priority: str) -> bool:
    if priority == "critical":
        return True
    return 8 <= at.hour < 18 and at.isoweekday() <= 5 and at.date() not in HOLIDAYS


def met(rows: Sequence[Cells]) -> bool:
    """Whether the minute in which the time was used up had not passed when it was solved."""
    priority = rows[0]["priority"].partition(" - ")[2].lower()
    told = list(expected_categories(rows))
    used = 0
    for (category, since), (_, until) in pairwise(told):
        if category == "solved":
            return True
        while since < until:
            if used == WITHIN[priority]:
                return False
            used += category not in STILL and is_open(since, priority)
            since += MINUTE
    return True


def test_each_verdict_is_that_of_counting_minutes(rows: list[Row]) -> None:
    """Every incident that was solved once, in one priority: its story has no more turns."""
    work, now = company(), at("2017-06-01")
    work.execute(msgspec.json.decode(POLICY.read_bytes(), type=DefineServiceLevels))
    imported(work, rows)
    expected = {
        number: "met" if met(told) else "breached"
        for number, told in INCIDENTS.items()
        if number not in MISCOUNTED
        and len({row["priority"] for row in told}) == 1
        and told[-1]["reopen_count"] == "0"
    }
    found = {}
    for number in expected:
        [clock] = clocks(part_of(work, number).facts.timeline)
        found[number] = clock.verdict(now).value
    assert found == expected
    assert Counter(expected.values()) == {"met": 211, "breached": 51}


# crmcore import


def test_the_example_policy_gives_the_report_of_the_page(run: CommandLine) -> None:
    assert run("execute", str(POLICY)).status == 0
    run("import", "incidents", str(PACKED))
    shown = [line.split() for line in run("service-levels", "--by", "priority").out.splitlines()]
    page = (SLICE.parents[2] / "docs" / "importing.md").read_text(encoding="utf-8")
    table = page.partition("Priority  Met  Breached")[2].partition("```")[0].splitlines()
    told = [line.split() for line in table[2:]]
    assert [line for line in shown if line][2:] == told


def test_import_reports_every_row_and_again_records_nothing(run: CommandLine) -> None:
    first = run("import", "incidents", str(PACKED), "--json")
    assert first.status == 1  # five rows are refused
    *lost, last = first.documents
    assert [one["refused"]["line"] for one in lost] == [
        int(line.split(":")[2]) for line in first.err.splitlines()
    ]
    summary = last["summary"]
    assert summary["lines"] + summary["silent"] + len(lost) == len(ROWS)
    assert summary["refused"]["commands"] == []
    assert summary["executed"] + summary["unchanged"] == summary["commands"]
    again = run("import", "incidents", str(SLICE), "--json").documents[-1]["summary"]
    assert (again["executed"], again["events"]) == (0, 0)
    assert again["unchanged"] == again["commands"] == summary["commands"]


def test_an_imported_incident_can_be_asked_for(run: CommandLine, tmp_path: Path) -> None:
    path = log(tmp_path, *only(FIRST, "INC0001894"))
    done = run("import", "incidents", str(path))
    assert (done.status, done.err) == (0, "")
    assert "a case that follows it is opened" in done.out
    case = run("case", FIRST, "--json").document
    assert ([one["verdict"] for one in case["targets"]], case["queue"]) == (["met"], "Group 56")
    assert run("case", "INC0001894/2").status == 0


def test_an_import_that_breaks_off_says_what_it_kept_and_goes_on_later(
    run: CommandLine, tmp_path: Path
) -> None:
    path = tmp_path / f"{NAME}.xz"
    whole = "\n".join((HEADER, *LINES, "")).encode()
    path.write_bytes(lzma.compress(whole)[:-4_000])
    done = run("import", "incidents", str(path))
    assert done.status == 1
    assert "the packed file is damaged after line" in done.err
    assert "what was recorded before is kept" in done.err
    path.write_bytes(lzma.compress(whole))
    rest = run("import", "incidents", str(path), "--json").documents[-1]["summary"]
    assert rest["unchanged"] > 0 < rest["executed"]
    assert rest["refused"]["commands"] == []
    with crmcore.open(f"sqlite:///{run.database}") as crm:
        assert crm.verify().intact
        total = crm.position
    run.database.unlink()
    run("import", "incidents", str(PACKED))
    with crmcore.open(f"sqlite:///{run.database}") as crm:
        assert crm.position == total


def test_what_a_rule_refuses_is_told_with_its_line(run: CommandLine, tmp_path: Path) -> None:
    lines = only(FIRST)
    lines[-1] = edited(lines[-1], sys_updated_at="5/3/2916 12:00")
    done = run("import", "incidents", str(log(tmp_path, *lines)), "--json")
    assert done.status == 1
    assert f"{NAME}:5: at: expected an instant that has come" in done.complaint
    refusal, last = done.documents
    assert (refusal["refused"]["line"], refusal["refused"]["kind"]) == (5, "InFutureError")
    assert last["summary"]["executed"] == 3


def test_requests_are_imported_from_a_file_too(run: CommandLine) -> None:
    bundled = SLICE.parent / "boston311" / "requests.csv.gz"
    done = run("import", "boston311", str(bundled), "--json")
    assert (done.status, done.err) == (0, "")
    assert done.document["summary"]["executed"] == 3 * 4_995


@pytest.mark.parametrize(
    ("argv", "status", "said"),
    [
        pytest.param(("incidents", "nowhere"), 1, "nowhere: expected a file", id="no such path"),
        pytest.param(("zendesk", "."), 2, "zendesk", id="no such kind"),
        pytest.param(("incidents",), 2, "PATH", id="no path"),
    ],
)
def test_a_call_that_makes_no_sense(
    run: CommandLine, argv: tuple[str, ...], status: int, said: str
) -> None:
    done = run("import", *argv)
    assert done.status == status
    assert said in done.err
