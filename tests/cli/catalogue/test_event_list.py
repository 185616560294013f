"""`crmcore events`: what it lists, and what it shows of one."""

import json

import pytest

import crmcore
from crmcore.catalogue import MessageCatalogue
from tests.cli.command_line import CommandLine
from tests.cli.test_own_contexts import HERE, own  # noqa: F401  # a fixture

EVENTS = MessageCatalogue().events


def test_all_events_are_listed_without_a_database(run: CommandLine) -> None:
    listed = run("events", "--json").document["events"]
    assert {one["topic"] for one in listed} == EVENTS.keys()
    assert all(one["meaning"] and one["context"] and one["version"] for one in listed)
    shown = run("events").out
    assert all(topic in shown for topic in EVENTS)
    assert not run.database.exists()


@pytest.mark.parametrize("topic", ["order-placed", "message-sent", "service-levels-defined"])
def test_one_event_is_described(run: CommandLine, topic: str) -> None:
    described = run("events", topic, "--json").document
    assert described["example"] == EVENTS[topic].example
    assert described["schema"] == run("events", topic, "--schema").document
    with crmcore.open(f"sqlite:///{run.database}") as crm:
        assert described["schema"] == json.loads(json.dumps(crm.event_schema(topic)))
    shown = run("events", topic)
    assert shown.out.rstrip().endswith(json.dumps(EVENTS[topic].example))
    assert "May be empty" in shown.out


def test_personal_fields_versions_and_commands_are_told(run: CommandLine) -> None:
    assert "About a person: value, normalised, label." in run("events", "contact-point-added").out
    sent = run("events", "message-sent").out
    assert "Version 2; older ones are read as it: 1." in sent
    assert "send-message" in sent
    assert "In a history: bought example for 19.90 EUR" in run("events", "order-placed").out
    claimed = run("events", "case-number-claimed").out
    assert "In streams of the kind case number." in claimed


@pytest.mark.parametrize("words", ["events", "commands"])
def test_the_schemas_of_all_are_one_document(run: CommandLine, words: str) -> None:
    known = getattr(MessageCatalogue(), words)
    assert run(words, "--schema").document.keys() == known.keys()


@pytest.mark.parametrize(
    ("topic", "hint"), [("order-plazed", "did you mean order-placed?"), ("zzz", "lists all")]
)
def test_an_unknown_event_is_one_line(run: CommandLine, topic: str, hint: str) -> None:
    done = run("events", topic)
    assert done.status == 1
    assert hint in done.complaint


def test_meanings_are_told_in_plain_words(run: CommandLine) -> None:
    meanings = [one["meaning"] for one in run("events", "--json").document["events"]]
    assert not [said for said in meanings if any(mark in said for mark in ("`", "*", "INV-"))]


def test_events_of_a_hosts_own_contexts_are_listed(own: CommandLine) -> None:  # noqa: F811
    shown = own("--contexts", HERE, "events", "workshop.bike-received").out
    assert "A customer brought a bike." in shown
    refused = own("events", "workshop.bike-received")
    assert "no context 'workshop' is loaded" in refused.complaint


@pytest.mark.parametrize(
    ("words", "option", "document"),
    [("events", "asyncapi", "3.0.0"), ("commands", "openapi", "3.1.0")],
)
def test_the_document_of_all_is_printed(
    run: CommandLine, words: str, option: str, document: str
) -> None:
    assert run(words, f"--{option}").document == getattr(MessageCatalogue(), option)()
    assert run(words, f"--{option}").document[option] == document
    refused = run(words, "zzz", f"--{option}")
    assert refused.status == 2
    assert "is of all: leave zzz out" in refused.complaint
    assert not run.database.exists()
