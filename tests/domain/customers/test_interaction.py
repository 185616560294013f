"""Notes and interactions: written once, superseded, never rewritten."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crmcore.domain.customers import interaction, note
from crmcore.domain.customers.interaction import (
    CorrectInteraction,
    Direction,
    InteractionCorrected,
    InteractionRecorded,
    RecordInteraction,
)
from crmcore.domain.customers.note import CorrectNote, NoteCorrected, NoteRecorded, RecordNote
from crmcore.domain.kernel import AlreadyExistsError, Channel, NotFoundError
from tests.scenario import Scenario, at, uid

ANN, NOTE, CALL = uid(1), uid(2), uid(3)
notes = Scenario(note.AGGREGATE, note.decide)
calls = Scenario(interaction.AGGREGATE, interaction.decide)


def wrote(text: str = "likes tea") -> dict[str, Any]:
    return {"note_id": NOTE, "customer_id": ANN, "text": text, "at": at()}


def called(**fields: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "interaction_id": CALL,
        "customer_id": ANN,
        "channel": Channel.PHONE,
        "direction": Direction.INBOUND,
        "summary": "asked for the price",
        "department": "sales",
        "case_id": uid(4),
        "lead_id": uid(5),
        "opportunity_id": uid(6),
        "at": at(),
    }
    return {**told, **fields}


def test_a_note_is_recorded_once() -> None:
    recorded = notes.when(RecordNote(**wrote())).then(NoteRecorded(**wrote()))
    recorded.when(RecordNote(**wrote())).then()
    recorded.when(RecordNote(**wrote("likes coffee"))).then_refused(
        AlreadyExistsError, "correct it"
    )


def test_a_correction_of_a_note_supersedes_its_text_and_keeps_it() -> None:
    correct = CorrectNote(note_id=NOTE, text="likes coffee", reason="misheard", at=at(days=1))
    told: dict[str, Any] = {"note_id": NOTE, "customer_id": ANN, "at": at(days=1)}
    corrected = NoteCorrected(**told, text="likes coffee", reason="misheard")
    recorded = notes.given(NoteRecorded(**wrote()))
    recorded.when(correct).then(corrected).when(correct).then().when(RecordNote(**wrote())).then()
    notes.when(correct).then_refused(NotFoundError, f"there is no note {NOTE}")


def test_an_interaction_is_recorded_once_with_what_it_belongs_to() -> None:
    recorded = calls.when(RecordInteraction(**called())).then(InteractionRecorded(**called()))
    recorded.when(RecordInteraction(**called())).then()
    recorded.when(RecordInteraction(**called(direction="outbound"))).then_refused(
        AlreadyExistsError
    )


def test_a_correction_of_an_interaction_supersedes_its_summary() -> None:
    correct = CorrectInteraction(interaction_id=CALL, summary="asked for a discount", at=at(days=1))
    told: dict[str, Any] = {"interaction_id": CALL, "customer_id": ANN, "at": at(days=1)}
    corrected = InteractionCorrected(**told, summary="asked for a discount", reason=None)
    recorded = calls.given(InteractionRecorded(**called()))
    recorded.when(correct).then(corrected).when(correct).then()
    calls.when(correct).then_refused(NotFoundError, "there is no interaction")


def test_the_events_are_about_the_customer() -> None:
    for scenario in (
        notes.given(NoteRecorded(**wrote())),
        calls.given(InteractionRecorded(**called())),
    ):
        aggregate = scenario.aggregate
        assert aggregate.subject(aggregate.initial) is None
        assert aggregate.subject(aggregate.fold(scenario.history)) == ANN


@given(st.lists(st.sampled_from(["tea", "coffee", "milk"]), min_size=1, max_size=9))
def test_every_text_that_a_note_ever_had_stays_in_its_stream(texts: list[str]) -> None:
    scenario = notes.given(NoteRecorded(**wrote(texts[0])))
    for text in texts[1:]:
        outcome = scenario.when(CorrectNote(note_id=NOTE, text=text, at=at(days=1)))
        scenario = scenario.given(*outcome.events)
    state = note.AGGREGATE.fold(scenario.history)
    assert isinstance(state, note.Recorded)
    assert state.text == texts[-1]
    superseded = [
        text for text, earlier in zip(texts, [None, *texts], strict=False) if text != earlier
    ]
    assert [event.text for event in scenario.history] == superseded
