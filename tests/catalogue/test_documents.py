"""The documents of events and commands: valid by their own validators, and true of what a host answers."""

import json
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, ClassVar
from uuid import UUID, uuid4

import jsonschema  # type: ignore[import-untyped]  # it has no annotations
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

import crmcore
from crmcore import errors
from crmcore.catalogue import MessageCatalogue, problem_document, receipt_document
from crmcore.contexts import Aggregate, Context, Length, command, event, value
from tests.composed import CODEC
from tests.event_fixtures import EXAMPLES
from tests.schema_files import documents, text_of

OFFICIAL = json.loads((EXAMPLES.parent / "asyncapi" / "3.0.0.json").read_text(encoding="utf-8"))
ASYNCAPI, OPENAPI = MessageCatalogue().asyncapi(), MessageCatalogue().openapi()
POSTS = {path: methods["post"] for path, methods in OPENAPI["paths"].items()}


def resolved(document: dict[str, Any], reference: str) -> Any:
    """What *reference* leads to within *document*."""
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def check(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    """Raise where *value* is not as a *schema* in a document says."""
    components = {"components": document["components"]}
    jsonschema.Draft202012Validator({**components, **schema}).validate(value)


def test_the_document_of_events_is_valid_asyncapi() -> None:
    jsonschema.Draft7Validator(OFFICIAL).validate(ASYNCAPI)
    assert ASYNCAPI["components"]["messages"].keys() == CODEC.topics.keys()


def test_a_document_that_is_no_asyncapi_is_found_out() -> None:
    channels = {"sales": {**ASYNCAPI["channels"]["sales"], "messages": ["order-placed"]}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(OFFICIAL).validate({**ASYNCAPI, "channels": channels})


def test_every_event_stands_on_the_channel_of_its_context() -> None:
    for topic, one in MessageCatalogue().events.items():
        reference = ASYNCAPI["channels"][one.context]["messages"][topic]["$ref"]
        message = resolved(ASYNCAPI, reference)
        check(ASYNCAPI, message["payload"], message["examples"][0]["payload"])
    sent = [one["channel"]["$ref"] for one in ASYNCAPI["operations"].values()]
    assert sent == [f"#/channels/{context}" for context in ASYNCAPI["channels"]]


def test_the_document_of_commands_is_valid_openapi() -> None:
    assert list(OpenAPIV31SpecValidator(OPENAPI).iter_errors()) == []
    assert POSTS.keys() == {f"/commands/{topic}" for topic in MessageCatalogue().commands}


@pytest.mark.parametrize("path", POSTS)
def test_the_example_of_a_command_is_as_its_document_says(path: str) -> None:
    content = POSTS[path]["requestBody"]["content"]["application/json"]
    (example,) = content["examples"].values()
    check(OPENAPI, content["schema"], example["value"])


@pytest.mark.parametrize("file", sorted(EXAMPLES.iterdir()), ids=lambda file: file.stem)
def test_what_was_recorded_is_as_the_document_of_events_says(file: Path) -> None:
    """In present terms, where it was recorded in an older version."""
    topic, _, version = file.stem.rpartition(".v")
    for one in CODEC.decode(topic, int(version), file.read_text(encoding="utf-8")):
        payload = ASYNCAPI["components"]["messages"][one.TOPIC]["payload"]
        check(ASYNCAPI, payload, json.loads(CODEC.encode(one)))


# Two contexts of a host's own whose parts have one name


def parcels(name: str, part: Any) -> Context:
    """A context with a command and an event that hold a *part*."""
    fields = {"TOPIC": ClassVar[str], "parcel_id": UUID, "size": part, "at": datetime}
    kinds: list[type] = [
        make(type(kind, (), {"__doc__": "A parcel.", "TOPIC": topic, "__annotations__": fields}))
        for make, kind, topic in (
            (command, "SendParcel", f"{name}.send-parcel"),
            (event, "ParcelSent", f"{name}.parcel-sent"),
        )
    ]
    aggregate: Aggregate[Any, Any] = Aggregate(
        kind="parcel",
        initial=None,
        evolve=lambda _, one: one,
        commands=(kinds[0],),
        events=(kinds[1],),
        decide=lambda _one, _state: [],
        stream_id=lambda one: one.parcel_id,
    )
    return Context(name=name, aggregates=(aggregate,))


def named_size(annotation: Any) -> Any:
    return value(type("Size", (), {"__doc__": "A size.", "__annotations__": {"size": annotation}}))


def test_parts_of_one_name_stay_apart() -> None:
    own = MessageCatalogue(
        [parcels("post", named_size(int)), parcels("van", named_size(Annotated[str, Length(9)]))]
    )
    for document in (own.asyncapi(), own.openapi()):
        schemas = document["components"]["schemas"]
        assert schemas["Size"]["properties"]["size"]["type"] == "integer"
    jsonschema.Draft7Validator(OFFICIAL).validate(own.asyncapi())
    assert list(OpenAPIV31SpecValidator(own.openapi()).iter_errors()) == []
    sent = own.openapi()["components"]["schemas"]
    assert sent["van.send-parcel.Size"]["properties"]["size"]["maxLength"] == 9
    reference = sent["van.send-parcel"]["properties"]["size"]["$ref"]
    assert reference == "#/components/schemas/van.send-parcel.Size"


# What a host answers


def test_a_receipt_is_as_the_document_says(tmp_path: Path) -> None:
    schema = resolved(OPENAPI, "#/components/schemas/Receipt")
    with crmcore.open(f"sqlite:///{tmp_path}/crm.db") as crm:
        fields = MessageCatalogue().commands["register-customer"].example
        del fields["command"], fields["by"]
        wanted = crm.command("register-customer", fields)
        receipt = crm.execute(wanted, by="Ada", command_id=UUID(int=7))
        document = json.loads(json.dumps(receipt_document(receipt)))
        check(OPENAPI, schema, document)
        (recorded,) = crm.events()
        assert document["events"] == [{"topic": recorded.topic, "data": json.loads(recorded.data)}]
        nothing = crm.execute(wanted, by="Ada", command_id=UUID(int=7))
        assert receipt_document(nothing)["repeated"] is True
        check(OPENAPI, schema, receipt_document(nothing))


@pytest.mark.parametrize(
    ("error", "status", "fields"),
    [
        pytest.param(errors.NotFoundError("order", uuid4()), 404, None, id="nothing of that id"),
        pytest.param(errors.NotAllowedError("it is shipped"), 409, None, id="refused by a rule"),
        pytest.param(errors.InvalidValueError("name", 3, "text"), 400, ["name"], id="a value"),
        pytest.param(
            errors.InvalidCommandError("place-order", [errors.FieldError("lines", "expected")]),
            400,
            ["lines"],
            id="a command that cannot be read",
        ),
        pytest.param(errors.UnknownTopicError("command", "zzz"), 404, None, id="no such command"),
        pytest.param(errors.ConcurrencyError(uuid4(), 1, 2), 409, None, id="a conflict"),
        pytest.param(errors.CommandIdReusedError(uuid4()), 409, None, id="an id that is taken"),
        pytest.param(
            errors.InFutureError(
                datetime(2027, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
            ),
            409,
            ["at"],
            id="an instant that has not come",
        ),
        pytest.param(errors.StoreBusyError("busy"), 503, None, id="a busy database"),
    ],
)
def test_an_error_is_a_problem_as_the_document_says(
    error: Exception, status: int, fields: list[str] | None
) -> None:
    problem = problem_document(error)
    check(OPENAPI, resolved(OPENAPI, "#/components/schemas/Problem"), problem)
    assert (problem["status"], problem["type"]) == (status, f"#{type(error).__name__}")
    assert str(status) in POSTS["/commands/place-order"]["responses"]
    assert [one["field"] for one in problem.get("errors", ())] == (fields or [])


def test_what_is_no_error_of_ours_is_raised_again() -> None:
    with pytest.raises(ZeroDivisionError):
        problem_document(ZeroDivisionError())


# What ships in the package


def test_the_files_in_the_package_are_those_of_the_code() -> None:
    folder = files("crmcore") / "schemas"
    expected = dict(documents())
    shipped = {
        file.relative_to(Path(str(folder))).as_posix() for file in Path(str(folder)).rglob("*.json")
    }
    assert shipped == expected.keys(), "run make schemas"
    for name, document in expected.items():
        text = (folder / name).read_text(encoding="utf-8")
        assert text == text_of(document), f"{name}: run make schemas"
