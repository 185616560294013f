"""A campaign: planned, approved, launched, ended, with budget, lists and costs."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmcore.domain.kernel import (
    AlreadyExistsError,
    InvalidValueError,
    Money,
    NotAllowedError,
    NotFoundError,
    Purpose,
)
from crmcore.domain.marketing.campaign.messages.planning import (
    AttachTargetList,
    CampaignBudgetSet,
    CampaignScheduled,
    CopyCampaign,
    ScheduleCampaign,
    SetCampaignBudget,
    TargetListGenerated,
)
from crmcore.domain.marketing.campaign.messages.running import (
    ApproveCampaign,
    CampaignApproved,
    CampaignCancelled,
    CampaignCompleted,
    CampaignLaunched,
    CampaignPaused,
    CampaignResumed,
    CancelCampaign,
    CompleteCampaign,
    CostIncurred,
    IncurCost,
    LaunchCampaign,
    PauseCampaign,
    ResumeCampaign,
)
from crmcore.domain.marketing.campaign.planning import CampaignLaunchedError, copy_terms
from crmcore.domain.marketing.campaign.running import (
    EmptyAudienceError,
    NotApprovedError,
    NotRunningError,
)
from crmcore.domain.marketing.campaign.state import Campaign, CampaignEndedError, CampaignStatus
from crmcore.domain.marketing.holdout import Holdout
from crmcore.domain.marketing.terms import (
    RESPONSES,
    CostKind,
    Expectation,
    FrequencyCap,
    ListKind,
    Offer,
    ResponseKind,
)
from tests.domain.marketing.campaign_examples import CAMPAIGNS, SPRING, euros, plan, planned
from tests.scenario import Scenario, at, uid

APPROVED = CampaignApproved(campaign_id=SPRING, at=at(days=1))
LAUNCHED = CampaignLaunched(campaign_id=SPRING, at=at(days=7))
COMPLETED = CampaignCompleted(campaign_id=SPRING, at=at(days=35))
CANCELLED = CampaignCancelled(campaign_id=SPRING, reason="too dear", at=at(days=2))
PAUSED = CampaignPaused(campaign_id=SPRING, reason=None, at=at(days=9))


def listed(kind: ListKind = ListKind.DEFAULT, size: int = 300, number: int = 11) -> Any:
    return TargetListGenerated(
        campaign_id=SPRING,
        list_id=uid(number),
        name="regulars",
        kind=kind,
        size=size,
        as_of=at(days=1),
        at=at(days=1),
    )


def attach(**fields: Any) -> AttachTargetList:
    given = {"list_id": uid(11), "name": "regulars", "size": 300, "at": at(days=1)}
    return AttachTargetList(**{"campaign_id": SPRING, **given, **fields})


def cost(amount: Money | None = None, **fields: Any) -> IncurCost:
    given = {"campaign_id": SPRING, "cost_id": uid(31), "kind": CostKind.POSTAGE, "at": at(days=8)}
    return IncurCost(**{**given, "cost": amount or euros("120"), **fields})


RUNNING = CAMPAIGNS.given(planned(), listed(), APPROVED, LAUNCHED)
ENDED = [
    pytest.param(RUNNING.given(COMPLETED), id="completed"),
    pytest.param(CAMPAIGNS.given(planned(), CANCELLED), id="cancelled"),
]


def test_a_plan_carries_all_that_its_results_are_measured_by() -> None:
    terms: dict[str, Any] = {
        "parent_id": uid(2),
        "offer": Offer(products=("soap",), offers=("20 off",), call_to_action="Come in"),
        "expected": Expectation(cost=euros("100"), revenue=euros("900"), responses=30),
        "frequency_cap": FrequencyCap(most=2, days=7),
        "response_kinds": (ResponseKind.REDEMPTION,),
    }
    (event,) = CAMPAIGNS.when(plan(**terms)).events
    assert {name: getattr(event, name) for name in terms} == terms
    assert event.at == at()
    assert planned().response_kinds == RESPONSES


def test_a_life_from_plan_to_completion() -> None:
    (
        CAMPAIGNS.when(plan())
        .then(planned())
        .when(SetCampaignBudget(campaign_id=SPRING, budget=euros("500"), at=at(hours=1)))
        .then(CampaignBudgetSet(campaign_id=SPRING, budget=euros("500"), at=at(hours=1)))
        .when(attach())
        .then(listed())
        .when(ApproveCampaign(campaign_id=SPRING, at=at(days=1)))
        .then(APPROVED)
        .when(LaunchCampaign(campaign_id=SPRING, at=at(days=7)))
        .then(LAUNCHED)
        .when(PauseCampaign(campaign_id=SPRING, at=at(days=9)))
        .then(PAUSED)
        .when(ResumeCampaign(campaign_id=SPRING, at=at(days=10)))
        .then(CampaignResumed(campaign_id=SPRING, at=at(days=10)))
        .when(CompleteCampaign(campaign_id=SPRING, at=at(days=35)))
        .then(COMPLETED)
    )


@pytest.mark.parametrize(
    ("history", "command"),
    [
        pytest.param((), plan(at=at(days=3)), id="plan"),
        pytest.param((listed(),), attach(), id="list"),
        pytest.param((APPROVED,), ApproveCampaign(campaign_id=SPRING, at=at(days=2)), id="approve"),
        pytest.param(
            (APPROVED, LAUNCHED), ApproveCampaign(campaign_id=SPRING, at=at(days=8)), id="approved"
        ),
        pytest.param(
            (APPROVED, LAUNCHED), LaunchCampaign(campaign_id=SPRING, at=at(days=8)), id="launch"
        ),
        pytest.param(
            (APPROVED, LAUNCHED, COMPLETED),
            LaunchCampaign(campaign_id=SPRING, at=at(days=7)),
            id="the very same launch after the end",
        ),
        pytest.param(
            (APPROVED, LAUNCHED, PAUSED), PauseCampaign(campaign_id=SPRING, at=at()), id="pause"
        ),
        pytest.param(
            (APPROVED, LAUNCHED), ResumeCampaign(campaign_id=SPRING, at=at()), id="resume"
        ),
        pytest.param(
            (APPROVED, LAUNCHED, COMPLETED),
            CompleteCampaign(campaign_id=SPRING, at=at(days=40)),
            id="complete",
        ),
        pytest.param(
            (CANCELLED,), CancelCampaign(campaign_id=SPRING, reason="again", at=at()), id="cancel"
        ),
        pytest.param(
            (),
            ScheduleCampaign(
                campaign_id=SPRING, starts_at=at(days=7), ends_at=at(days=35), at=at()
            ),
            id="schedule",
        ),
    ],
)
def test_what_already_holds_is_not_recorded_again(history: tuple[Any, ...], command: Any) -> None:
    CAMPAIGNS.given(planned(), *history).when(command).then()


@pytest.mark.parametrize(
    ("again", "kind"),
    [
        pytest.param(plan(name="Summer"), "campaign", id="plan"),
        pytest.param(attach(size=301), "target list", id="list"),
        pytest.param(cost(euros("121")), "cost", id="cost"),
    ],
)
def test_the_same_identity_with_other_particulars_is_refused(again: Any, kind: str) -> None:
    RUNNING.when(cost()).then(_booked()).when(again).then_refused(AlreadyExistsError, kind)


def _booked(**fields: Any) -> CostIncurred:
    given = {"cost_id": uid(31), "cost": euros("120"), "kind": CostKind.POSTAGE, "note": None}
    return CostIncurred(**{"campaign_id": SPRING, **given, "at": at(days=8), **fields})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({"currency": "EUX"}, "currency: expected an ISO 4217", id="currency"),
        pytest.param({"parent_id": SPRING}, "parent_id: expected another", id="its own parent"),
        pytest.param({"copied_from": SPRING}, "copied_from: expected another", id="its own copy"),
        pytest.param({"informational": True}, "purpose: expected another", id="informational"),
        pytest.param(
            {"expected": Expectation(cost=Money(Decimal(1), "USD"))}, "expected.cost", id="dollars"
        ),
        pytest.param(
            {"expected": Expectation(revenue=euros("-1"))}, "0 or more EUR", id="negative"
        ),
    ],
)
def test_a_plan_that_cannot_be_is_refused(fields: dict[str, Any], message: str) -> None:
    CAMPAIGNS.when(plan(**fields)).then_refused(InvalidValueError, message)


def test_an_informational_campaign_serves_another_purpose() -> None:
    assert planned(informational=True, purpose=Purpose.SERVICE).informational


def test_INV_M1_a_campaign_ends_no_earlier_than_it_starts() -> None:
    CAMPAIGNS.when(plan(ends_at=at(days=6))).then_refused(InvalidValueError, "ends_at")
    late = ScheduleCampaign(campaign_id=SPRING, starts_at=at(days=2), ends_at=at(), at=at())
    CAMPAIGNS.given(planned()).when(late).then_refused(InvalidValueError, "ends_at")
    assert planned(ends_at=at(days=7)).ends_at == at(days=7)  # one instant is allowed


def test_INV_M1_only_an_approved_campaign_is_launched() -> None:
    launch = LaunchCampaign(campaign_id=SPRING, at=at(days=7))
    CAMPAIGNS.given(planned(), listed()).when(launch).then_refused(NotApprovedError, "approve it")


@pytest.mark.parametrize(
    "lists",
    [
        pytest.param((), id="no list"),
        pytest.param((listed(size=0),), id="empty list"),
        pytest.param((listed(ListKind.SEED),), id="proof copies only"),
        pytest.param((listed(ListKind.EXEMPT_ADDRESSES),), id="people to leave out only"),
    ],
)
def test_INV_M1_an_audience_is_needed_unless_explicitly_not(lists: tuple[Any, ...]) -> None:
    scenario = CAMPAIGNS.given(planned(), *lists, APPROVED)
    scenario.when(LaunchCampaign(campaign_id=SPRING, at=at(days=7))).then_refused(
        EmptyAudienceError, "allow_empty"
    )
    scenario.when(LaunchCampaign(campaign_id=SPRING, allow_empty=True, at=at(days=7))).then(
        LAUNCHED
    )


@pytest.mark.parametrize("ended", ENDED)
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(LaunchCampaign(campaign_id=SPRING, at=at(days=40)), id="launch"),
        pytest.param(PauseCampaign(campaign_id=SPRING, at=at(days=40)), id="pause"),
        pytest.param(ResumeCampaign(campaign_id=SPRING, at=at(days=40)), id="resume"),
        pytest.param(
            ScheduleCampaign(
                campaign_id=SPRING, starts_at=at(days=7), ends_at=at(days=99), at=at(days=40)
            ),
            id="schedule",
        ),
        pytest.param(
            SetCampaignBudget(campaign_id=SPRING, budget=euros("1"), at=at(days=40)), id="budget"
        ),
        pytest.param(attach(list_id=uid(12)), id="list"),
    ],
)
def test_INV_M1_the_end_is_final(ended: Scenario, command: Any) -> None:
    ended.when(command).then_refused(CampaignEndedError, "only answers and costs")


def test_INV_M1_completed_and_cancelled_exclude_each_other() -> None:
    RUNNING.given(COMPLETED).when(
        CancelCampaign(campaign_id=SPRING, reason="late", at=at(days=40))
    ).then_refused(CampaignEndedError)
    CAMPAIGNS.given(planned(), CANCELLED).when(
        CompleteCampaign(campaign_id=SPRING, at=at(days=40))
    ).then_refused(CampaignEndedError)
    CAMPAIGNS.given(planned(), CANCELLED).when(
        ApproveCampaign(campaign_id=SPRING, at=at(days=40))
    ).then_refused(CampaignEndedError)


def test_what_was_not_launched_can_neither_be_paused_nor_completed() -> None:
    scenario = CAMPAIGNS.given(planned(), APPROVED)
    for kind in (PauseCampaign, ResumeCampaign, CompleteCampaign):
        scenario.when(kind(campaign_id=SPRING, at=at(days=2))).then_refused(
            NotRunningError, "launch it"
        )


def test_a_paused_campaign_is_resumed_not_launched() -> None:
    RUNNING.given(PAUSED).when(LaunchCampaign(campaign_id=SPRING, at=at(days=11))).then_refused(
        NotAllowedError, "resume it"
    )


def test_after_the_launch_only_the_end_moves() -> None:
    later: dict[str, Any] = {"campaign_id": SPRING, "ends_at": at(days=50), "at": at(days=10)}
    RUNNING.when(ScheduleCampaign(starts_at=at(days=8), **later)).then_refused(
        CampaignLaunchedError
    )
    RUNNING.when(ScheduleCampaign(starts_at=at(days=7), **later)).then(
        CampaignScheduled(starts_at=at(days=7), **later)
    )


@pytest.mark.parametrize("ended", [*ENDED, pytest.param(RUNNING, id="running")])
def test_costs_are_booked_after_the_end_too_and_once_each(ended: Scenario) -> None:
    after = ended.when(cost()).then(_booked())
    after.when(cost()).then()
    state = after.aggregate.fold(after.history)
    assert state.spent == euros("120")


@pytest.mark.parametrize(
    "amount",
    [
        pytest.param(Money(Decimal(5), "USD"), id="other currency"),
        pytest.param(euros("-0.01"), id="negative"),
    ],
)
def test_money_is_0_or_more_in_the_currency_of_the_campaign(amount: Money) -> None:
    RUNNING.when(cost(amount)).then_refused(InvalidValueError, "0 or more EUR")
    RUNNING.when(SetCampaignBudget(campaign_id=SPRING, budget=amount, at=at())).then_refused(
        InvalidValueError, "0 or more EUR"
    )


@pytest.mark.parametrize(
    "command", [attach(), cost(), ApproveCampaign(campaign_id=SPRING, at=at())], ids=repr
)
def test_what_was_never_planned_is_not_found(command: Any) -> None:
    CAMPAIGNS.when(command).then_refused(NotFoundError, "there is no campaign")


def test_INV_M10_EC_M6_a_copy_has_the_terms_and_none_of_the_results() -> None:
    source = RUNNING.given(planned(holdout=Holdout(percent=Decimal(10), salt="x")), _booked())
    state = source.aggregate.fold(source.history)
    copy = CopyCampaign(
        campaign_id=uid(2),
        source_id=SPRING,
        name="Autumn",
        starts_at=at(days=70),
        ends_at=at(days=90),
        at=at(days=60),
    )
    scenario = CAMPAIGNS.when(copy_terms(copy, state)).then(
        planned(
            campaign_id=uid(2),
            name="Autumn",
            starts_at=at(days=70),
            ends_at=at(days=90),
            copied_from=SPRING,
            holdout=Holdout(percent=Decimal(10), salt=str(uid(2))),
            at=at(days=60),
        )
    )
    begun = scenario.aggregate.fold(scenario.history)
    assert isinstance(begun, Campaign)
    assert (begun.status, begun.lists, begun.spent) == (CampaignStatus.PLANNED, {}, euros("0"))


@given(amounts=st.lists(st.decimals(0, 10**6, places=2), max_size=6), repeats=st.integers(1, 3))
def test_costs_add_up_to_what_was_booked(amounts: list[Decimal], repeats: int) -> None:
    scenario = RUNNING
    for _ in range(repeats):
        for number, amount in enumerate(amounts):
            booking = cost(Money(amount, "EUR"), cost_id=uid(40 + number))
            scenario = scenario.given(*scenario.when(booking).events)
    state = scenario.aggregate.fold(scenario.history)
    assert state.spent.amount == sum(amounts)


def test_a_stream_that_begins_in_the_middle_still_folds() -> None:
    state = CAMPAIGNS.aggregate.fold([LAUNCHED, _booked(), planned()])
    assert state == CAMPAIGNS.aggregate.fold([planned()])
