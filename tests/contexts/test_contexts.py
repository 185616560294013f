"""Our contexts: what each has is its own, and is found in the folders of its name."""

from typing import Any

import pytest

from crmcore.contexts.context import Context
from tests.composed import COMMANDS, HANDLERS, OURS

KINDS = [
    pytest.param(context, kind, id=kind.__name__)
    for context in OURS.contexts
    for kind in (*context.events, *context.commands)
]


@pytest.mark.parametrize(("context", "kind"), KINDS)
def test_a_message_is_of_the_context_whose_folder_it_is_in(context: Context, kind: Any) -> None:
    assert kind.__module__.startswith(f"crmcore.domain.{context.name}.")
    assert [one.name for one in OURS.contexts if kind in (*one.events, *one.commands)] == [
        context.name
    ]


def test_every_command_is_of_an_aggregate_and_has_a_handler() -> None:
    named = [kind for context in OURS.contexts for kind in context.commands]
    assert len(named) == len(set(named)) == len(COMMANDS)
    assert set(named) == set(HANDLERS)


def test_every_question_has_a_name_of_its_own() -> None:
    names = [name for context in OURS.contexts for name in context.named_questions]
    assert len(names) == len(set(names)) == len(OURS.questions)
