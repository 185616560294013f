"""The JSON Schemas and documents that ship in the package, for consumers in other languages.

`make schemas` writes them; a test holds them against the code.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import crmcore
from crmcore.catalogue import MessageCatalogue

FOLDER = Path(crmcore.__file__).parent / "schemas"


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each file's path within the folder, and what is to stand in it."""
    catalogue = MessageCatalogue()
    yield "asyncapi.json", catalogue.asyncapi()
    yield "openapi.json", catalogue.openapi()
    for one in catalogue.commands.values():
        yield f"commands/{one.topic}.json", one.schema
    for event in catalogue.events.values():
        yield f"events/{event.topic}.json", event.schema


def text_of(document: dict[str, Any]) -> str:
    """A document as its file has it."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def write() -> None:
    """Write every file, and remove those of messages that are no longer there."""
    texts = {name: text_of(document) for name, document in documents()}
    for file in FOLDER.rglob("*.json"):
        if file.relative_to(FOLDER).as_posix() not in texts:
            file.unlink()
    for name, text in texts.items():
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
