"""An event's schema takes what is stored of it, and says what a reader in another language needs."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import jsonschema  # type: ignore[import-untyped]  # it has no annotations
import pytest
from hypothesis import HealthCheck, given, settings

import crmcore
from crmcore.catalogue import MessageCatalogue
from crmcore.contexts import Aggregate, Context, Length, Personal, event
from crmcore.domain.kernel import is_personal, version_of
from crmcore.errors import UnknownTopicError
from crmcore.infrastructure.events.schema import schema_of_event
from crmcore.testing.strategies import events
from tests.composed import CODEC, EVENTS
from tests.event_fixtures import EXAMPLES
from tests.histories import Clock, a_rich_history, send

CATALOGUE = MessageCatalogue()
a_few = settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))


def validator(schema: Any) -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


VALIDATORS = {topic: validator(one.schema) for topic, one in CATALOGUE.events.items()}
PRESENT = [
    file
    for file in sorted(EXAMPLES.iterdir())
    if file.stem in {f"{kind.TOPIC}.v{version_of(kind)}" for kind in EVENTS}  # type: ignore[attr-defined]
]


@pytest.mark.parametrize("file", PRESENT, ids=lambda file: file.stem)
def test_a_schema_takes_the_recorded_example_of_its_version(file: Path) -> None:
    topic, _, _ = file.stem.rpartition(".v")
    VALIDATORS[topic].validate(json.loads(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.TOPIC)
def test_a_schema_takes_every_event(kind: Any) -> None:
    @a_few
    @given(events(kind))
    def taken(one: Any) -> None:
        VALIDATORS[kind.TOPIC].validate(json.loads(CODEC.encode(one)))

    taken()


def test_a_schema_takes_what_a_history_records(tmp_path: Path) -> None:
    seen = set()
    with crmcore.open(f"sqlite:///{tmp_path}/crm.db", clock=Clock()) as crm:
        send(crm, a_rich_history())
        for one in crm.events():
            VALIDATORS[one.topic].validate(json.loads(one.data))
            seen.add(one.topic)
    assert len(seen) > 20


@pytest.mark.parametrize("topic", CATALOGUE.events)
def test_the_example_of_an_event_is_one(topic: str) -> None:
    one = CATALOGUE.events[topic]
    VALIDATORS[topic].validate(one.example)
    (read,) = CODEC.decode(topic, one.version, json.dumps(one.example))
    assert json.loads(CODEC.encode(read)) == one.example


@pytest.mark.parametrize("topic", CATALOGUE.events)
def test_what_is_personal_is_marked(topic: str) -> None:
    one = CATALOGUE.events[topic]
    marked = {name for name, field in one.schema["properties"].items() if "x-personal" in field}
    assert marked == {field.name for field in one.kind.__attrs_attrs__ if is_personal(field.type)}


def test_every_event_is_described() -> None:
    assert CATALOGUE.events.keys() == CODEC.topics.keys()
    assert [topic for topic, one in CATALOGUE.events.items() if not one.schema["description"]] == []


def test_all_fields_are_stored_an_empty_one_as_null() -> None:
    schema = CATALOGUE.event_schema("order-placed")
    assert schema["required"] == list(schema["properties"])
    assert schema["additionalProperties"] is False
    assert schema["properties"]["campaign_id"]["anyOf"][1] == {"type": "null"}
    assert schema["$defs"]["OrderLine"]["properties"]["product"]["maxLength"] == 100
    assert schema["properties"]["total"]["properties"]["amount"]["type"] == "string"


def test_a_schema_says_where_its_event_belongs_and_which_versions_are_read_as_it() -> None:
    schema = CATALOGUE.event_schema("message-sent")
    told = {name: value for name, value in schema.items() if name.startswith("x-")}
    assert told == {
        "x-topic": "message-sent",
        "x-context": "marketing",
        "x-stream": "membership",
        "x-version": 2,
        "x-older-versions": [{"topic": "message-sent", "version": 1}],
    }


def test_an_unknown_topic_says_what_helps() -> None:
    with pytest.raises(UnknownTopicError, match="unknown event topic 'order-plazed': did you mean"):
        CATALOGUE.event_schema("order-plazed")
    with pytest.raises(UnknownTopicError, match="no context 'workshop' is loaded"):
        CATALOGUE.event_schema("workshop.bike-received")


# A host's own


class Level(Enum):
    LOW = 1
    HIGH = 2


@dataclass
class Reading:
    """What a meter shows."""

    sensor: str
    value: float


@event
class MeterRead:
    """A meter was read."""

    TOPIC: ClassVar[str] = "meters.meter-read"
    meter_id: UUID
    reader: Annotated[str, Length(80), Personal()]
    tags: list[str]
    labels: dict[str, int]
    unit: Literal["kWh", "m3"]
    amount: int | Decimal | None
    ratio: float
    reading: Reading
    level: Level
    on: date
    at: datetime


METERS = Context(
    name="meters",
    aggregates=(
        Aggregate(kind="meter", initial=None, evolve=lambda _, one: one, events=(MeterRead,)),
    ),
)
STORED = {
    "meter_id": "00000000-0000-4000-8000-000000000001",
    "reader": "Ada",
    "tags": ["a"],
    "labels": {"a": 1},
    "unit": "kWh",
    "amount": None,
    "ratio": 0.5,
    "reading": {"sensor": "a", "value": 1.5},
    "level": 2,
    "on": "2026-01-05",
    "at": "2026-01-05T09:00:00Z",
}


def test_an_event_of_a_hosts_own_is_described_with_types_that_ours_do_not_have() -> None:
    one = MessageCatalogue([METERS]).events["meters.meter-read"]
    schema = validator(one.schema)
    schema.validate(STORED)
    assert one.schema["properties"]["reader"] == {
        "type": "string",
        "maxLength": 80,
        "x-personal": True,
    }
    for name, value in {"tags": [1], "labels": {"a": "b"}, "unit": "l", "ratio": "x"}.items():
        assert not schema.is_valid({**STORED, name: value}), name
    assert one.example.keys() == STORED.keys()
    assert {field.name for field in one.fields} >= STORED.keys()


def test_annotations_that_are_text_are_read() -> None:
    later: type = event(
        type(
            "Later",
            (),
            {
                "__doc__": "Later.",
                "__module__": __name__,
                "TOPIC": "meters.later",
                "__annotations__": {"TOPIC": "ClassVar[str]", "level": "Level", "at": "datetime"},
            },
        )
    )
    schema = schema_of_event(later)
    assert schema["properties"]["level"]["enum"] == [1, 2]
    assert schema["properties"]["at"]["format"] == "date-time"
