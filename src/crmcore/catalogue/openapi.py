"""The OpenAPI 3.1 document of commands: each is sent to ``POST /commands/TOPIC``, its fields in the body.

The core has no server: this is what a host offers that passes on what it is sent.  Who sends a command
is for the host to say, from its authentication.
"""

from collections.abc import Iterable
from typing import Any, Final

from crmcore.catalogue.answers import PROBLEM, RECEIPT, TITLES
from crmcore.catalogue.components import LICENCE, Components, plain, release
from crmcore.catalogue.messages import CommandMessage
from crmcore.infrastructure.json_schema import DIALECT

ENVELOPE: Final = ("command", "by")
"""What a line of ``crmcore execute`` has beside the fields of its command."""
HEADERS: Final = {
    "Idempotency-Key": {
        "description": "The id of the command: sent again with the same one, nothing is recorded twice.",
        "schema": {"type": "string", "format": "uuid"},
    },
    "Expected-Version": {
        "description": "The version of the stream that the command is about; another one is a conflict.",
        "schema": {"type": "integer", "minimum": 0},
    },
}


def openapi(commands: Iterable[CommandMessage]) -> dict[str, Any]:
    """The document of *commands*, in what JSON has."""
    components, paths = Components(), {}
    contexts: dict[str, None] = {}
    for one in commands:
        contexts.setdefault(one.context)
        paths[f"/commands/{one.topic}"] = {"post": _operation(one, components)}
    return plain({
        "openapi": "3.1.0",
        "jsonSchemaDialect": DIALECT,
        "info": {
            "title": "Commands of crmcore",
            "version": release(),
            "description": "What can be sent. Nothing is recorded of a command that is not carried out.",
            "license": LICENCE,
        },
        "tags": [{"name": context} for context in contexts],
        "paths": paths,
        "components": {
            "schemas": {**components.schemas, "Receipt": RECEIPT, "Problem": PROBLEM},
            "parameters": {
                name: {"name": name, "in": "header", "required": False, **header}
                for name, header in HEADERS.items()
            },
            "responses": {
                "Receipt": _response("The command is carried out.", "application/json", "Receipt"),
                **{
                    f"Problem{status}": _response(title, "application/problem+json", "Problem")
                    for status, title in TITLES.items()
                },
            },
        },
    })  # fmt: skip


def _operation(one: CommandMessage, components: Components) -> dict[str, Any]:
    fields = {name: value for name, value in one.example.items() if name not in ENVELOPE}
    content = {
        "schema": components.add(one.topic, one.schema),
        "examples": {one.topic: {"value": fields}},
    }
    return {
        "operationId": one.topic,
        "summary": one.meaning,
        "description": one.description,
        "tags": [one.context],
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in HEADERS],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {
            "200": {"$ref": "#/components/responses/Receipt"},
            **{
                str(status): {"$ref": f"#/components/responses/Problem{status}"}
                for status in TITLES
            },
        },
    }


def _response(description: str, media_type: str, schema: str) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {"description": description, "content": {media_type: {"schema": reference}}}
