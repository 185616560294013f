"""Every event has a sentence, made of fields that it has."""

from typing import Any

import attrs
import pytest

from crmcore.application.sentences import FIELD, FORMS, sentence_of
from crmcore.catalogue.examples import event_example
from tests.composed import EVENTS

BY_TOPIC: dict[str, Any] = {kind.TOPIC: kind for kind in EVENTS}  # type: ignore[attr-defined]


def test_every_event_has_a_sentence() -> None:
    assert [topic for topic, kind in BY_TOPIC.items() if not kind.SENTENCE] == []


@pytest.mark.parametrize("topic", BY_TOPIC)
def test_a_sentence_names_fields_of_its_event_in_forms_that_there_are(topic: str) -> None:
    names = {field.name for field in attrs.fields(BY_TOPIC[topic])}
    for name, form in FIELD.findall(BY_TOPIC[topic].SENTENCE):
        assert name in names
        assert form in {"", "named", "numbered", "unless", *FORMS}


@pytest.mark.parametrize("topic", BY_TOPIC)
def test_a_sentence_shows_no_raw_json(topic: str) -> None:
    said = sentence_of(BY_TOPIC, topic, event_example(BY_TOPIC[topic]))
    assert said
    assert not set("{}[]_") & set(said)


@pytest.mark.parametrize(
    ("topic", "details", "expected"),
    [
        pytest.param(
            "order-placed",
            {
                "lines": [{"product": "1", "description": "MILK"}, {"product": "soup"}] * 2
                + [{"product": "tea"}],
                "total": {"amount": "1234.5", "currency": "USD"},
                "channel": "web_shop",
                "campaign_id": "c1",
            },
            "bought Milk, soup and 1 more for 1,234.50 USD (web shop) after Spring",
            id="goods, money, words and a campaign",
        ),
        pytest.param(
            "order-placed",
            {
                "lines": [{"product": "tea"}],
                "total": {"amount": "100", "currency": "JPY"},
                "channel": None,
                "campaign_id": None,
            },
            "bought tea for 100 JPY",
            id="what is empty is left out",
        ),
        pytest.param(
            "contact-point-added",
            {"kind": "email", "value": "a@b.example", "label": None, "is_primary": True},
            "can be reached by email: a@b.example, first choice",
            id="a fact",
        ),
        pytest.param(
            "case-replied",
            {"author_role": "agent", "public": False, "text": "Two\nlines"},
            "agent wrote, for our own people: Two lines",
            id="a fact that does not hold",
        ),
        pytest.param(
            "case-replied",
            {"author_role": "agent", "public": True, "text": "x" * 300},
            f"agent wrote: {'x' * 186}…",
            id="a long text",
        ),
        pytest.param(
            "case-opened",
            {"channel": "web", "subject": "Lamp out", "resolve_by": "2026-01-05T09:00:00Z"},
            "case opened by web: Lamp out, due 2026-01-05 09:00 UTC",
            id="an instant",
        ),
        pytest.param(
            "lead-first-response-recorded",
            {"elapsed": "PT90M"},
            "answered for the first time, after 1 h 30 min",
            id="a duration",
        ),
        pytest.param(
            "member-suppressed",
            {
                "campaign_id": "0123456789",
                "suppressions": [{"stage": "no_consent", "detail": "post"}, {"stage": "inactive"}],
            },
            "left out of campaign 0123456789: no consent post, inactive",
            id="a list, and a campaign whose name is not known",
        ),
        pytest.param("host-invoice-paid", {}, "host invoice paid", id="an event of a host's own"),
    ],
)
def test_sentences(topic: str, details: dict[str, Any], expected: str) -> None:
    assert sentence_of(BY_TOPIC, topic, details, {"c1": "Spring"}) == expected
