"""Versions of events: every one that was ever stored is read, and none changes unseen."""

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar
from uuid import UUID

import pytest

from crmcore.domain.kernel import Length, Money, event, value, version_of
from crmcore.infrastructure.events.codec import EventCodec
from crmcore.infrastructure.events.upcasting import Upcaster
from crmcore.projections.engine.projection import Projection
from tests.composed import AGGREGATES, CODEC, EVENTS, PROJECTIONS, UPCASTERS
from tests.event_fixtures import EXAMPLES, SCHEMAS, add_missing, complaint, fields_of, read_schemas

STORED = {
    *((kind.TOPIC, version) for kind in EVENTS for version in range(1, version_of(kind) + 1)),  # type: ignore[attr-defined]
    *((upcaster.topic, upcaster.version) for upcaster in UPCASTERS),
}


def stored(file: Path) -> tuple[str, int]:
    topic, _, version = file.stem.rpartition(".v")
    return topic, int(version)


# Examples of every version


def test_every_version_has_an_example_and_recorded_fields() -> None:
    files = {stored(file) for file in EXAMPLES.iterdir()}
    fields = {(topic, int(one)) for topic, versions in read_schemas().items() for one in versions}
    assert not STORED - files, "run make event-fixtures"
    assert not files - STORED, (
        "no upcaster reads these any more: what was released is read for ever"
    )
    assert fields == files


@pytest.mark.parametrize("file", sorted(EXAMPLES.iterdir()), ids=lambda file: file.stem)
def test_an_example_of_every_version_is_read(file: Path) -> None:
    topic, version = stored(file)
    data = file.read_text(encoding="utf-8")
    events = CODEC.decode(topic, version, data)
    assert all(type(one) in EVENTS for one in events)
    kind = CODEC.topics.get(topic)
    if kind is not None and version == version_of(kind):
        (one,) = events
        assert json.loads(CODEC.encode(one)) == json.loads(data)
        assert None not in json.loads(data).values(), "an example has every field filled"


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda one: one.name)
def test_a_read_models_views_fit_the_events(projection: Projection) -> None:
    reader = CODEC.reader(projection.reads)
    for file in EXAMPLES.iterdir():
        for one in reader(*stored(file), file.read_text(encoding="utf-8")):
            assert one is None or type(one) in projection.handler_of


def test_all_that_an_event_becomes_belongs_to_its_stream() -> None:
    wholes = [{kind.TOPIC for kind in one.events} for one in AGGREGATES]  # type: ignore[attr-defined]
    for upcaster in UPCASTERS:
        topics = CODEC.topics.keys() & upcaster.to.keys()
        assert any(topics <= whole for whole in wholes), upcaster


# Fields change with a version alone


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.TOPIC)
def test_an_event_is_stored_as_its_version_was_recorded(kind: Any) -> None:
    assert complaint(kind, read_schemas().get(kind.TOPIC, {})) is None


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class FewerColours(StrEnum):
    RED = "red"


class MoreColours(StrEnum):
    RED = "red"
    BLUE = "blue"
    GREEN = "green"


@value
class Size:
    width: int


@value
class LargerSize:
    width: int
    height: int


def painted(colour: Any = Colour, size: Any = Size, at: Any = datetime, **more: Any) -> type:
    """The class of an event that says that a house was painted."""
    fields = {
        "house_id": UUID,
        "colours": tuple[colour, ...],
        "size": size | None,
        "price": Money,
        "note": Annotated[str, Length(10)] | None,
        "at": at,
        **more,
    }
    left = {name: annotation for name, annotation in fields.items() if annotation is not ...}
    names = {"TOPIC": "house-painted", "__annotations__": {"TOPIC": ClassVar[str], **left}}
    return event(type("HousePainted", (), names))


RECORDED = {"1": fields_of(painted())}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        pytest.param(painted(street=str), "street", id="a field more"),
        pytest.param(painted(street=str | None), "street", id="an optional field more"),
        pytest.param(painted(note=...), "note", id="a field less"),
        pytest.param(painted(note=..., remark=str), "note, remark", id="a field renamed"),
        pytest.param(painted(price=int), "price", id="another type"),
        pytest.param(painted(note=str), "note", id="no longer optional"),
        pytest.param(painted(price=Money | None), "price", id="optional from now on"),
        pytest.param(painted(size=LargerSize), "size", id="a field more within"),
        pytest.param(painted(size=tuple[Size, ...]), "size", id="several"),
        pytest.param(painted(FewerColours), "colours", id="a member of an enum less"),
        pytest.param(painted(str), "colours", id="text for an enum"),
        pytest.param(painted(at=str), "at", id="text for an instant"),
    ],
)
def test_fields_that_change_within_a_version_are_found(kind: type, name: str) -> None:
    said = complaint(kind, RECORDED)
    assert said is not None
    assert said.startswith(f"house-painted version 1 was recorded with other fields ({name}): ")
    assert "raise SCHEMA_VERSION of HousePainted to 2, write the upcaster of version 1" in said


@pytest.mark.parametrize(
    ("kind", "versions"),
    [
        pytest.param(painted(), {}, id="a new event"),
        pytest.param(painted(MoreColours), RECORDED, id="a member of an enum more"),
    ],
)
def test_what_only_adds_is_to_be_recorded(kind: type, versions: Mapping[str, Any]) -> None:
    assert complaint(kind, versions) == (
        "house-painted version 1 is not yet recorded so: run make event-fixtures"
    )


def test_a_text_may_become_longer_or_shorter() -> None:
    assert complaint(painted(note=Annotated[str, Length(99)] | None), RECORDED) is None


def test_event_fixtures_only_adds(tmp_path: Path) -> None:
    def run(kind: Any, *upcasters: Upcaster) -> list[str]:
        return list(add_missing(EventCodec([kind], upcasters), tmp_path, schemas))

    schemas, first = tmp_path / "schemas.json", tmp_path / "house-painted.v1.json"
    assert run(painted()) == ["written: house-painted.v1.json"]
    before = first.read_text()
    assert run(painted()) == []
    assert run(painted(MoreColours)) == []
    assert read_schemas(schemas)["house-painted"]["1"]["colours"] == {
        "list of": {"one of": ["blue", "green", "red"]}
    }
    (refused,) = run(painted())  # a member that was once recorded stays
    assert refused.startswith("not written: house-painted version 1 was recorded with other fields")
    later = painted(MoreColours, street=str)
    (refused,) = run(later)
    assert "(street)" in refused
    later.SCHEMA_VERSION = 2  # type: ignore[attr-defined]
    upcaster = Upcaster(
        "house-painted", 1, {"house-painted": 2}, lambda fields: [("house-painted", fields)]
    )
    assert run(later, upcaster) == ["written: house-painted.v2.json"]
    assert first.read_text() == before
    assert set(read_schemas(schemas)["house-painted"]) == {"1", "2"}


def test_the_recorded_fields_are_in_the_form_that_is_written(tmp_path: Path) -> None:
    again = tmp_path / "again.json"
    again.write_text(SCHEMAS.read_text())
    assert list(add_missing(CODEC, EXAMPLES, again)) == []
    assert again.read_text() == SCHEMAS.read_text()
