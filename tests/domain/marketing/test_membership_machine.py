"""Whatever happens to a member, in whatever order: nobody gets what they must not get."""

from decimal import Decimal
from typing import Any

import attrs
from hypothesis import given, settings
from hypothesis import stateful as machine
from hypothesis import strategies as st

from crmcore.domain.kernel import Money
from crmcore.domain.marketing.campaign.state import CampaignStatus
from crmcore.domain.marketing.holdout import Holdout
from crmcore.domain.marketing.membership.messages.addressing import (
    MemberHeldOut,
    MemberSuppressed,
    MessageSent,
    SendMessage,
    TargetMember,
)
from crmcore.domain.marketing.membership.messages.results import (
    BounceKind,
    ConversionKind,
    ConversionRecorded,
    MessageBounced,
    OptOutKind,
    OptOutReceived,
    RecordBounce,
    RecordClick,
    RecordConversion,
    RecordDelivery,
    RecordOpen,
    RecordOptOut,
    RecordResponse,
    ResponseRecorded,
)
from crmcore.domain.marketing.membership.state import Member, Step, Unassigned
from crmcore.domain.marketing.suppression import Reach, Stage
from crmcore.domain.marketing.terms import ResponseKind, Role
from tests.domain.marketing.campaign_examples import ANN, MEMBERS, SPRING, about
from tests.scenario import at, uid

HALF = Holdout(percent=Decimal(50), salt="machine")
instants = st.integers(0, 60).map(lambda day: at(days=day))
few = st.integers(1, 3).map(uid)
one: dict[str, Any] = {
    "campaign_id": st.just(SPRING),
    "customer_id": st.just(ANN),
    "at": instants,
}
of_message: dict[str, Any] = {**one, "message_id": few}
addresses = st.one_of(
    st.builds(
        TargetMember,
        list_name=st.just("regulars"),
        role=st.sampled_from([Role.DEFAULT, Role.DEFAULT, Role.SEED]),
        exempt_lists=st.sampled_from([(), (), (), ("staff",)]),
        **one,
    ),
    st.builds(SendMessage, transactional=st.booleans(), **of_message),
)
facts = st.one_of(
    st.builds(RecordDelivery, **of_message),
    st.builds(RecordOpen, **of_message),
    st.builds(RecordBounce, kind=st.sampled_from(BounceKind), **of_message),
    st.builds(RecordClick, click_id=few, **of_message),
    st.builds(RecordResponse, response_id=few, kind=st.sampled_from(ResponseKind), **one),
    st.builds(
        RecordConversion,
        conversion_id=few,
        kind=st.sampled_from(ConversionKind),
        amount=st.none() | st.builds(Money, st.decimals(0, 99, places=2), st.just("EUR")),
        **one,
    ),
    st.builds(RecordOptOut, kind=st.sampled_from(OptOutKind), **one),
)
reaches = st.builds(
    Reach,
    active=st.sampled_from([True, True, True, False]),
    consented=st.sampled_from([True, True, False]),
    reachable=st.sampled_from([True, True, False]),
)
campaigns = st.builds(
    about,
    st.sampled_from([*CampaignStatus, *([CampaignStatus.RUNNING] * 6)]),
    holdout=st.sampled_from([None, HALF, Holdout(percent=Decimal(100))]),
    response_kinds=st.sampled_from([(ResponseKind.REDEMPTION,), tuple(ResponseKind)]),
)


@given(
    history=st.lists(addresses | facts, max_size=20),
    last=addresses | facts,
    reach=reaches,
    campaign=campaigns,
)
@settings(max_examples=150, deadline=None)
def test_deciding_twice_gives_nothing_the_second_time(
    history: list[Any], last: Any, reach: Reach, campaign: Any
) -> None:
    scenario = MEMBERS
    for command in [*history, last]:
        outcome = scenario.when(command, campaign, reach)
        scenario = scenario.given(*outcome.events)
    if outcome.refusal is None:
        again = scenario.when(last, campaign, reach)
        assert again.events == ()
        held_back = any(isinstance(one, MemberSuppressed | MemberHeldOut) for one in outcome.events)
        stands = outcome.events == () or not held_back
        assert stands == (again.refusal is None), "an empty reply means that the wish holds"


def targeting(before: tuple[Any, ...]) -> Any:
    """What came of targeting them last; a message held back is no targeting."""
    return next(
        one
        for one in reversed(before)
        if "member-" in one.TOPIC and getattr(one, "message_id", None) is None
    )


def held_back(before: tuple[Any, ...]) -> set[Any]:
    return {one.message_id for one in before if isinstance(one, MemberSuppressed)}


def told_no(before: tuple[Any, ...]) -> bool:
    """Whether they opted out, or a message came back for good."""
    return any(
        isinstance(one, OptOutReceived)
        or (isinstance(one, MessageBounced) and one.kind is BounceKind.HARD)
        for one in before
    )


class Members(machine.RuleBasedStateMachine):
    """A naive model: what is known of one customer, and everything that ever went out."""

    def __init__(self) -> None:
        super().__init__()
        self.scenario = MEMBERS
        self.campaign = about()
        self.reach = Reach(active=True, consented=True)
        self.steps = [Step.TARGETED]
        self.counted: set[type] = set()

    @machine.initialize(campaign=campaigns)
    def plan(self, campaign: Any) -> None:
        self.campaign = campaign

    @machine.rule(
        reach=reaches, status=st.sampled_from([CampaignStatus.RUNNING, CampaignStatus.PAUSED])
    )
    def the_world_changes(self, reach: Reach, status: CampaignStatus) -> None:
        self.reach, self.campaign = reach, attrs.evolve(self.campaign, status=status)

    @machine.rule(command=addresses | facts)
    def send(self, command: Any) -> None:
        before = self.scenario.history
        outcome = self.scenario.when(command, self.campaign, self.reach)
        if isinstance(command, SendMessage) and self.welcome(command, before):
            assert [type(one) for one in outcome.events] == [MessageSent], outcome.refusal
        for event in outcome.events:
            self.check(event, before)
            if getattr(event, "first", False):
                assert event.counted
                assert type(event) not in self.counted, "a second first"
            if getattr(event, "counted", False):
                self.counted.add(type(event))
        self.scenario = self.scenario.given(*outcome.events)

    def check(self, event: Any, before: tuple[Any, ...]) -> None:
        if not isinstance(event, MessageSent):
            return
        assert self.reach.active
        assert self.reach.consented
        if event.transactional:
            return
        assert self.free(before)
        assert self.reach.reachable
        assert not told_no(before)
        assert event.message_id not in held_back(before)
        if targeting(before).role is Role.DEFAULT:
            assert self.campaign.status is CampaignStatus.RUNNING

    def free(self, before: tuple[Any, ...]) -> bool:
        """Neither in the control group nor on a list of people to leave out."""
        last = targeting(before)
        holdout = self.campaign.plan.holdout
        kept_out = holdout is not None and holdout.keeps_out(ANN) and last.role is Role.DEFAULT
        reasons = last.suppressions if isinstance(last, MemberSuppressed) else ()
        return not kept_out and all(one.stage is not Stage.EXEMPT for one in reasons)

    def welcome(self, command: SendMessage, before: tuple[Any, ...]) -> bool:
        """Whether a message must go out: decided from today alone, whatever was held back."""
        sent = {one.message_id for one in before if isinstance(one, MessageSent)}
        within = self.campaign.plan.starts_at <= command.at <= self.campaign.plan.ends_at
        today = self.reach.active and self.reach.consented and self.reach.reachable
        return (
            bool(before)
            and command.at >= before[0].at  # a message does not precede its targeting
            and command.message_id not in sent | held_back(before)
            and self.campaign.status is CampaignStatus.RUNNING
            and within
            and today
            and not told_no(before)
            and self.free(before)
        )

    @machine.invariant()
    def nobody_descends_and_nothing_is_counted_twice(self) -> None:
        state = self.scenario.aggregate.fold(self.scenario.history)
        if isinstance(state, Unassigned):
            assert not self.scenario.history
            return
        assert isinstance(state, Member)
        assert state.step >= self.steps[-1]
        self.steps.append(state.step)
        for kind, key in (
            (ResponseRecorded, "response_id"),
            (ConversionRecorded, "conversion_id"),
            (MessageSent, "message_id"),
        ):
            keys = [getattr(one, key) for one in self.scenario.history if isinstance(one, kind)]
            assert len(keys) == len(set(keys))


TestMembers = Members.TestCase
TestMembers.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
