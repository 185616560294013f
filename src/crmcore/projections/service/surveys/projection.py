"""The read model of feedback: what customers were asked about solved cases, and what they answered.

A survey's verdict (open, answered, expired) depends on the moment of asking, so it is not stored:
``expires_at`` and the instants of the answers tell it.  Comments are not kept here.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text

from crmcore.application.log import Recorded
from crmcore.domain.service.survey.messages import SurveyAnswered, SurveyOffered
from crmcore.domain.service.survey.state import Answer, effective_answer
from crmcore.projections.engine.columns import Instant
from crmcore.projections.engine.projection import Projection, Rows, by_stream

MICROSECOND: Final = timedelta(microseconds=1)

SURVEYS = Table(
    "surveys",
    MetaData(),
    Column("survey_id", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("queue", Text),
    Column("agent", Text),
    Column("policy", Text, nullable=False),
    Column("offered_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("edit_within_micros", BigInteger, nullable=False),
    Column("score", Integer),
    Column("answered_at", Instant),
    Index("surveys_case", "case_id"),
    Index("surveys_offered", "offered_at"),
)
"""One row a survey; ``score`` and ``answered_at`` are of the answer that counts."""

SURVEY_ANSWERS = Table(
    "survey_answers",
    MetaData(),
    Column("survey_id", Text, primary_key=True),
    Column("answer_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("score", Integer, nullable=False),
    Column("at", Instant, nullable=False),
)
"""One row an answer, those that another one replaced included."""


def feedback() -> Projection:
    """The read model."""
    return Projection(
        name="feedback",
        version=1,
        tables=(SURVEYS, SURVEY_ANSWERS),
        handlers={SurveyOffered: _offered, SurveyAnswered: _answered},
        groups=by_stream,
        provenance=False,
    )


def _offered(event: SurveyOffered, recorded: Recorded, rows: Rows) -> None:
    row = {
        "survey_id": recorded.stream,
        "case_id": str(event.case_id),
        "cycle": event.cycle,
        "kind": event.kind.value,
        "customer_id": str(event.customer_id),
        "channel": event.channel.value,
        "queue": event.queue,
        "agent": event.agent,
        "policy": event.policy,
        "offered_at": event.at,
        "expires_at": event.expires_at,
        "edit_within_micros": event.edit_within // MICROSECOND,
        "score": None,
        "answered_at": None,
    }
    rows.put(SURVEYS, row)


def _answered(event: SurveyAnswered, recorded: Recorded, rows: Rows) -> None:
    answer = {
        "survey_id": recorded.stream,
        "answer_id": str(event.answer_id),
        "position": recorded.position,
        "score": event.score,
        "at": event.at,
    }
    rows.put(SURVEY_ANSWERS, answer)
    survey = rows.get(SURVEYS, recorded.stream)
    assert survey is not None, "a survey is offered before it is answered"
    found = effective_answer(
        answers_of(list(rows.group(SURVEY_ANSWERS, recorded.stream))), edit_within(survey)
    )
    assert found is not None, "one answer at least counts"
    rows.put(SURVEYS, survey | {"score": found.score, "answered_at": found.at})


def answers_of(rows: Iterable[Mapping[str, Any]]) -> list[Answer]:
    """The answers in the rows of a survey, in the order of recording."""
    ordered = sorted(rows, key=lambda row: row["position"])
    return [Answer(UUID(row["answer_id"]), row["score"], row["at"]) for row in ordered]


def edit_within(survey: Mapping[str, Any]) -> timedelta:
    """How long after the first answer another one replaces it."""
    return timedelta(microseconds=survey["edit_within_micros"])
