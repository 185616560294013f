"""Whatever is sent to a campaign, in whatever order: it is where a plain list of rules says."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import stateful as machine
from hypothesis import strategies as st

from crmcore.domain.kernel import Money
from crmcore.domain.marketing.campaign.messages.planning import (
    AttachTargetList,
    ScheduleCampaign,
    SetCampaignBudget,
)
from crmcore.domain.marketing.campaign.messages.running import (
    ApproveCampaign,
    CancelCampaign,
    CompleteCampaign,
    IncurCost,
    LaunchCampaign,
    PauseCampaign,
    ResumeCampaign,
)
from crmcore.domain.marketing.campaign.state import Campaign, CampaignStatus
from crmcore.domain.marketing.terms import ListKind
from tests.domain.marketing.campaign_examples import CAMPAIGNS, SPRING, plan
from tests.scenario import at, uid

instants = st.integers(0, 60).map(lambda day: at(days=day))
few = st.integers(1, 3).map(uid)
money = st.builds(
    Money, st.decimals(-2, 10**6, places=2), st.sampled_from(["EUR", "EUR", "EUR", "USD"])
)
one: dict[str, Any] = {"campaign_id": st.just(SPRING), "at": instants}
commands = st.one_of(
    st.builds(plan, name=st.sampled_from(["Spring", "Spring", "Summer"]), at=instants),
    *(st.builds(kind, **one) for kind in (ApproveCampaign, PauseCampaign, ResumeCampaign)),
    st.builds(CompleteCampaign, **one),
    st.builds(LaunchCampaign, allow_empty=st.booleans(), **one),
    st.builds(CancelCampaign, reason=st.just("too dear"), **one),
    st.builds(SetCampaignBudget, budget=money, **one),
    st.builds(ScheduleCampaign, starts_at=instants, ends_at=instants, **one),
    st.builds(
        AttachTargetList,
        list_id=few,
        name=st.just("regulars"),
        kind=st.sampled_from(ListKind),
        size=st.integers(0, 2),
        **one,
    ),
    st.builds(IncurCost, cost_id=few, cost=money, **one),
)


@given(history=st.lists(commands, max_size=25), last=commands)
@settings(max_examples=150, deadline=None)
def test_deciding_twice_gives_nothing_the_second_time(history: list[Any], last: Any) -> None:
    scenario = CAMPAIGNS
    for command in [*history, last]:
        outcome = scenario.when(command)
        scenario = scenario.given(*outcome.events)
    if outcome.refusal is None:
        scenario.when(last).then()


class Campaigns(machine.RuleBasedStateMachine):
    """A naive model: the status by a table of moves and since when, lists and costs in dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self.scenario = CAMPAIGNS
        self.status: CampaignStatus | None = None
        self.since = at()
        self.approved = self.launched = False
        self.lists: dict[UUID, int] = {}
        self.costs: dict[UUID, Money] = {}

    def send(self, command: Any) -> bool:
        """Whether the command was carried out (with or without anything new)."""
        outcome = self.scenario.when(command)
        self.scenario = self.scenario.given(*outcome.events)
        return outcome.refusal is None

    def enter(self, status: CampaignStatus, when: Any) -> None:
        self.status, self.since = status, when

    def runs(self, when: Any) -> bool:
        """Whether the campaign may run from an instant on: a phase after the other, within its dates."""
        state = self.scenario.aggregate.fold(self.scenario.history)
        return bool(self.since <= when and state.starts_at <= when < state.ends_at)

    @machine.initialize()
    def begin(self) -> None:
        assert self.send(plan())
        self.status = CampaignStatus.PLANNED

    @machine.rule(when=instants)
    def approve(self, when: Any) -> None:
        done = self.send(ApproveCampaign(campaign_id=SPRING, at=when))
        assert done == (self.approved or self.status is CampaignStatus.PLANNED)
        if done and self.status is CampaignStatus.PLANNED:
            self.approved = True
            self.enter(CampaignStatus.APPROVED, when)

    @machine.rule(when=instants, allow_empty=st.booleans())
    def launch(self, when: Any, allow_empty: bool) -> None:
        before = self.scenario.aggregate.fold(self.scenario.history)
        in_time = self.runs(when)
        done = self.send(LaunchCampaign(campaign_id=SPRING, allow_empty=allow_empty, at=when))
        fresh = self.status is CampaignStatus.APPROVED and (any(self.lists.values()) or allow_empty)
        fresh = fresh and in_time
        assert done == (
            fresh or self.status is CampaignStatus.RUNNING or before.launched_at == when
        )
        if fresh:
            self.launched = True
            self.enter(CampaignStatus.RUNNING, when)

    @machine.rule(
        kind=st.sampled_from([PauseCampaign, ResumeCampaign, CompleteCampaign]), when=instants
    )
    def move(self, kind: type, when: Any) -> None:
        to = {
            PauseCampaign: CampaignStatus.PAUSED,
            ResumeCampaign: CampaignStatus.RUNNING,
            CompleteCampaign: CampaignStatus.COMPLETED,
        }[kind]
        in_time = self.runs(when) if to is CampaignStatus.RUNNING else self.since <= when
        may = in_time and self.status in (CampaignStatus.RUNNING, CampaignStatus.PAUSED)
        there = self.status is to
        assert self.send(kind(campaign_id=SPRING, at=when)) == (may or there)
        if may and not there:
            self.enter(to, when)

    @machine.rule(when=instants)
    def cancel(self, when: Any) -> None:
        may = self.since <= when and self.status is not CampaignStatus.COMPLETED
        there = self.status is CampaignStatus.CANCELLED
        done = self.send(CancelCampaign(campaign_id=SPRING, reason="no", at=when))
        assert done == (may or there)
        if may and not there:
            self.enter(CampaignStatus.CANCELLED, when)

    @machine.rule(list_id=few, size=st.integers(0, 2))
    def attach(self, list_id: UUID, size: int) -> None:
        command = AttachTargetList(
            campaign_id=SPRING, list_id=list_id, name="all", size=size, at=at(days=1)
        )
        over = self.status in (CampaignStatus.COMPLETED, CampaignStatus.CANCELLED)
        known = self.lists.get(list_id)
        assert self.send(command) == (not over if known is None else known == size)
        if known is None and not over:
            self.lists[list_id] = size

    @machine.rule(cost_id=few, cost=money)
    def incur(self, cost_id: UUID, cost: Money) -> None:
        done = self.send(IncurCost(campaign_id=SPRING, cost_id=cost_id, cost=cost, at=at(days=9)))
        sound = cost.currency == "EUR" and cost.amount >= 0
        assert done == (sound and self.costs.get(cost_id, cost) == cost)
        if done:
            self.costs[cost_id] = cost

    @machine.rule(starts_at=instants, ends_at=instants)
    def schedule(self, starts_at: Any, ends_at: Any) -> None:
        self.send(
            ScheduleCampaign(campaign_id=SPRING, starts_at=starts_at, ends_at=ends_at, at=at())
        )

    @machine.invariant()
    def the_model_agrees(self) -> None:
        state = self.scenario.aggregate.fold(self.scenario.history)
        if self.status is None:
            return
        assert isinstance(state, Campaign)
        assert state.status is self.status
        assert state.starts_at <= state.ends_at
        assert state.launched_at is None or state.approved_at is not None
        assert state.spent.amount == sum((cost.amount for cost in self.costs.values()), Decimal(0))


TestCampaigns = Campaigns.TestCase
TestCampaigns.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
