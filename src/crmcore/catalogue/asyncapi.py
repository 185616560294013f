"""The AsyncAPI 3.0 document of events: a channel for each context, on which its events are sent.

Where they are sent to is for the host to say: channels have no address.
"""

from collections.abc import Iterable
from typing import Any

from crmcore.catalogue.components import LICENCE, Components, plain, release
from crmcore.catalogue.messages import EventMessage


def asyncapi(events: Iterable[EventMessage]) -> dict[str, Any]:
    """The document of *events*, in what JSON has."""
    components, messages = Components(), {}
    channels: dict[str, dict[str, Any]] = {}
    for one in events:
        messages[one.topic] = {
            "name": one.topic,
            "title": one.kind.__name__,
            "summary": one.meaning,
            "contentType": "application/json",
            "tags": [{"name": one.context}, {"name": one.stream}],
            "payload": components.add(one.topic, one.schema),
            "examples": [{"name": one.topic, "summary": one.told, "payload": one.example}],
        }
        channel = channels.setdefault(one.context, _channel(one.context))
        channel["messages"][one.topic] = {"$ref": f"#/components/messages/{one.topic}"}
    return plain({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Events of crmcore",
            "version": release(),
            "description": "What is recorded, each event in the version in which it is stored now.",
            "license": LICENCE,
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": {context: _sent(context) for context in channels},
        "components": {"messages": messages, "schemas": components.schemas},
    })  # fmt: skip


def _channel(context: str) -> dict[str, Any]:
    return {
        "address": None,
        "title": context.capitalize(),
        "summary": f"What is recorded in the context {context}.",
        "messages": {},
    }


def _sent(context: str) -> dict[str, Any]:
    return {
        "action": "send",
        "title": f"Record events of {context}",
        "channel": {"$ref": f"#/channels/{context}"},
    }
