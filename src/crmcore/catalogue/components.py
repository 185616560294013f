"""The part of a document in which the schemas stand that it refers to."""

import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

WITHIN: Final = "#/$defs/"
TO: Final = "#/components/schemas/"
LICENCE: Final = {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}


class Components:
    """The schemas of a document: those of messages by topic, of what they hold by the names of classes."""

    def __init__(self) -> None:
        self.schemas: dict[str, Any] = {}
        self._raw: dict[str, Any] = {}

    def add(self, topic: str, schema: Mapping[str, Any]) -> dict[str, str]:
        """Take the *schema* of a message up; return what refers to it."""
        parts: Mapping[str, Any] = schema.get("$defs", {})
        taken = any(self._raw.get(name, part) != part for name, part in parts.items())
        keys = {name: f"{topic}.{name}" if taken else name for name in parts}
        for name, part in parts.items():
            self._raw[keys[name]] = part
            self.schemas[keys[name]] = _lifted(part, keys)
        whole = {key: part for key, part in schema.items() if key not in ("$schema", "$defs")}
        self.schemas[topic] = _lifted(whole, keys)
        return {"$ref": f"{TO}{topic}"}


def _lifted(schema: Any, keys: Mapping[str, str]) -> Any:
    """*schema* with what it refers to where the document has it."""
    if isinstance(schema, dict):
        return {
            key: TO + keys[part.removeprefix(WITHIN)]
            if key == "$ref" and isinstance(part, str)
            else _lifted(part, keys)
            for key, part in schema.items()
        }
    return [_lifted(part, keys) for part in schema] if isinstance(schema, list) else schema


def release() -> str:
    """The version of this package, as it is installed."""
    try:
        return version("crmcore")
    except PackageNotFoundError:
        return "0"


def plain(document: dict[str, Any]) -> dict[str, Any]:
    """*document* in what JSON has: no tuples."""
    made: dict[str, Any] = json.loads(json.dumps(document))
    return made
