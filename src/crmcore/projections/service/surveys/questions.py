"""The questions about surveys: what was offered and answered, what it says, and who was not asked."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, select

from crmcore.domain.kernel.contact import Channel
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.service.survey.messages import SurveyKind
from crmcore.domain.service.survey.state import SurveyStatus, effective_answer
from crmcore.projections.engine.projection import Row
from crmcore.projections.filters import before, equals, from_on
from crmcore.projections.instants import about_instants
from crmcore.projections.paging import Page, either_way, page
from crmcore.projections.questions import Questions
from crmcore.projections.service.service_levels.case_row import SERVICE_CASES
from crmcore.projections.service.surveys.coverage import SurveyCoverage, read_coverage
from crmcore.projections.service.surveys.projection import (
    SURVEY_ANSWERS,
    SURVEYS,
    answers_of,
    edit_within,
)
from crmcore.projections.service.surveys.results import (
    FeedbackGrouping,
    Survey,
    SurveyReport,
    survey_report,
)

_ORDERS: Final = either_way(SURVEYS.c.survey_id, SURVEYS.c.offered_at)


@frozen(kw_only=True)
class SurveyQuestions(Questions):
    """``crm.read.surveys``: what customers were asked about solved cases, and what they answered.

    Instants must say their zone (``InvalidValueError``).  ``as_of`` is the instant as of which surveys
    are open, answered or expired: now, where none is given.
    """

    @about_instants
    def get(self, survey_id: UUID, *, as_of: datetime | None = None) -> Survey | None:
        """A survey by its id; None if none of that id was offered by then."""
        moment = as_of or self.clock()
        with self.reading(SURVEYS, SURVEY_ANSWERS) as connection:
            conditions = _conditions(moment, None, None, None)
            this = SURVEYS.c.survey_id == str(survey_id)
            found = _read(connection, moment, [*conditions, this])
            return next(iter(found), None)

    @about_instants
    def find(
        self,
        *,
        kind: SurveyKind | None = None,
        case_id: UUID | None = None,
        customer_id: UUID | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        as_of: datetime | None = None,
        order_by: str = "offered_at",
        limit: int = 100,
        after: str | None = None,
    ) -> Page[Survey]:
        """The surveys offered in ``[since, until)``, *limit* (1 to 1,000) to a page.

        *order_by* is ``offered_at`` or ``-offered_at``; *after* is the ``next`` of the page before.
        Raises ``InvalidValueError``.
        """
        moment = as_of or self.clock()
        conditions = [
            *_conditions(moment, kind, since, until),
            equals(SURVEYS.c.case_id, UUID, case_id),
            equals(SURVEYS.c.customer_id, UUID, customer_id),
        ]
        with self.reading(SURVEYS, SURVEY_ANSWERS) as connection:
            statement = select(SURVEYS).where(*conditions)
            found = page(
                connection, statement, _ORDERS, dict, order_by=order_by, limit=limit, after=after
            )
            return Page(tuple(_surveys(connection, moment, found.items)), found.next)

    @about_instants
    def results(
        self,
        *,
        by: FeedbackGrouping | None = None,
        kind: SurveyKind | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        as_of: datetime | None = None,
        zone: str = "UTC",
    ) -> SurveyReport:
        """What customers think of solved cases, by kind of survey and group, and in total by kind.

        Surveys count where they were offered: in ``[since, until)``, months by the clocks of *zone*
        (an IANA name; ``InvalidValueError`` if nobody knows it).
        """
        moment = as_of or self.clock()
        with self.reading(SURVEYS, SURVEY_ANSWERS) as connection:
            found = _read(connection, moment, _conditions(moment, kind, since, until))
        return survey_report(found, by, zone=zone)

    @about_instants
    def coverage(self, kind: SurveyKind, since: datetime, until: datetime) -> SurveyCoverage:
        """How many of the cycles solved in ``[since, until)`` a survey of *kind* was offered about.

        And which ones are ``missing``: send an ``OfferSurvey`` for each.
        """
        with self.reading(SERVICE_CASES, SURVEYS) as connection:
            return read_coverage(connection, kind, since, until)


def _conditions(
    as_of: datetime, kind: SurveyKind | None, since: datetime | None, until: datetime | None
) -> Sequence[ColumnElement[bool]]:
    offered = SURVEYS.c.offered_at
    return [
        offered <= as_of,
        equals(SURVEYS.c.kind, SurveyKind, kind),
        from_on("since", offered, since),
        before("until", offered, until),
    ]


def _read(
    connection: Connection, as_of: datetime, conditions: Sequence[ColumnElement[bool]]
) -> Sequence[Survey]:
    """The surveys that meet *conditions*, as they stood at *as_of*, in the order of the offers."""
    statement = select(SURVEYS).where(*conditions)
    in_order = statement.order_by(SURVEYS.c.offered_at, SURVEYS.c.survey_id)
    rows = _rows(connection, in_order)
    wanted = statement.with_only_columns(SURVEYS.c.survey_id)
    given = _answers(connection, SURVEY_ANSWERS.c.survey_id.in_(wanted))
    return [_survey(row, given.get(row["survey_id"], ()), as_of) for row in rows]


def _surveys(connection: Connection, as_of: datetime, rows: Sequence[Row]) -> Iterable[Survey]:
    ids = [row["survey_id"] for row in rows]
    given = _answers(connection, SURVEY_ANSWERS.c.survey_id.in_(ids))
    return [_survey(row, given.get(row["survey_id"], ()), as_of) for row in rows]


def _answers(connection: Connection, condition: ColumnElement[bool]) -> Mapping[str, Sequence[Row]]:
    given: dict[str, list[Row]] = {}
    for row in _rows(connection, select(SURVEY_ANSWERS).where(condition)):
        given.setdefault(row["survey_id"], []).append(row)
    return given


def _rows(connection: Connection, statement: Select[Any]) -> Sequence[Row]:
    return [dict(row) for row in connection.execute(statement).mappings()]


def _survey(row: Row, answers: Sequence[Row], as_of: datetime) -> Survey:
    answer = effective_answer(answers_of(answers), edit_within(row), as_of)
    unanswered = SurveyStatus.OPEN if as_of < row["expires_at"] else SurveyStatus.EXPIRED
    return Survey(
        survey_id=UUID(row["survey_id"]),
        case_id=UUID(row["case_id"]),
        cycle=row["cycle"],
        kind=SurveyKind(row["kind"]),
        customer_id=UUID(row["customer_id"]),
        channel=Channel(row["channel"]),
        queue=row["queue"],
        agent=row["agent"],
        offered_at=row["offered_at"],
        expires_at=row["expires_at"],
        status=unanswered if answer is None else SurveyStatus.ANSWERED,
        score=None if answer is None else answer.score,
        answered_at=None if answer is None else answer.at,
        as_of=as_of,
    )
