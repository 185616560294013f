"""The pages of the reference: what docstrings say of every public module."""

import enum
from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType

import crmcore
from contexts import messages, table

FACES = ("commands", "events")
"""The modules whose names are found at run time: classes of messages, and what these are made of."""


def reference_pages() -> Mapping[str, str]:
    """The page of each public module, by its path in the site."""
    pages = {"reference/index.md": module_page("crmcore")}
    for name in crmcore.__all__:
        if isinstance(getattr(crmcore, name), ModuleType):
            page = face_page(name) if name in FACES else module_page(f"crmcore.{name}")
            pages[f"reference/{name}.md"] = page
    return pages


def module_page(name: str) -> str:
    """A module, with all that it states."""
    stated = [
        one for one in import_module(name).__all__
        if not isinstance(getattr(import_module(name), one), ModuleType)
    ]  # fmt: skip
    members = "".join(f"\n        - {one}" for one in stated)
    return f"# {name}\n\n::: {name}\n    options:\n      show_root_heading: false\n      members:{members}\n"


def face_page(name: str) -> str:
    """Messages, each leading to the page of its context, and the classes that they are made of."""
    face = import_module(f"crmcore.{name}")
    kinds = {one: getattr(face, one) for one in dir(face)}
    listed = {one.kind: one for one in getattr(messages(), name).values()}
    rows = (
        [
            f"[`{one}`](../contexts/{listed[kind].context}.md#{listed[kind].topic})",
            listed[kind].meaning,
        ]
        for one, kind in kinds.items()
        if kind in listed
    )
    made_of = [kind for kind in kinds.values() if kind not in listed]
    return "\n\n".join([
        f"# crmcore.{name}",
        str(face.__doc__),
        table(["class", "says"], rows),
        "# What they are made of",
        *parts(made_of),
    ])  # fmt: skip


def parts(kinds: list[type]) -> Iterator[str]:
    """Values and words, each as its class tells."""
    for kind in kinds:
        words = "" if issubclass(kind, enum.Enum) else "\n    options: {members_order: source}"
        yield f"::: {kind.__module__}.{kind.__qualname__}{words}"
