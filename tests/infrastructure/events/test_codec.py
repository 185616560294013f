"""The codec: every event and every command is read as it was written, and nothing else is read."""

import json
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmcore import calendars, schema_of
from crmcore.catalogue import MessageCatalogue
from crmcore.commands import OpenCase, PlaceOrder, RecordNote, RegisterCustomer
from crmcore.domain.kernel import Money, event, is_personal, version_of
from crmcore.errors import (
    CorruptEventError,
    InvalidCommandError,
    MisuseError,
    UnknownTopicError,
)
from crmcore.infrastructure.commands.codec import CommandCodec
from crmcore.infrastructure.events.codec import EventCodec
from crmcore.testing.strategies import messages
from tests.composed import CODEC, COMMANDS, EVENTS, UPCASTERS
from tests.messages import st_garbage, st_hostile_fields
from tests.scenario import uid

NAME = "Lovelace"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
events, commands = CODEC, CommandCodec(COMMANDS)
a_few = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))


def name(kind: type) -> str:
    return kind.__name__


def read(topic: str, **fields: Any) -> Any:
    return commands.decode(topic, fields, now=NOW)


def levels(weekly: Any = ("Mon-Fri 09:00-17:00",), **target: Any) -> dict[str, Any]:
    """Service levels as a file has them: one target by one calendar."""
    owed = {"kind": "resolution", "calendar": "office", **target}
    office = {"name": "office", "zone": "Europe/Berlin", "weekly": list(weekly)}
    policy = {"name": "all", "targets": [owed]}
    return {"version": "1", "policies": [policy], "calendars": [office]}


def order(**fields: Any) -> dict[str, Any]:
    """The fields of an order of one line, some of them changed."""
    line = {"line": 1, "product": "p", "quantity": 1, "goods": {"amount": "1", "currency": "EUR"}}
    given = {"order_id": str(uid(1)), "customer_id": str(uid(2)), "channel": "store"}
    return {**given, "lines": [{**line, **fields}]}


def check_is_one_line(refusal: Exception) -> None:
    assert "\n" not in str(refusal)
    told = min(10, max(1, len(getattr(refusal, "errors", ()))))
    assert len(str(refusal).encode()) < 600 * told  # as UTF-8: no half characters


# There and back


@pytest.mark.parametrize("kind", EVENTS, ids=name)
def test_every_event_comes_back_as_it_was(kind: Any) -> None:
    @a_few
    @given(messages(kind, wild=True))
    def comes_back(one: Any) -> None:
        data = events.encode(one)
        assert events.decode(kind.TOPIC, version_of(kind), data) == (one,)
        assert json.loads(data).keys() == {field.name for field in kind.__attrs_attrs__}

    comes_back()


@pytest.mark.parametrize("kind", COMMANDS, ids=name)
def test_every_command_comes_back_as_it_was(kind: Any) -> None:
    @a_few
    @given(messages(kind))
    def comes_back(one: Any) -> None:
        fields = commands.fields(one)
        again = commands.decode(kind.TOPIC, fields, now=NOW)
        assert again == one
        assert commands.decode(kind.TOPIC, json.loads(json.dumps(fields)), now=NOW) == one
        assert commands.digest(again) == commands.digest(one)

    comes_back()


@pytest.mark.parametrize("kind", COMMANDS, ids=name)
def test_hostile_fields_are_read_as_a_command_or_refused_in_one_line(kind: Any) -> None:
    @a_few
    @given(st_hostile_fields(kind))
    def refused(fields: dict[str, Any]) -> None:
        try:
            one = commands.decode(kind.TOPIC, fields, now=NOW)
        except InvalidCommandError as refusal:
            check_is_one_line(refusal)
        else:
            again = commands.fields(one)
            assert commands.decode(kind.TOPIC, again, now=NOW) == one

    refused()


@settings(max_examples=200, deadline=None)
@given(st_garbage(), st_garbage())
def test_a_topic_or_fields_of_any_kind_are_refused_in_one_line(topic: Any, fields: Any) -> None:
    with pytest.raises(UnknownTopicError) as unknown:
        commands.decode(topic, fields, now=NOW)
    check_is_one_line(unknown.value)
    if not isinstance(fields, Mapping):
        with pytest.raises(InvalidCommandError, match="expected an object of fields"):
            commands.decode("close-case", fields, now=NOW)


# Events that cannot be read


def test_an_event_of_an_unknown_topic_is_refused() -> None:
    with pytest.raises(UnknownTopicError, match="unknown event topic 'customer-vanished'"):
        events.decode("customer-vanished", 1, "{}")


def test_an_event_of_a_newer_version_is_refused() -> None:
    with pytest.raises(
        CorruptEventError, match="stored in version 2, which this crmcore does not read"
    ):
        events.decode("customer-registered", 2, "{}")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("", id="nothing"),
        pytest.param("{}", id="no fields"),
        pytest.param("[]", id="a list"),
        pytest.param('{"case_id": 5, "at": "2026-01-05T09:00:00Z"}', id="a number for an identity"),
        pytest.param(f'{{"case_id": "{uid(1)}", "at": "yesterday"}}', id="a word for an instant"),
        pytest.param(f'{{"case_id": "{uid(1)}", "at": null}}', id="no instant"),
        pytest.param("[" * 100_000, id="deep nesting"),
        pytest.param('{"x":' + "[" * 100_000 + "]" * 100_000 + "}", id="deep nesting within"),
        pytest.param(b"\xff", id="no text"),
    ],
)
def test_an_event_of_the_wrong_shape_is_refused(data: str | bytes) -> None:
    with pytest.raises(CorruptEventError, match="case-closed: "):
        events.decode("case-closed", 1, data)


def test_an_event_that_the_codec_was_not_made_for_is_not_stored() -> None:
    @event
    class CaseClosed:
        TOPIC: ClassVar[str] = "case-closed"
        at: datetime

    with pytest.raises(UnknownTopicError, match="case-closed"):
        events.encode(CaseClosed(at=NOW))


def test_a_topic_names_one_class() -> None:
    @event
    class CaseClosed:
        TOPIC: ClassVar[str] = "case-closed"
        at: datetime

    with pytest.raises(MisuseError, match=r"event topic 'case-closed' names .* give one"):
        EventCodec([*EVENTS, CaseClosed], UPCASTERS)
    EventCodec([*EVENTS, *EVENTS], UPCASTERS)


# Commands: what is refused, and in which words


@pytest.mark.parametrize(
    ("topic", "fields", "said"),
    [
        ("close-caze", {}, "unknown command topic 'close-caze': did you mean close-case?"),
        ("xyzzy", {}, "unknown command topic 'xyzzy'"),
        (
            "workshop.receive-bike",
            {},
            "unknown command topic 'workshop.receive-bike': no context 'workshop' is loaded"
            " (--contexts on the command line, crmcore.open(..., contexts=[...]) in Python)",
        ),
    ],
)
def test_an_unknown_topic_is_named(topic: str, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(UnknownTopicError) as refused:
        read(topic, **fields)
    assert str(refused.value) == said
    with pytest.raises(UnknownTopicError) as unknown:
        MessageCatalogue().command_schema(topic)
    assert str(unknown.value) == said


@pytest.mark.parametrize(
    ("topic", "fields", "said"),
    [
        pytest.param("close-case", {"case": str(uid(1))},
                     "close-case: case: there is no such field: did you mean case_id?", id="a misspelt field"),
        pytest.param("close-case", {"xyzzy": 1},
                     "close-case: xyzzy: there is no such field: it has case_id, at", id="a foreign field"),
        pytest.param("place-order", order(produkt="p"),
                     "place-order: lines[0].produkt: there is no such field: did you mean product?",
                     id="a misspelt field within"),
        pytest.param("close-case", {}, "close-case: case_id: expected, but not given",
                     id="a missing field"),
        pytest.param("close-case", {"case_id": "nobody"}, "close-case: case_id: expected a UUID, got 'nobody'",
                     id="no identity"),
        pytest.param("define-service-levels", levels(within="P1M"),
                     "define-service-levels: policies[0].targets[0].within: expected hours of work,"
                     " such as PT48H (a day of work has no fixed length; days are business_days), got 'P1M'",
                     id="a duration in months"),
        pytest.param("define-service-levels", levels([], within="PT4H"),
                     "define-service-levels: calendars[0].weekly: expected hours in which office is open,"
                     " got an empty list",
                     id="a calendar without hours"),
        pytest.param("close-case", {"case_id": None}, "close-case: case_id: expected a UUID, got nothing (null)",
                     id="null"),
        pytest.param("close-case", {"case_id": str(uid(1)), "at": "2026-01-05T09:00:00"},
                     "close-case: at: expected an instant with a time zone, such as"
                     " 2026-01-05T09:00:00Z, got 2026-01-05 09:00:00",
                     id="a naive instant"),
        pytest.param("close-case", {"case_id": str(uid(1)), "at": "0001-01-01T00:00:00+14:00"},
                     "between the years 1900 and 9000", id="an instant before all time"),
        pytest.param("open-case", {"case_id": str(uid(1)), "subject": "s", "channel": "email",
                                   "kind": "riddle"},
                     "open-case: kind: expected one of service_request, information_request,"
                     " complaint, return, incident, got 'riddle'", id="an unknown word"),
        pytest.param("place-order", order(goods={"amount": "NaN", "currency": "EUR"}),
                     "place-order: lines[0].goods.amount: expected a finite decimal number",
                     id="no amount"),
        pytest.param("place-order", order(goods={"amount": "1E+16", "currency": "EUR"}),
                     "lines[0].goods.amount: expected at most 15 digits before the point", id="too much"),
        pytest.param("place-order", order(goods={"amount": "0E+99999999", "currency": "EUR"}),
                     "lines[0].goods.amount: expected at most 15 digits before the point",
                     id="a zero of a hundred million digits"),
        pytest.param("place-order", order(goods={"amount": "1e-9", "currency": "EUR"}),
                     "lines[0].goods.amount: expected at most 6 digits after the point", id="too fine"),
        pytest.param("place-order", order(goods={"amount": "1", "currency": "EUX"}),
                     "lines[0].goods.currency: expected an ISO 4217 code such as EUR, got 'EUX'",
                     id="no currency"),
        pytest.param("place-order", order(line=0), "lines[0].line: expected a number from 1 to 1000000",
                     id="out of bounds"),
        pytest.param("place-order", order(line=2**70), "lines[0].line: expected a whole number",
                     id="a huge number"),
        pytest.param("place-order", order(line=10**5_000), "lines[0].line: expected a whole number",
                     id="a number too long to print"),
        pytest.param("place-order", order(quantity=0.1 + 0.2),
                     "lines[0].quantity: expected a float of at most 15 digits, or the number as text,"
                     " got 0.30000000000000004", id="a float that is not exact"),
        pytest.param("place-order", order(quantity=float("nan")), "quantity: expected a finite",
                     id="a float that is no number"),
        pytest.param("place-order", order(product="\ud800"), "text without control characters",
                     id="half a character"),
        pytest.param("place-order", order(product="a\0b"), "text without control characters", id="NUL"),
        pytest.param("place-order", order(product=" \u2003 "), "text that is not blank", id="blanks"),
        pytest.param("place-order", order(product="x" * 101), "at most 100 characters", id="long text"),
        pytest.param("define-service-levels", levels(within="P2D"),
                     "policies[0].targets[0].within: expected hours of work, such as PT48H",
                     id="a day of work"),
        pytest.param("define-service-levels", levels(within="PT4H", warnings=[{"remaining": "P1DT1H"}]),
                     "policies[0].targets[0].warnings[0].remaining: expected hours of work",
                     id="a day of work before which to warn"),
        pytest.param("define-service-levels", levels(),
                     "policies[0].targets[0].within: expected either within, or business_days, or"
                     " close_of_business_day, got none of them", id="a target without time"),
        pytest.param("define-service-levels", levels(within="PT4H", pauses=["solved"]),
                     "pauses[0]: expected one of new, pending, on_hold", id="no pause"),
        pytest.param("define-service-levels", levels(["Mon-Fri 09:00"], within="PT4H"),
                     "calendars[0].weekly[0]: expected hours such as 09:00-17:00, got 'Mon-Fri 09:00'",
                     id="hours of a week without an end"),
        pytest.param("define-service-levels", levels(["Mo 09:00-17:00"], within="PT4H"),
                     "calendars[0].weekly[0]: expected a line such as Mon-Fri", id="no weekday"),
    ],
)  # fmt: skip
def test_a_command_of_the_wrong_shape_is_refused_in_words(
    topic: str, fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidCommandError) as refused:
        read(topic, **fields)
    assert said in str(refused.value)
    check_is_one_line(refused.value)


def test_all_that_is_wrong_is_told_at_once_each_by_its_field() -> None:
    wrong = order(line=0, goods={"amount": "x", "currency": "EUX"}, produkt="p", discount=3)
    with pytest.raises(InvalidCommandError) as refused:
        read("place-order", **wrong | {"order_id": None, "channel": " ", "note": 1, "at": "now"})
    errors = {one.field: one.message for one in refused.value.errors}
    assert errors == {
        "order_id": "expected a UUID, got nothing (null)",
        "channel": "expected text that is not blank, got ' '",
        "at": "expected an instant with a time zone, such as 2026-01-05T09:00:00Z, got 'now'",
        "note": "there is no such field: it has order_id, customer_id, channel, campaign_id,"
        " lines, discount, delivery, handed_over, number, at",
        "lines[0].line": "expected a number from 1 to 1000000, got 0",
        "lines[0].goods.amount": "expected a decimal number, such as 19.90, got 'x'",
        "lines[0].goods.currency": "expected an ISO 4217 code such as EUR, got 'EUX'",
        "lines[0].produkt": "there is no such field: did you mean product?",
        "lines[0].discount": "expected an object, got 3",
    }
    for one in refused.value.errors:
        assert str(one) in str(refused.value)


def test_every_value_of_a_list_is_told_that_is_wrong() -> None:
    with pytest.raises(InvalidCommandError) as refused:
        read("capture-lead", lead_id=uid(1), source="website", interests=["a", "", 3])
    fields = [one.field for one in refused.value.errors]
    assert fields == ["interests[1]", "interests[2]"]


def test_a_text_tells_the_first_errors_and_how_many_there_are_more() -> None:
    lines = [{"line": 0} for _ in range(30)]
    with pytest.raises(InvalidCommandError, match=r"; and 110 more$") as refused:
        read("place-order", **order() | {"lines": lines})
    assert len(refused.value.errors) == 120


@st.composite
def st_personal_garbage(draw: st.DrawFn) -> Any:
    """Values that no text field takes, each with a name in it."""
    spoilt = draw(st.sampled_from(["{}\0", "{}" * 30_000, "\ud800{}", "{}@", "+{}"]))
    text = spoilt.replace("{}", NAME)
    return draw(st.sampled_from([text, [text], {text: text}, {"name": text}, 1, None]))


def personal(kind: Any) -> list[str]:
    return [one.name for one in kind.__attrs_attrs__ if is_personal(one.type)]


@pytest.mark.parametrize("kind", [kind for kind in COMMANDS if personal(kind)], ids=name)
def test_no_refusal_tells_the_value_of_a_personal_field(kind: Any) -> None:
    @a_few
    @given(messages(kind), st.data())
    def untold(one: Any, data: st.DataObject) -> None:
        fields = commands.fields(one)
        field = data.draw(st.sampled_from(personal(kind)))
        fields[field] = data.draw(st_personal_garbage())
        try:
            commands.decode(kind.TOPIC, fields, now=NOW)
        except InvalidCommandError as error:
            refusal = error
        else:
            return
        assert NAME not in "".join(traceback.format_exception(refusal))
        assert any(one.field.startswith(field) for one in refusal.errors)

    untold()


def test_hours_are_read_as_people_write_them() -> None:
    lines = ["Mon-Fri 09:00-12:30, 13:00-17:00", "Fri 22:00-06:00"]
    fields = levels([*lines, {"weekday": 7, "opens": "10:00", "closes": "12:00"}], within="PT4H")
    christmas = {"day": "2026-12-24", "hours": ["09:00-12:00, 13:00-14:00"]}
    fields["calendars"][0]["shifted"] = [christmas]
    (office,) = read("define-service-levels", **fields).calendars
    assert office.weekly == calendars.weekly(*lines, "Sun 10:00-12:00")
    assert office.shifted[0].hours == calendars.day_hours("09:00-12:00, 13:00-14:00")


@pytest.mark.parametrize("told", ["PT48H", "PT0S", "PT1H30M", "PT36H0.5S"])
def test_working_time_is_written_in_hours_and_read_again(told: str) -> None:
    command = read("define-service-levels", **levels(within=told))
    again = commands.fields(command)
    assert again["policies"][0]["targets"][0]["within"] == told
    assert read("define-service-levels", **again) == command


def test_a_schema_tells_what_may_be_text_and_in_which_categories_a_clock_stands_still() -> None:
    parts = schema_of(commands.topics["define-service-levels"])["$defs"]
    pauses = parts["ServiceTarget"]["properties"]["pauses"]["items"]
    assert sorted(pauses["enum"]) == ["new", "on_hold", "pending"]
    week = parts["BusinessCalendar"]["properties"]["weekly"]["items"]["anyOf"]
    assert {"type": "string", "examples": ["Mon-Fri 09:00-17:00"]} in week
    assert (
        "hours of work" in parts["ServiceTarget"]["properties"]["within"]["anyOf"][0]["description"]
    )


def test_nesting_without_end_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(InvalidCommandError, match="case_id: expected a UUID, got a list"):
        read("close-case", case_id=deep)


# Commands: what is read


def test_at_is_now_where_it_is_left_out() -> None:
    assert read("close-case", case_id=str(uid(1))).at == NOW
    with pytest.raises(InvalidCommandError, match="at"):
        read("close-case", case_id=str(uid(1)), at=None)


def test_instants_are_read_in_any_zone_and_kept_in_utc() -> None:
    at = read("close-case", case_id=str(uid(1)), at="2026-01-05T10:00:00.000001+01:00").at
    assert at == datetime(2026, 1, 5, 9, 0, 0, 1, UTC)
    assert at.utcoffset() == timedelta(0)


def test_python_values_are_read_as_well_as_json() -> None:
    assert read("close-case", case_id=uid(1), at=NOW).case_id == uid(1)
    price = {"amount": Decimal("1.10"), "currency": "EUR"}
    placed = read("place-order", **order(goods=price))
    assert isinstance(placed, PlaceOrder)
    assert str(placed.lines[0].goods.amount) == "1.10"


def test_nested_values_are_brought_into_normal_form() -> None:
    placed = read("place-order", **order(product=" Cafe\u0301\n"))
    assert placed.lines[0].product == "Café"
    noted = read("record-note", note_id=uid(1), customer_id=uid(2), text="\u2003e\u0301 ")
    assert isinstance(noted, RecordNote)
    assert noted.text == "é"


@pytest.mark.parametrize(
    ("given", "amount"),
    [
        pytest.param("19.90", "19.90", id="text"),
        pytest.param(Decimal("19.90"), "19.90", id="decimal"),
        pytest.param(19.9, "19.9", id="float"),
        pytest.param(20.0, "20", id="whole float"),
        pytest.param(20, "20", id="integer"),
        pytest.param("999999999999999.999999", "999999999999999.999999", id="the largest"),
        pytest.param("-0.00", "-0.00", id="minus nothing"),
    ],
)  # fmt: skip
def test_amounts_are_exact(given: Any, amount: str) -> None:
    placed = read("place-order", **order(goods={"amount": given, "currency": "EUR"}))
    assert str(placed.lines[0].goods.amount) == amount
    again = read("place-order", **commands.fields(placed))
    assert str(again.lines[0].goods.amount) == amount
    assert again.lines[0].goods == Money(Decimal(amount), "EUR")


@pytest.mark.parametrize("written", ["١٩", "1_000", " 19.90 ", "１９"])
def test_a_number_is_written_in_the_digits_of_the_format(written: str) -> None:
    """``Decimal`` reads more than that, and nobody sees which amount was meant."""
    amount = {"amount": written, "currency": "EUR"}
    with pytest.raises(InvalidCommandError, match="amount: expected a decimal number"):
        read("place-order", **order(goods=amount))
    assert read("place-order", **order(product=written)).lines[0].product == written.strip()


def test_a_schema_describes_in_running_text() -> None:
    for kind in commands.topics.values():
        assert "\\n    " not in json.dumps(schema_of(kind))


def test_a_schema_describes_every_command() -> None:
    for kind in commands.topics.values():
        described = json.dumps(schema_of(kind))
        for field in kind.__attrs_attrs__:  # type: ignore[attr-defined]
            assert f'"{field.name}"' in described
    assert {RegisterCustomer, OpenCase} <= set(commands.topics.values())
