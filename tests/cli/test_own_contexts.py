"""A host's own contexts on the command line: their commands stand beside ours."""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command_line import CommandLine, as_lines, key, registered

WORKSHOP = Path(__file__).parents[2] / "examples" / "workshop" / "context.py"
OWN = """
import attrs

from workshop import WORKSHOP

HERE = attrs.evolve(WORKSHOP, command_line="own_commands")
ALL = [HERE]
TAKEN = attrs.evolve(WORKSHOP, name="customers")
WITHOUT_COMMANDS = attrs.evolve(WORKSHOP, command_line="own_listing")
CLASHING = attrs.evolve(WORKSHOP, command_line="own_clash")
LOST = attrs.evolve(WORKSHOP, command_line="own_lost")
BROKEN = attrs.evolve(WORKSHOP, command_line="own_broken")
"""
COMMANDS = """
GROUPS = {"bikes": "The bikes in the workshop."}
COMMANDS = {"bikes list": ("own_listing:listed", "The bikes that wait, the longest first.")}
"""
LISTING = """
import click

from crmcore.cli.output import emit
from crmcore.cli.session import reading

@click.option("--limit", type=int, default=20)
@click.pass_obj
def listed(options, limit):
    with reading(options, "workshop_bikes") as crm:
        emit({"bikes": [bike.fault for bike in crm.read.workshop.find(limit=limit).items]})
"""
FAILING = """
import sys

import click

def looked_up(key):
    return {}[key]

@click.argument("how", default="")
@click.pass_context
def fails(ctx, how):
    if how == "its own":
        looked_up("rim")
    elif how == "what it calls":
        ctx.obj.open().execute_many(3, by="kim")
    elif how == "wrong call":
        raise click.BadParameter("expected a rim")
    elif how == "refusal":
        raise click.ClickException("no rims left")
    elif how == "abort":
        raise click.Abort
    elif how == "click's exit":
        ctx.exit(3)
    elif how == "exit":
        sys.exit(3)
    elif how == "words":
        sys.exit("no rims left")
    return 3

@click.command(help="Its own help.")
@click.option("--rim", type=int, required=True)
@click.pass_obj
def whole(options, rim):
    if rim == 0:
        looked_up("rim")
    click.echo(f"{options.db[:6]} {rim}")

@click.group()
def grouped():
    pass

NO_FUNCTION = 3
"""
CLASH = 'COMMANDS = {"cases": ("own_listing:listed", "Cases of wine.")}'
HERE = "own_contexts:HERE"


@pytest.fixture
def own(run: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    """The command line in a folder with a host's modules."""
    (tmp_path / "workshop.py").write_text(WORKSHOP.read_text(encoding="utf-8"), encoding="utf-8")
    for name, text in {
        "own_contexts": OWN,
        "own_commands": COMMANDS,
        "own_listing": LISTING,
        "own_clash": CLASH,
        "own_failing": FAILING,
    }.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield run
    for name in [one for one in sys.modules if one == "workshop" or one.startswith("own_")]:
        del sys.modules[name]
    importlib.invalidate_caches()


def bike(name: str, fault: str) -> dict[str, Any]:
    return {
        "command": "workshop.receive-bike",
        "job_id": key(name),
        "customer_id": key("ann"),
        "fault": fault,
        "by": "kim",
    }


def received(own: CommandLine, *argv: str) -> None:
    """A customer is known, and with options a bike of theirs is in the workshop."""
    lines = [registered("ann"), *([bike("job", "flat tyre")] if argv else [])]
    Path("bikes.jsonl").write_text(as_lines(lines), encoding="utf-8")
    done = own(*argv, "execute", "bikes.jsonl", "--by", "kim")
    assert (done.status, done.err) == (0, "")


def test_its_commands_are_carried_out_and_its_questions_answered(own: CommandLine) -> None:
    received(own, "--contexts", HERE)
    assert own("bikes", "list", "--contexts", HERE).document == {"bikes": ["flat tyre"]}
    history = own("history", key("ann"), "--contexts", HERE)
    assert "brought a bike: flat tyre" in history.out


def test_the_environment_may_name_it(own: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    received(own, "--contexts", HERE)
    monkeypatch.setenv("CRMCORE_CONTEXTS", "own_contexts:ALL")
    assert own("bikes", "list").document == {"bikes": ["flat tyre"]}
    assert "The bikes in the workshop." in own("--help").out


def test_the_help_names_its_commands_and_ours(own: CommandLine) -> None:
    whole = own("--help", f"--contexts={HERE}").out
    assert "The bikes in the workshop." in whole
    assert "escalations" in whole
    assert "The bikes that wait" in own("--contexts", HERE, "bikes", "--help").out
    assert "bikes" not in own("--help").out


def test_what_can_be_executed_is_listed_under_its_name(own: CommandLine) -> None:
    listed = own("commands", "--json", "--contexts", HERE).document["commands"]
    [taken] = [one for one in listed if one["topic"] == "workshop.receive-bike"]
    assert taken == {
        "topic": "workshop.receive-bike",
        "context": "workshop",
        "meaning": "Take in a customer's bike.",
    }
    one = own("commands", "workshop.receive-bike", "--json", "--contexts", HERE).document
    assert one["schema"]["properties"]["fault"]["maxLength"] == 200
    absent = own("commands", "workshop.receive-bike")
    assert absent.status == 1
    assert "no context 'workshop' is loaded, --contexts MODULE:NAME" in absent.complaint
    near = own("commands", "workshop.recieve-bike", "--contexts", HERE)
    assert near.complaint.endswith("did you mean workshop.receive-bike?")


def test_a_command_of_a_context_that_is_not_loaded_says_how_it_is(own: CommandLine) -> None:
    Path("bikes.jsonl").write_text(as_lines([bike("job", "flat tyre")]), encoding="utf-8")
    done = own("execute", "bikes.jsonl")
    assert done.status == 1
    assert "line 1: unknown command topic 'workshop.receive-bike'" in done.complaint
    assert "no context 'workshop' is loaded (--contexts on the command line" in done.complaint


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("own_contexts:NONE", "own_contexts has nothing named NONE"),
        ("own_listing:listed", "expected a Context or a list of them, found function"),
        (
            "own_contexts:WITHOUT_COMMANDS",
            'expected COMMANDS in own_listing, such as {"bikes list": ',
        ),
        ("own_contexts:CLASHING", "there is a command 'cases' already"),
        ("own_contexts:LOST", "there is no module own_lost"),
    ],
)
def test_a_place_where_there_is_none_is_one_line(
    own: CommandLine, place: str, expected: str
) -> None:
    done = own("--contexts", place, "execute", "missing.jsonl", "--by", "kim", "--json")
    refused = json.loads(done.out)["error"]
    assert done.status == 2
    assert refused["kind"] == "wrong-call"
    assert "--contexts" in done.complaint
    assert expected in refused["message"]


def test_a_context_that_clashes_with_ours_is_one_line(own: CommandLine) -> None:
    received(own)
    clashing = own("--contexts", "own_contexts:TAKEN", "projections", "status")
    assert clashing.status == 2
    assert "there is one of this name already" in clashing.complaint


def declares(own: CommandLine, text: str) -> CommandLine:
    """A host's context whose module of commands holds *text*."""
    Path("own_broken.py").write_text(text, encoding="utf-8")
    importlib.invalidate_caches()
    return own


BROKEN = ("--contexts", "own_contexts:BROKEN")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COMMANDS = [('bikes', 'x')]", "expected COMMANDS in own_broken, such as {"),
        ("COMMANDS = {3: ('a:b', 'x')}", "COMMANDS[3] in own_broken: expected one or two words"),
        (
            "COMMANDS = {'bikes list all': ('a:b', 'x')}",
            "COMMANDS['bikes list all'] in own_broken: expected one or two words",
        ),
        ("COMMANDS = {'-x': ('a:b', 'x')}", "COMMANDS['-x'] in own_broken: expected one or two"),
        (
            "COMMANDS = {'bikes': 'own_listing:listed'}",
            "COMMANDS['bikes'] in own_broken: expected where its function is and what it is for",
        ),
        ("COMMANDS = {'bikes': ('own_listing', 'x')}", "found ('own_listing', 'x')"),
        ("COMMANDS = {'bikes': ('own_listing:listed', None)}", "expected where its function is"),
        (
            "COMMANDS = {}\nGROUPS = ['bikes']",
            "expected GROUPS in own_broken to say what a first word is for",
        ),
        ("COMMANDS = {}\nGROUPS = {'bikes': 3}", "expected GROUPS in own_broken"),
        (
            "COMMANDS = {'cases list': ('own_listing:listed', 'x')}",
            "own_broken: 'cases list': there is a command 'cases' already",
        ),
        (
            "COMMANDS = {'customers': ('own_listing:listed', 'x')}",
            "own_broken: 'customers': there is a group of commands 'customers' already",
        ),
        (
            "COMMANDS = {'x y': ('own_listing:listed', 'x'), 'x': ('own_listing:listed', 'x')}",
            "own_broken: 'x': there is a group of commands 'x' already",
        ),
        ("1 / 0", "importing own_broken: ZeroDivisionError: division by zero (CRMCORE_DEBUG=1"),
    ],
)
def test_a_module_of_commands_that_cannot_be_read_says_what_was_expected(
    own: CommandLine, text: str, expected: str
) -> None:
    done = declares(own, text)(*BROKEN, "commands", "--json")
    assert done.status == 2
    assert expected in done.document["error"]["message"]
    assert "--contexts: " in done.complaint


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("own_failing:fail", "own_failing has no function fail (did you mean fails?)"),
        ("own_failing:NO_FUNCTION", "own_failing has no function NO_FUNCTION"),
        ("own_failing:fails.no", "own_failing has no function fails.no"),
        ("own_failing:grouped", "TypeError: expected one command, found a group of them"),
        ("own_nowhere:fails", "there is no module own_nowhere"),
        ("own_zero:fails", "importing own_zero: ZeroDivisionError: division by zero"),
    ],
)
def test_a_function_that_is_not_there_is_one_line(
    own: CommandLine, place: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("own_zero.py").write_text("1 / 0", encoding="utf-8")
    declares(own, f"COMMANDS = {{'bikes': ('{place}', 'Bikes.')}}")
    for argv in (("bikes", "x", "--json"), ("bikes", "--help", "--json")):
        done = own(*BROKEN, *argv)
        assert done.status == 2
        assert done.complaint.startswith(f"crmcore: own_broken: {place}: ")
        assert expected in done.document["error"]["message"]
    monkeypatch.setenv("CRMCORE_DEBUG", "1")
    if "Error" in expected:
        with pytest.raises((TypeError, ZeroDivisionError)):
            own(*BROKEN, "bikes", "x")


FAILS = "COMMANDS = {'fail': ('own_failing:fails', 'Fails.')}"


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("its own", "own_failing.looked_up raised KeyError: 'rim' (CRMCORE_DEBUG=1 shows where)"),
        ("what it calls", "own_failing.fails raised TypeError: "),
    ],
)
def test_what_a_hosts_function_raises_is_told_as_the_hosts(
    own: CommandLine, how: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = declares(own, FAILS)(*BROKEN, "fail", how, "--json")
    assert done.status == 1
    assert done.complaint.startswith(f"crmcore: {expected}")
    assert done.document["error"]["kind"] == "host-error"
    monkeypatch.setenv("CRMCORE_DEBUG", "1")
    with pytest.raises((KeyError, TypeError)):
        own(*BROKEN, "fail", how)


def test_a_hosts_function_may_end_as_click_and_python_end(own: CommandLine) -> None:
    declares(own, FAILS)
    assert own(*BROKEN, "fail").status == 0  # what it returns is no status
    assert own(*BROKEN, "fail", "click's exit").status == 3
    refusal = own(*BROKEN, "fail", "refusal", "--json")
    assert (refusal.status, refusal.complaint) == (1, "crmcore: no rims left")
    assert refusal.document["error"] == {"kind": "failed", "message": "no rims left"}
    abort = own(*BROKEN, "fail", "abort")
    assert (abort.status, abort.err) == (1, "Aborted!\n")
    wrong = own(*BROKEN, "fail", "wrong call", "--json")
    assert (wrong.status, wrong.document["error"]["kind"]) == (2, "wrong-call")
    assert "expected a rim" in wrong.document["error"]["message"]
    assert own(*BROKEN, "fail", "exit").status == 3
    words = own(*BROKEN, "fail", "words")
    assert (words.status, words.err) == (1, "no rims left\n")


def test_a_hosts_function_may_be_a_command_of_clicks(own: CommandLine) -> None:
    declares(own, "COMMANDS = {'rims': ('own_failing:whole', 'All rims.')}")
    for _ in range(2):
        done = own(*BROKEN, "rims", "--rim", "26")
        assert (done.status, done.out) == (0, "sqlite 26\n")
    assert "All rims." in own(*BROKEN, "rims", "--help").out
    wrong = own(*BROKEN, "rims", "--json")
    assert (wrong.status, wrong.document["error"]["kind"]) == (2, "wrong-call")
    failed = own(*BROKEN, "rims", "--rim", "0", "--json")
    assert failed.document["error"]["kind"] == "host-error"
    assert "own_failing.looked_up raised KeyError: 'rim'" in failed.complaint


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("raise TypeError('rims')", "own_decisions.decide raised TypeError: rims"),
        ("return [3]", "repair job: int is none of the events of its `events`"),
    ],
)
def test_what_a_hosts_decision_raises_is_told_as_the_hosts(
    own: CommandLine, body: str, expected: str
) -> None:
    Path("own_decisions.py").write_text(
        "import attrs\nfrom workshop import JOB, WORKSHOP\n"
        f"def decide(command, job):\n    {body}\n"
        "HERE = attrs.evolve(WORKSHOP, services=(), aggregates=[attrs.evolve(JOB, decide=decide)])\n",
        encoding="utf-8",
    )
    Path("bike.jsonl").write_text(as_lines([bike("job", "flat tyre")]), encoding="utf-8")
    done = own("--contexts", "own_decisions:HERE", "execute", "bike.jsonl")
    assert done.status == 1
    assert expected in done.complaint
    assert "please report it" not in done.complaint
