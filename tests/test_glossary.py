"""The glossary names what there is: every file, command, event, class and question in it."""

import re
from pathlib import Path
from typing import Any

import pytest

import crmcore
from crmcore import commands, contexts, events, projections
from crmcore.reading import ReadModels
from tests.composed import OURS

ROOT = Path(__file__).parents[1]
QUOTED = sorted(set(re.findall(r"`([^`\n]+)`", (ROOT / "docs" / "glossary.md").read_text("utf-8"))))
PATHS = [one for one in QUOTED if "/" in one]
QUESTIONS = [one for one in QUOTED if one.startswith("crm.")]
CLASSES = [one for one in QUOTED if re.fullmatch(r"[A-Z][a-z]+\w*", one)]


@pytest.mark.parametrize("path", PATHS)
def test_a_file_or_folder_is_there(path: str) -> None:
    assert (ROOT / "src" / "crmcore" / path).exists()


@pytest.mark.parametrize("asked", QUESTIONS)
def test_what_can_be_asked_is_there(asked: str) -> None:
    found: Any = crmcore.CRM
    _, *names = re.sub(r"\(.*", "", asked).split(".")
    for name in names:
        if name == "read":
            found = ReadModels
        elif found is ReadModels:
            found = OURS.questions[name]
        elif not hasattr(found, name):
            assert found is crmcore.CRM
            assert name == "maintenance"  # which an instance has
    assert found is not None


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_is_public_or_a_result(name: str) -> None:
    faces = (crmcore, commands, events, contexts, projections)
    results = {"TargetStatus", "DomainError"}
    assert name in results or any(hasattr(face, name) for face in faces)
