"""`crmcore commands`: what it lists, and that its examples can be read."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar
from uuid import UUID

import attrs
import jsonschema  # type: ignore[import-untyped]  # it has no annotations
import pytest

import crmcore
from crmcore import Money
from crmcore.catalogue import CommandMessage, MessageCatalogue
from crmcore.cli.execution import lines
from crmcore.contexts import command
from tests.cli.command_line import CommandLine

COMMANDS = MessageCatalogue().commands


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


@pytest.mark.parametrize("topic", COMMANDS)
def test_the_example_of_a_command_is_one(run: CommandLine, crm: crmcore.CRM, topic: str) -> None:
    line = lines.Line(1, json.dumps(COMMANDS[topic].example).encode())
    envelope = lines.read(crm, line, None, None)
    assert type(envelope.command) is crm.command_kinds[topic]
    described = run("commands", topic, "--json").document
    assert described["schema"] == json.loads(json.dumps(crm.command_schema(topic)))
    assert described["example"] == json.loads(line.content or b"")
    shown = run("commands", topic)
    assert shown.status == 0
    assert shown.out.rstrip().endswith(json.dumps(COMMANDS[topic].example))


NEEDED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "add-contact-point",
            "advance-lifecycle",
            "correct-customer-name",
            "deactivate-customer",
            "give-consent",
            "link-external-identity",
            "raise-objection",
            "record-interaction",
            "record-note",
            "set-contact-pause",
            "set-preference",
            "withdraw-consent",
            "open-opportunity",
            "place-order",
        ),
        ("register-customer",),
    ),
    **dict.fromkeys(
        (
            "change-primary-contact-point",
            "invalidate-contact-point",
            "remove-contact-point",
            "verify-contact-point",
        ),
        ("add-contact-point",),
    ),
    "confirm-consent": ("give-consent",),
    "correct-interaction": ("record-interaction",),
    "correct-lifecycle": ("advance-lifecycle",),
    "correct-note": ("record-note",),
    "lift-contact-pause": ("set-contact-pause",),
    "reactivate-customer": ("deactivate-customer",),
    "unlink-external-identity": ("link-external-identity",),
    **dict.fromkeys(
        (
            "approve-campaign",
            "attach-target-list",
            "cancel-campaign",
            "incur-cost",
            "schedule-campaign",
            "set-campaign-budget",
        ),
        ("plan-campaign",),
    ),
    "copy-campaign": (),
    "launch-campaign": ("attach-target-list", "approve-campaign"),
    "complete-campaign": ("launch-campaign",),
    "pause-campaign": ("launch-campaign",),
    "resume-campaign": ("pause-campaign",),
    "target-member": ("register-customer", "attach-target-list"),
    "send-message": ("give-consent", "target-member", "launch-campaign"),
    **dict.fromkeys(
        ("record-bounce", "record-click", "record-delivery", "record-open"), ("send-message",)
    ),
    **dict.fromkeys(("record-conversion", "record-opt-out", "record-response"), ("send-message",)),
    **dict.fromkeys(
        (
            "adjust-lead-score",
            "assign-lead",
            "disqualify-lead",
            "enrich-lead",
            "nurture-lead",
            "record-lead-activity",
        ),
        ("capture-lead",),
    ),
    "accept-lead": ("assign-lead",),
    "contact-lead": ("assign-lead",),
    "decline-lead": ("assign-lead",),
    "qualify-lead": ("accept-lead",),
    "convert-lead": ("register-customer", "qualify-lead"),
    "recycle-lead": ("nurture-lead",),
    "revise-assignment-policy": ("define-assignment-policy",),
    **dict.fromkeys(
        (
            "advance-opportunity",
            "lose-opportunity",
            "override-opportunity-probability",
            "reset-opportunity-probability",
            "revise-opportunity-amount",
            "win-opportunity",
        ),
        ("open-opportunity",),
    ),
    "reopen-opportunity": ("lose-opportunity",),
    "cancel-order": ("place-order",),
    "ship-order": ("place-order",),
    "deliver-order": ("ship-order",),
    "return-order": ("ship-order",),
    **dict.fromkeys(
        (
            "add-case-note",
            "assign-case",
            "classify-case",
            "hold-case",
            "mark-case-spam",
            "merge-case",
            "observe-service-levels",
            "pend-case",
            "prioritise-case",
            "queue-case",
            "reapply-service-levels",
            "reply-to-case",
            "resume-case",
            "solve-case",
            "start-case",
        ),
        ("open-case",),
    ),
    "transfer-case": ("queue-case",),
    "identify-case-customer": ("register-customer", "open-case"),
    "close-case": ("solve-case",),
    "reopen-case": ("solve-case",),
    "offer-survey": ("identify-case-customer", "solve-case"),
    "answer-survey": ("offer-survey",),
    "expire-survey": ("offer-survey",),
}
"""What was carried out before, so that a log has what the example of a command names."""


def steps(topic: str) -> list[str]:
    """The topics that lead to what *topic* needs, and itself, each once."""
    before = [step for need in NEEDED.get(topic, ()) for step in steps(need)]
    return list(dict.fromkeys([*before, topic]))


def named_elsewhere(topic: str, fields: dict[str, Any]) -> list[dict[str, Any]]:
    """What an example names beside its own thing: the case merged into, the campaign copied."""
    if topic == "merge-case":
        return [example_of("open-case") | {"case_id": fields["into_case_id"]}]
    if topic == "copy-campaign":
        return [example_of("plan-campaign") | {"campaign_id": fields["source_id"]}]
    return []


def example_of(topic: str) -> dict[str, Any]:
    return COMMANDS[topic].example


@pytest.mark.parametrize("topic", COMMANDS)
def test_the_example_of_a_command_is_accepted_by_a_log_that_has_what_it_names(
    run: CommandLine, topic: str
) -> None:
    last = example_of(topic)
    long_ago = {"at": "2024-01-05T09:00:00Z"} if topic == "expire-survey" else {}
    before = [example_of(step) | long_ago for step in steps(topic)[:-1]]
    run.executes(*before, *named_elsewhere(topic, last))
    done = run.executes(last)
    assert "0 refused" in done.out
    with crmcore.open(f"sqlite:///{run.database}") as crm:
        for one in crm.events():
            jsonschema.validate(json.loads(one.data), crm.event_schema(one.topic))


@pytest.mark.parametrize("topic", COMMANDS)
def test_an_example_says_yes_to_nothing_that_is_no_unless_said(topic: str) -> None:
    """Who copies it would say it of everything: that a message is transactional, say."""
    filled, kind = example_of(topic), COMMANDS[topic].kind
    noes = [field.name for field in attrs.fields(kind) if field.default is False]
    assert not [name for name in noes if filled.get(name)]


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
        crm,
        lines.Line(1, json.dumps(COMMANDS["define-service-levels"].example).encode()),
        None,
        None,
    )
    assert isinstance(envelope.command, crmcore.commands.DefineServiceLevels)
    assert all(policy.targets for policy in envelope.command.policies)
    crm.execute(envelope.command, by="Ada")
    assert "Condition(" not in run("commands", "define-service-levels").out


def test_meanings_are_told_in_plain_words(run: CommandLine) -> None:
    meanings = [one["meaning"] for one in run("commands", "--json").document["commands"]]
    assert not [said for said in meanings if any(mark in said for mark in ("`", "*", "INV-"))]


def test_a_default_is_told_in_words(run: CommandLine) -> None:
    told = run("commands", "plan-campaign").out
    assert "<" not in told
    assert "reply" in told


def test_opening_hours_that_are_no_list_are_shown_one(crm: crmcore.CRM) -> None:
    fields = example_of("define-service-levels")
    fields["calendars"] = [fields["calendars"][0] | {"weekly": "Mon-Fri 09:00-17:00"}]
    with pytest.raises(crmcore.errors.InvalidCommandError, match="a list, such as"):
        crm.command("define-service-levels", {**fields, "at": "2026-01-05T09:00:00Z"})


class Branch(Enum):
    MAIN = "main"
    NORTH = "north"


@command
class SendVan:
    """Send a van."""

    TOPIC: ClassVar[str] = "vans.send-van"
    van_id: UUID
    branch: Branch = Branch.MAIN
    calls_at: tuple[Branch, ...] = (Branch.MAIN, Branch.NORTH)
    within: timedelta = timedelta(hours=4)
    on: date = date(2026, 1, 5)
    price: Money = Money(Decimal("19.90"), "EUR")
    load: Decimal = Decimal("1.50")
    doors: int = 3
    cold: bool = True
    note: str = ""
    at: datetime


def test_what_holds_where_a_field_is_left_out_is_shown_as_a_file_has_it() -> None:
    van = CommandMessage(context="vans", stream="van", kind=SendVan)
    shown = {field.name: field.left_out for field in van.fields}
    assert shown == {
        "van_id": "(required)",
        "branch": "main",
        "calls_at": "main, north",
        "within": "PT14400S",
        "on": "2026-01-05",
        "price": '{"amount": "19.90", "currency": "EUR"}',
        "load": "1.50",
        "doors": "3",
        "cold": "true",
        "note": "-",
        "at": "now",
    }
