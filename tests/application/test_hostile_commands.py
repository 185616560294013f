"""Whatever is sent, on streams that exist: domain errors come out, and the log stays sound.

Identities come from a small pool, so that they collide: an order's id is some customer's,
a lead is converted into itself.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmcore import CRM, Money
from crmcore.domain.kernel import DomainError, InvalidValueError, marked_personal
from crmcore.testing import throwaway
from crmcore.testing.strategies import messages, values
from tests.composed import AGGREGATES
from tests.scenario import START, uid

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
POOLS = {
    "customer_id": (1, 2), "campaign_id": (3, 4), "source_id": (3, 4), "parent_id": (3, 4),
    "copied_from": (3, 4), "case_id": (5, 6), "into_case_id": (5, 6), "follows": (5, 6),
    "lead_id": (7, 8), "opportunity_id": (9, 10), "order_id": (11, 12), "policy_id": (13, 14),
}  # fmt: skip
WORDS: dict[str, tuple[Any, ...]] = {
    "currency": ("EUR",), "country": ("DE",), "region": ("DE",), "pipeline": ("sales",),
    "stage": ("qualification", "discovery", "proposal", "negotiation", "nowhere"),
    "assignee": ("ann", "ben"), "members": ("ann", "ben"), "agent": ("ann",), "queue": ("q",),
    "value": ("ada@example.com", "Bob@Example.org", "+49 30 23125000", "030 23125000", "x"),
    "email": ("ada@example.com", "x"), "phone": ("+4930 23125000", "x"),
    "business_email": ("ann@example.com",), "assignee_email": ("ann@example.com",),
    "product": ("p", "q"), "list_name": ("regulars",), "time_zone": ("Europe/Berlin", "x"),
    "language": ("de", "x"), "line": (1, 2, 3), "quantity": (Decimal(1), Decimal("2.5")),
    "activity": ("email-opened", "x"), "source": ("shop",), "external_id": ("4711", "4712"),
}  # fmt: skip
BEGUN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("register-customer", {"customer_id": uid(1), "kind": "person", "name": "Ada"}),
    ("add-contact-point", {"customer_id": uid(1), "point_id": uid(20), "kind": "email",
     "value": "ada@example.com"}),
    ("give-consent", {"customer_id": uid(1), "consent_id": uid(21), "channel": "post",
     "purpose": "marketing", "lawful_basis": "consent"}),
    ("place-order", {"order_id": uid(11), "customer_id": uid(1), "channel": "store", "lines": [
     {"line": 1, "product": "p", "quantity": 2, "goods": {"amount": "20.00", "currency": "EUR"}}]}),
    ("open-case", {"case_id": uid(5), "customer_id": uid(1), "kind": "incident", "channel": "email",
     "subject": "Broken"}),
    ("capture-lead", {"lead_id": uid(7), "source": "website", "name": "Bob"}),
    ("open-opportunity", {"opportunity_id": uid(9), "customer_id": uid(1), "name": "Big",
     "pipeline": "sales"}),
    ("open-case", {"case_id": uid(6), "kind": "complaint", "channel": "phone", "subject": "Late"}),
    ("capture-lead", {"lead_id": uid(8), "source": "event", "email": "eve@example.com"}),
    ("assign-lead", {"lead_id": uid(8), "assignee": "ann"}),
    ("accept-lead", {"lead_id": uid(8)}),
    ("qualify-lead", {"lead_id": uid(8), "stage": "sales", "explicit": True}),
    ("define-assignment-policy", {"policy_id": uid(13), "name": "Turns",
     "rules": [{"key": "all", "members": ["ann", "ben"]}],
     "roster": [{"assignee": "ann"}, {"assignee": "ben"}]}),
    ("plan-campaign", {"campaign_id": uid(3), "name": "Spring", "kind": "coupons",
     "channel": "post", "currency": "EUR", "starts_at": "2026-01-05T10:00:00Z",
     "ends_at": "2026-07-05T10:00:00Z"}),
    ("set-campaign-budget", {"campaign_id": uid(3), "budget": {"amount": 9, "currency": "EUR"}}),
    ("attach-target-list", {"campaign_id": uid(3), "list_id": uid(22), "name": "regulars",
     "kind": "default", "size": 2}),
    ("approve-campaign", {"campaign_id": uid(3)}),
    ("target-member", {"campaign_id": uid(3), "customer_id": uid(1), "list_name": "regulars"}),
    ("launch-campaign", {"campaign_id": uid(3), "at": START + timedelta(hours=1)}),
    ("send-message", {"campaign_id": uid(3), "customer_id": uid(1), "message_id": uid(20),
     "at": START + timedelta(hours=2)}),
)  # fmt: skip


@pytest.fixture(scope="module")
def kinds() -> Iterator[tuple[type, ...]]:
    with throwaway() as crm:
        yield tuple(crm.command_kinds.values())


@cache
def hints(kind: type, name: str) -> st.SearchStrategy[Any] | None:
    """Mostly what fits the field, so that commands get far; the rest from the usual and the edge."""
    if kind is UUID:
        first, second = map(uid, POOLS.get(name, (20, 23)))
        own = st.sampled_from([first, first, first, second])
        return rarely(own, st.integers(1, 23).map(uid))
    if kind is datetime:
        return rarely(HOURS, EDGES)
    if kind is Money:
        return rarely(EUROS, messages(Money))
    if kind is str and name not in WORDS:
        return st.sampled_from(["a", "b"])
    return rarely(st.sampled_from(WORDS[name]), values(kind)) if name in WORDS else None


def rarely(mostly: st.SearchStrategy[Any], other: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 11).flatmap(lambda number: other if number == 11 else mostly)


HOURS = st.integers(0, 3_000).map(lambda hours: START + timedelta(hours=hours))
EDGES = st.sampled_from(
    [NOW, NOW + timedelta(1), datetime(1900, 1, 1, tzinfo=UTC), datetime(8999, 12, 31, tzinfo=UTC)]
)
EUROS = st.sampled_from(
    [Decimal(text) for text in ("0", "0.01", "9.99", "20", "100", "999999999999999.99", "-5")]
).map(lambda amount: Money(amount, "EUR"))


@cache
def st_command(kind: type) -> st.SearchStrategy[Any]:
    return messages(kind, hints=hints)


def st_commands(kinds: Sequence[type]) -> st.SearchStrategy[list[Any]]:
    """Commands mostly about one kind of thing, then a few about any; often in the order of time."""
    contexts: dict[str, list[st.SearchStrategy[Any]]] = {}
    for kind in kinds:
        name = ".".join(kind.__module__.split(".")[2:4])
        contexts.setdefault(name, []).append(st_command(kind))
    everything = st.one_of([one for context in contexts.values() for one in context])
    one = st.sampled_from(list(contexts)).flatmap(
        lambda name: st.lists(st.one_of(contexts[name]), min_size=10, max_size=40)
    )
    mixed = st.lists(everything, min_size=5, max_size=20)
    sent = st.tuples(one, mixed).map(lambda parts: [*parts[0], *parts[1]])
    return sent | sent.map(lambda some: sorted(some, key=lambda command: command.at))


@contextmanager
def begun() -> Iterator[CRM]:
    """A log in which one stream of each kind was begun."""
    with throwaway(clock=lambda: NOW) as crm:
        sent = [crm.command(topic, {"at": START, **fields}) for topic, fields in BEGUN]
        assert not crm.execute_many(sent, by="me").refused
        yield crm


def send(crm: CRM, sent: Sequence[Any]) -> None:
    """Half of the commands in one transaction, the others one by one."""
    half = len(sent) // 2
    for refused in crm.execute_many(sent[:half], by="importer").refused:
        assert isinstance(refused.error, DomainError)
    for command in sent[half:]:
        refusal = refused_by(crm, command)
        assert "\n" not in str(refusal)
        assert len(str(refusal).encode()) < 1_000
        if isinstance(refusal, InvalidValueError):  # the field is one of the command's
            marked_personal(type(command), refusal.field)


def refused_by(crm: CRM, command: Any) -> DomainError | None:
    try:
        crm.execute(command, by="someone")
    except DomainError as refusal:
        return refusal
    return None


def check(crm: CRM) -> None:
    """The chain holds, every stream folds, no read model stops."""
    assert crm.verify().intact
    streams: dict[UUID, list[Any]] = {}
    for recorded in crm.events():
        streams.setdefault(recorded.stream_id, []).append(recorded.event)
    for events in streams.values():
        (aggregate,) = (one for one in AGGREGATES if isinstance(events[0], one.events))
        assert all(isinstance(event, aggregate.events) for event in events)
        aggregate.fold(events)
    crm.catch_up()


def test_only_refusals_come_out_and_the_log_stays_sound(kinds: tuple[type, ...]) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st_commands(kinds))
    def run(sent: list[Any]) -> None:
        with begun() as crm:
            send(crm, sent)
            check(crm)

    run()
