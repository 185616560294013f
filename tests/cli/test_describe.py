"""`crmcore commands`: what it lists, and that its examples can be read."""

import json

import pytest

import crmcore
from crmcore.cli import lines
from crmcore.cli.describe import example_line, kinds
from tests.cli.command_line import CommandLine


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> crmcore.CRM:
    with crmcore.open(f"sqlite:///{tmp_path_factory.mktemp('crm')}/crm.db") as crm:
        return crm


def test_all_commands_that_can_be_executed_are_listed(run: CommandLine, crm: crmcore.CRM) -> None:
    listed = run("commands", "--json").document["commands"]
    assert {one["topic"] for one in listed} == crm.command_kinds.keys()
    assert all(one["meaning"] and one["context"] for one in listed)
    shown = run("commands").out
    assert all(topic in shown for topic in crm.command_kinds)
    assert not run.database.exists()


@pytest.mark.parametrize("topic", kinds())
def test_the_example_of_a_command_is_one(run: CommandLine, crm: crmcore.CRM, topic: str) -> None:
    line = lines.Line(1, example_line(kinds()[topic]).encode())
    envelope = lines.read(crm, line, None, None)
    assert type(envelope.command) is crm.command_kinds[topic]
    described = run("commands", topic, "--json").document
    assert described["schema"] == json.loads(json.dumps(crm.command_schema(topic)))
    assert described["example"] == json.loads(line.content or b"")
    shown = run("commands", topic)
    assert shown.status == 0
    assert shown.out.rstrip().endswith(example_line(kinds()[topic]))


def test_the_fields_of_a_command_are_told_in_words(run: CommandLine) -> None:
    out = run("commands", "place-order").out
    assert "lines[].goods" in out
    assert "(required)" in out
    assert "now" in out


@pytest.mark.parametrize(
    ("topic", "hint"), [("place-ordr", "did you mean place-order?"), ("zzz", "lists all")]
)
def test_an_unknown_command_is_one_line(run: CommandLine, topic: str, hint: str) -> None:
    done = run("commands", topic)
    assert done.status == 1
    assert hint in done.complaint


def test_the_example_of_service_levels_owes_something(crm: crmcore.CRM, run: CommandLine) -> None:
    """With required fields alone it would leave every case without a target."""
    envelope = lines.read(
        crm, lines.Line(1, example_line(kinds()["define-service-levels"]).encode()), None, None
    )
    assert isinstance(envelope.command, crmcore.commands.DefineServiceLevels)
    assert all(policy.targets for policy in envelope.command.policies)
    crm.execute(envelope.command, by="Ada")
    assert "Condition(" not in run("commands", "define-service-levels").out


def test_meanings_are_told_in_plain_words(run: CommandLine) -> None:
    meanings = [one["meaning"] for one in run("commands", "--json").document["commands"]]
    assert not [said for said in meanings if any(mark in said for mark in ("`", "*", "INV-"))]
