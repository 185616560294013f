"""A command's schema and its reading agree: a form that checks the one is not surprised by the other."""

import json
import re
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no annotations
import pytest
from hypothesis import HealthCheck, given, settings

from crmcore.catalogue import MessageCatalogue
from crmcore.errors import InvalidCommandError
from crmcore.infrastructure.commands.schema import schema_of
from crmcore.testing.strategies import messages
from tests.composed import COMMANDS
from tests.infrastructure.events.test_codec import NOW, commands, name
from tests.messages import st_hostile_fields

CATALOGUE = MessageCatalogue()

a_few = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
SHAPES = re.compile(
    "there is no such field|expected, but not given|expected (text,|true or false|a list|an object"
    "|a whole number|one of|at most \\d+ characters, got)"
)
"""What is said of shapes; a schema leaves instants, ids and what depends on other fields to commands."""


def validator(kind: Any) -> jsonschema.Draft202012Validator:
    schema = schema_of(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("kind", COMMANDS, ids=name)
def test_a_schema_takes_every_command(kind: Any) -> None:
    schema = validator(kind)

    @a_few
    @given(messages(kind))
    def taken(one: Any) -> None:
        schema.validate(json.loads(json.dumps(commands.fields(one))))

    taken()


@pytest.mark.parametrize("kind", COMMANDS, ids=name)
def test_what_a_schema_takes_is_of_the_shape_that_is_read(kind: Any) -> None:
    schema = validator(kind)

    @a_few
    @given(st_hostile_fields(kind))
    def agree(fields: dict[str, Any]) -> None:
        if not schema.is_valid(fields):
            return
        try:
            commands.decode(kind.TOPIC, fields, now=NOW)
        except InvalidCommandError as error:
            refused = error
        else:
            return
        assert [str(one) for one in refused.errors if SHAPES.search(one.message)] == []

    agree()


@pytest.mark.parametrize("topic", CATALOGUE.commands)
def test_a_schema_takes_the_example_of_its_command(topic: str) -> None:
    one = CATALOGUE.commands[topic]
    fields = {**one.example}
    del fields["command"], fields["by"]
    validator(one.kind).validate(fields)


def test_a_schema_says_lengths_ranges_formats_and_what_may_be_left_out() -> None:
    schema = CATALOGUE.command_schema("place-order")
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["order_id", "customer_id", "channel", "lines"]
    assert schema["properties"]["at"] == {"type": "string", "format": "date-time"}
    assert schema["properties"]["order_id"] == {"type": "string", "format": "uuid"}
    line = schema["$defs"]["OrderLine"]
    assert line["additionalProperties"] is False
    assert line["properties"]["product"]["maxLength"] == 100
    bounds = line["properties"]["line"]
    assert (bounds["minimum"], bounds["maximum"]) == (1, 1_000_000)
    kind = CATALOGUE.command_schema("register-customer")["properties"]["kind"]
    assert kind["enum"] == ["person", "organisation"]
