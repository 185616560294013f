"""Feedback: the figures that follow from what customers answered, by hand and by any order."""

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

import crmcore
from crmcore import commands as ask
from crmcore.domain.kernel import Channel, InvalidValueError
from crmcore.domain.service.survey.state import SurveyStatus
from crmcore.projections.service.surveys.results import FeedbackGrouping, SurveyResult
from tests.projections.conftest import Tell
from tests.projections.examples import START, case, named
from tests.scenario import uid

CSAT, NPS, CES = ask.SurveyKind
DAY = timedelta(days=1)
LATER = START + 400 * DAY


def asked(
    number: int,
    kind: ask.SurveyKind = CSAT,
    *scores: int,
    when: datetime = START,
    agent: str | None = None,
    **particulars: Any,
) -> list[Any]:
    """Customer and case number *number*: solved, asked about, and answered day after day."""
    about: dict[str, Any] = {"case_id": uid(number), "cycle": 1, "kind": kind}
    return [
        named("Somebody", uid(900 + number)),
        case(number, customer_id=uid(900 + number), **particulars),
        *([ask.AssignCase(case_id=uid(number), agent=agent, at=START)] if agent else []),
        ask.SolveCase(case_id=uid(number), resolution_code="done", at=START),
        ask.OfferSurvey(**about, channel=Channel.EMAIL, at=when),
        *(
            ask.AnswerSurvey(**about, answer_id=uid(day), score=score, at=when + day * DAY)
            for day, score in enumerate(scores)
        ),
    ]


def only(crm: crmcore.CRM, **report: Any) -> SurveyResult:
    found = crm.read.surveys.results(**{"as_of": LATER, **report})
    total: SurveyResult
    (total,) = found.totals
    assert found.groups == ()
    return total


def scores(crm: crmcore.CRM, **report: Any) -> dict[int, int]:
    return {one.score: one.count for one in only(crm, **report).scores}


def scored(kind: ask.SurveyKind, *scores: int) -> SurveyResult:
    return SurveyResult.of(kind, "total", Counter(scores))


def test_V9_ten_promoters_five_passives_and_five_detractors_make_25() -> None:
    assert scored(NPS, *[9, 10] * 5, *[7, 8, 7, 8, 7], *[0, 6, 3, 6, 5]).nps == 25


@pytest.mark.parametrize(
    ("scores", "nps"), [((10,), 100), ((0,), -100), ((6,), -100), ((7, 8), 0), ((9, 6), 0)]
)
def test_V9_nps_goes_from_100_below_to_100_above(scores: tuple[int, ...], nps: int) -> None:
    assert scored(NPS, *scores).nps == nps


def test_V9_csat_is_the_share_of_four_and_five() -> None:
    assert scored(CSAT, 5, 4, 3, 1).csat == Decimal("0.5")
    assert scored(CSAT, 5, 4, 3, 1).mean == Decimal("3.25")


def test_V9_ces_is_the_mean_of_seven_and_also_a_share() -> None:
    found = scored(CES, 7, 5, 4, 2)
    assert (found.ces, found.ces_agreement) == (Decimal("4.5"), Decimal("0.5"))


def test_without_an_answer_there_is_no_figure_and_each_kind_has_its_own() -> None:
    for kind in ask.SurveyKind:
        nothing = SurveyResult.of(kind, "", {})
        figures = (nothing.csat, nothing.nps, nothing.ces, nothing.ces_agreement, nothing.mean)
        assert figures == (None,) * 5
        assert nothing.response_rate is nothing.completed_response_rate is None
    assert (scored(CSAT, 5).nps, scored(NPS, 5).csat, scored(NPS, 5).ces) == (None, None, None)


@given(scores=st.lists(st.integers(0, 10), min_size=1))
def test_V9_nps_says_who_recommends_and_who_does_not(scores: list[int]) -> None:
    found = scored(NPS, *scores).nps
    parts = [1 if score >= 9 else -1 if score <= 6 else 0 for score in scores]
    assert found is not None
    assert -100 <= found <= 100
    assert abs(found - Decimal(100 * sum(parts)) / len(parts)) < Decimal("1e-20")


def test_open_surveys_lower_the_rate_of_answers_to_date_alone(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*asked(1, CSAT, 5), *asked(2), *asked(3, when=START + 10 * DAY))
    found = only(crm, as_of=START + 14 * DAY)
    assert (found.offered, found.answered, found.expired, found.open) == (3, 1, 1, 1)
    assert found.response_rate == Decimal(1) / 3
    assert found.completed_response_rate == Decimal("0.5")
    assert only(crm).response_rate == only(crm).completed_response_rate


def test_a_survey_expires_although_nobody_recorded_it(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*asked(1))
    for moment, status in (
        (START + 14 * DAY - timedelta(microseconds=1), SurveyStatus.OPEN),
        (START + 14 * DAY, SurveyStatus.EXPIRED),
    ):
        (survey,) = crm.read.surveys.find(as_of=moment).items
        assert survey.status is status
    before = crm.read.surveys.find(as_of=LATER)
    tell(ask.ExpireSurvey(case_id=uid(1), cycle=1, kind=CSAT, at=LATER))
    assert crm.read.surveys.find(as_of=LATER) == before


def test_the_answer_that_counts_is_the_latest_as_of_then(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*asked(1, CSAT, 1, 2, 5))
    for days, score in ((0, 1), (1, 2), (2, 5), (90, 5)):
        (survey,) = crm.read.surveys.find(as_of=START + days * DAY).items
        assert crm.read.surveys.get(survey.survey_id, as_of=START + days * DAY) == survey
        assert (survey.score, survey.status) == (score, SurveyStatus.ANSWERED)
    assert crm.read.surveys.find(as_of=START - DAY).items == ()
    assert crm.read.surveys.get(survey.survey_id, as_of=START - DAY) is None
    assert scores(crm) == {5: 1, 4: 0, 3: 0, 2: 0, 1: 0}


def test_feedback_is_broken_down_by_kind_and_group(crm: crmcore.CRM, tell: Tell) -> None:
    tell(
        *asked(1, CSAT, 5, queue="pipes", agent="kim"),
        *asked(2, CSAT, 2, queue="pipes"),
        *asked(3, NPS, 9, when=datetime.fromisoformat("2026-01-31T23:30:00Z")),
    )

    def groups(by: FeedbackGrouping, zone: str = "UTC") -> list[tuple[str, str, int]]:
        found = crm.read.surveys.results(by=by, as_of=LATER, zone=zone)
        assert [(one.kind, one.offered) for one in found.totals] == [(CSAT, 2), (NPS, 1)]
        return [(one.kind.value, one.group, one.answered) for one in found.groups]

    assert groups(FeedbackGrouping.QUEUE) == [("csat", "pipes", 2), ("nps", "(none)", 1)]
    assert groups(FeedbackGrouping.AGENT) == [
        ("csat", "(none)", 1),
        ("csat", "kim", 1),
        ("nps", "(none)", 1),
    ]
    assert groups(FeedbackGrouping.CHANNEL)[0] == ("csat", "email", 2)
    assert len(groups(FeedbackGrouping.CUSTOMER)) == 3
    assert groups(FeedbackGrouping.MONTH)[-1] == ("nps", "2026-01", 1)
    assert groups(FeedbackGrouping.MONTH, "Europe/Paris")[-1] == ("nps", "2026-02", 1)
    with pytest.raises(InvalidValueError):
        groups(FeedbackGrouping.MONTH, "Europe/Atlantis")


def test_a_survey_counts_where_it_was_offered(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*asked(1, CSAT, 5), *asked(2, CSAT, 1, when=START + DAY))
    assert scores(crm, since=START, until=START + DAY)[5] == 1
    assert scores(crm, since=START + DAY)[1] == 1
    assert crm.read.surveys.results(as_of=LATER, until=START).totals == ()
    assert crm.read.surveys.results(as_of=LATER, kind=NPS).totals == ()


def test_comments_are_in_the_history_and_not_in_the_read_model(
    crm: crmcore.CRM, tell: Tell
) -> None:
    tell(*asked(1, CSAT, 5))
    about: dict[str, Any] = {"case_id": uid(1), "cycle": 1, "kind": CSAT, "at": START + DAY}
    tell(ask.AnswerSurvey(**about, answer_id=uid(5), score=4, comment="Call me Ada"))
    (projection,) = [one for one in crm.projections if one.name == "feedback"]
    for table in projection.tables:
        assert "Ada" not in str(crm.read.query(select(table)))
    assert any("Call me Ada" in one.data for one in crm.events())


def test_what_was_solved_and_not_asked_about_is_found_once(crm: crmcore.CRM, tell: Tell) -> None:
    def missing(until: datetime = LATER) -> list[tuple[int, int]]:
        found = crm.read.surveys.coverage(CSAT, START, until)
        assert found.solved - found.surveyed == len(found.missing)
        return [(int(str(one.case_id)[-1]), one.cycle) for one in found.missing]

    told: dict[str, Any] = {"resolution_code": "done", "at": START}
    for number, customer in ((2, uid(901)), (3, None), (4, uid(901)), (5, uid(901))):
        tell(*([named("Ada")] if number == 2 else []), case(number, customer_id=customer))
        tell(ask.SolveCase(case_id=uid(number), **told))
    tell(ask.MergeCase(case_id=uid(5), into_case_id=uid(4), at=START))
    tell(*asked(1)[1:])
    assert missing() == [(2, 1), (4, 1)]
    assert missing(START) == []
    tell(ask.ReopenCase(case_id=uid(2), reason="again", at=START + DAY))
    assert missing() == [(4, 1)]
    tell(ask.SolveCase(case_id=uid(2), resolution_code="done", at=START + 2 * DAY))
    assert missing() == [(4, 1), (2, 2)]
    (first, _) = crm.read.surveys.coverage(CSAT, START, LATER).missing
    told = {"case_id": first.case_id, "cycle": first.cycle, "kind": CSAT}
    tell(ask.OfferSurvey(**told, channel=Channel.EMAIL, at=START + 40 * DAY))
    assert missing() == [(2, 2)]
