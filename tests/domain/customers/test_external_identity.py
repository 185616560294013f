"""External identities: one foreign record stands for one customer."""

from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import stateful as machine
from hypothesis import strategies as st

from crmcore.domain.customers import external_identity
from crmcore.domain.customers.external_identity import (
    ExternalIdentityClaimedError,
    ExternalIdentityLinked,
    ExternalIdentityUnlinked,
    LinkExternalIdentity,
    UnlinkExternalIdentity,
    external_identity_id,
)
from tests.scenario import Scenario, at, uid

ANN, BOB = uid(1), uid(2)
KEY = external_identity_id("shop", "4711")
identity = Scenario(external_identity.AGGREGATE, external_identity.decide)


def told(holder: UUID = ANN) -> dict[str, Any]:
    return {"customer_id": holder, "source": "shop", "external_id": "4711", "at": at()}


def test_a_foreign_record_is_claimed_released_and_claimed_by_another() -> None:
    link, unlink = LinkExternalIdentity(**told()), UnlinkExternalIdentity(**told())
    (
        identity.when(unlink)
        .then()
        .when(link)
        .then(ExternalIdentityLinked(identity_id=KEY, **told()))
        .when(link)
        .then()
        .when(unlink)
        .then(ExternalIdentityUnlinked(identity_id=KEY, **told()))
        .when(unlink)
        .then()
        .when(LinkExternalIdentity(**told(BOB)))
        .then(ExternalIdentityLinked(identity_id=KEY, **told(BOB)))
    )


def test_what_another_customer_holds_is_refused_and_the_holder_is_named() -> None:
    held = identity.given(ExternalIdentityLinked(identity_id=KEY, **told()))
    for command in (LinkExternalIdentity(**told(BOB)), UnlinkExternalIdentity(**told(BOB))):
        held.when(command).then_refused(
            ExternalIdentityClaimedError, f"this key of shop stands for customer {ANN}"
        )


def test_the_parts_of_a_key_are_kept_apart() -> None:
    assert external_identity_id("shop", "4711") != external_identity_id("shop4", "711")


def test_each_event_is_about_the_customer_whose_key_it_is_or_was() -> None:
    linked = ExternalIdentityLinked(identity_id=KEY, **told())
    unlinked = ExternalIdentityUnlinked(identity_id=KEY, **told())
    aggregate = external_identity.AGGREGATE
    assert aggregate.subject(aggregate.initial) is None
    assert aggregate.subject(aggregate.fold([linked])) == ANN
    assert aggregate.subject(aggregate.fold([linked, unlinked])) == ANN


class Identities(machine.RuleBasedStateMachine):
    """Whatever is sent, the holder is the one in a plain variable."""

    def __init__(self) -> None:
        super().__init__()
        self.scenario = identity
        self.holder: UUID | None = None

    @machine.rule(wisher=st.sampled_from([ANN, BOB]), link=st.booleans())
    def send(self, wisher: UUID, link: bool) -> None:
        command: Any = (LinkExternalIdentity if link else UnlinkExternalIdentity)(**told(wisher))
        outcome = self.scenario.when(command)
        assert (outcome.refusal is None) == (self.holder in (None, wisher))
        if outcome.refusal is None:
            self.scenario = self.scenario.given(*outcome.events)
            self.holder = wisher if link else None
            assert self.scenario.when(command).events == ()

    @machine.invariant()
    def replay_agrees(self) -> None:
        state = external_identity.AGGREGATE.fold(self.scenario.history)
        assert getattr(state, "holder", None) == self.holder


TestIdentities = Identities.TestCase
TestIdentities.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
