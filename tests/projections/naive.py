"""The read models recomputed from the whole log, in the plainest way, from what they are to mean.

Nothing here knows of handlers, batches or checkpoints: each function looks at all events at
once.  Rows come as the tables declare them, by table and in the order of their keys.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from crmcore import Recorded
from crmcore.domain.customers import external_identity
from crmcore.domain.customers.customer.messages.contact_point import (
    ContactKind,
    ContactPointAdded,
    ContactPointRemoved,
    PrimaryContactPointChanged,
)
from crmcore.domain.customers.customer.messages.lifecycle import (
    LifecycleStageAdvanced,
    LifecycleStageCorrected,
)
from crmcore.domain.customers.customer.messages.registration import (
    CustomerDeactivated,
    CustomerNameCorrected,
    CustomerReactivated,
    CustomerRegistered,
)
from crmcore.domain.kernel.instants import from_micros, to_micros
from crmcore.domain.loyalty.program import STANDARD_PROGRAM, LoyaltyProgram
from crmcore.domain.marketing.campaign.messages.planning import CampaignPlanned, CampaignScheduled
from crmcore.domain.marketing.campaign.messages.running import (
    CampaignApproved,
    CampaignCancelled,
    CampaignCompleted,
    CampaignLaunched,
    CampaignPaused,
    CampaignResumed,
    CostIncurred,
)
from crmcore.domain.marketing.membership.messages.addressing import (
    MemberHeldOut,
    MemberSuppressed,
    MemberTargeted,
    MessageSent,
)
from crmcore.domain.marketing.membership.messages.results import (
    ConversionKind,
    ConversionRecorded,
    MessageBounced,
    MessageClicked,
    MessageDelivered,
    OptOutReceived,
    ResponseRecorded,
)
from crmcore.domain.marketing.terms import ResponseKind, Role
from crmcore.domain.sales.lead.messages.qualification import LeadConverted
from crmcore.domain.sales.order.messages import (
    OrderCancelled,
    OrderPlaced,
    OrderReturned,
    OrderShipped,
)
from crmcore.domain.service.case.messages.conversation import CaseReplied
from crmcore.domain.service.case.messages.life_cycle import (
    CaseClosed,
    CaseHeld,
    CasePended,
    CaseReopened,
    CaseResumed,
    CaseSolved,
    CaseSpamMarked,
    CaseStarted,
)
from crmcore.domain.service.case.messages.merging import CaseMerged, CaseQuestionInherited
from crmcore.domain.service.case.messages.opening import (
    CaseClassified,
    CaseCustomerIdentified,
    CaseOpened,
    CasePrioritised,
)
from crmcore.domain.service.case.messages.routing import CaseAssigned, CaseQueued, CaseTransferred
from crmcore.domain.service.case.messages.service_levels import (
    ServiceLevelAttached,
    ServiceLevelDetached,
    ServiceLevelReplaced,
)
from crmcore.domain.service.case.messages.unions import CaseEvent
from crmcore.domain.service.levels.timeline import (
    Agreement,
    Cycle,
    InheritedQuestion,
    Message,
    StatusChange,
    Timeline,
)
from crmcore.domain.service.survey.messages import SurveyAnswered, SurveyOffered
from crmcore.domain.service.terms import StatusCategory
from crmcore.infrastructure.service.packing import JsonPacking
from tests.projections import naive_sales

Row = dict[str, Any]
Tables = dict[str, list[Row]]
Log = Sequence[Recorded]


def told(log: Log, *kinds: type) -> list[Any]:
    """The events of some kinds, in order."""
    return [recorded.event for recorded in log if isinstance(recorded.event, kinds)]


def last(values: Sequence[Any], default: Any = None) -> Any:
    return values[-1] if values else default


# Customer history: an entry for every event that is about somebody.


def customer_history(log: Log) -> Tables:
    entries, links = [], []
    for one in log:
        whose = one.subject_id
        if whose is None and isinstance(one.event, CaseEvent):
            whose = one.stream_id
        if whose is None:
            continue
        entries.append(_entry(str(whose), one))
        if isinstance(one.event, LeadConverted):
            links.append({"customer_id": str(whose), "linked_id": str(one.event.lead_id)})
        if isinstance(one.event, CaseCustomerIdentified):
            links.append({"customer_id": str(whose), "linked_id": str(one.event.case_id)})
    return {"customer_history": entries, "customer_links": links}


def _entry(customer_id: str, one: Recorded) -> Row:
    return {
        "customer_id": customer_id,
        "position": one.position,
        "part": one.part,
        "occurred_at": one.occurred_at,
        "recorded_at": one.recorded_at,
        "topic": one.topic,
        "stream_id": str(one.stream_id),
        "actor": one.actor,
        "command_id": one.command_id and str(one.command_id),
        "correlation_id": None,
        "causation_id": None,
        "source": one.source,
        "details": one.data,
    }


# Customer directory: what is true of a customer in the end, and what they can be found by.


def customer_directory(log: Log) -> Tables:
    people, terms = [], []
    for person in told(log, CustomerRegistered):
        about = [
            one for one in log if getattr(one.event, "customer_id", None) == person.customer_id
        ]
        people.append(_person(person, about))
        terms += _terms(str(person.customer_id), people[-1]["name"], about)
    return {"customer_directory": people, "customer_terms": terms}


def _person(person: CustomerRegistered, about: Log) -> Row:
    names = told(about, CustomerRegistered, CustomerNameCorrected)
    stages = told(about, LifecycleStageAdvanced, LifecycleStageCorrected)
    presence = told(about, CustomerDeactivated, CustomerReactivated)
    return {
        "customer_id": str(person.customer_id),
        "kind": person.kind.value,
        "name": names[-1].name,
        "email": _primary(about, ContactKind.EMAIL),
        "phone": _primary(about, ContactKind.PHONE),
        "stage": stages[-1].stage.value if stages else person.stage and person.stage.value,
        "active": not isinstance(last(presence), CustomerDeactivated),
        "registered_at": person.at,
    }


def _primary(about: Log, kind: ContactKind) -> str | None:
    added = {one.point_id: one for one in told(about, ContactPointAdded)}
    chosen = [
        one.point_id
        for one in told(about, ContactPointAdded, PrimaryContactPointChanged)
        if one.kind is kind and getattr(one, "is_primary", True)
    ]
    point = last(chosen)
    return None if point is None else added[point].value


def _terms(customer_id: str, name: str, about: Log) -> list[Row]:
    found = [("name", "", name, name)]
    removed = {one.point_id for one in told(about, ContactPointRemoved)}
    found += [
        (point.kind.value, str(point.point_id), point.normalised, point.value)
        for point in told(about, ContactPointAdded)
        if point.point_id not in removed
    ]
    links: dict[UUID, Any] = {}
    for one in told(
        about,
        external_identity.ExternalIdentityLinked,
        external_identity.ExternalIdentityUnlinked,
    ):
        links[one.identity_id] = one
    for identity, link in links.items():
        if isinstance(link, external_identity.ExternalIdentityLinked):
            found.append(("external", str(identity), link.external_id, link.external_id))
    return [
        {"customer_id": customer_id, "kind": kind, "key": key, "term": plain(term), "shown": shown}
        for kind, key, term, shown in found
    ]


def plain(text: str) -> str:
    """How text is compared: forms, case, accents and invisible marks do not matter."""
    for _ in range(3):
        text = unicodedata.normalize("NFKD", text).casefold()
    accents = {*range(10, 37), *range(200, 256)}
    text = "".join(c for c in text if unicodedata.combining(c) not in accents)
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    for pair in ("ıi", "øo", "łl", "đd", "ðd", "ħh", "ŧt", "æae", "œoe", "þth"):
        text = text.replace(pair[0], pair[1:])
    return " ".join(unicodedata.normalize("NFKC", text).split())


# Loyalty: what is left of each purchase counts.


def counts(bought: datetime, as_of: datetime) -> bool:
    """Whether a purchase is of the last year: until its anniversary, 1 March for 29 February."""
    leap_day = (bought.month, bought.day) == (2, 29)
    if leap_day:
        return bought <= as_of < datetime(bought.year + 1, 3, 1, tzinfo=UTC)
    return bought <= as_of < bought.replace(year=bought.year + 1)


def loyalty_of(
    log: Log, customer: UUID, program: LoyaltyProgram, as_of: datetime | None = None
) -> Row | None:
    """A member's row from all that is in *log*, as of the last thing that happened or later."""
    accounts = orders_by_currency(log, customer)
    if not accounts:
        return None
    firsts = {key: min(standing(log, orders))[:2] for key, orders in accounts.items()}
    currency = min(accounts, key=lambda key: firsts[key])
    row = account_of(log, accounts[currency], program, as_of)
    spending = row["year_spending"]
    others = {
        key: account_of(log, orders, program) for key, orders in accounts.items() if key != currency
    }
    return {
        **row,
        "customer_id": str(customer),
        "currency": currency,
        "tier": [tier.name for tier in program.tiers if spending >= tier.spending][-1],
        "first_purchase_at": from_micros(firsts[currency][0]),
        "program": program.version,
        "other_currency_orders": sum(other["orders"] for other in others.values()),
        "other_currencies": {key: in_json(other) for key, other in others.items()},
    }


Orders = list[OrderPlaced]


def orders_by_currency(log: Log, customer: UUID) -> dict[str, Orders]:
    """A customer's orders in each currency, since the last moment when all of them were cancelled."""
    found: dict[str, Orders] = {}
    off: set[UUID] = set()
    for one in told(log, OrderPlaced, OrderCancelled):
        if one.customer_id == customer and isinstance(one, OrderPlaced):
            found.setdefault(one.net.currency, []).append(one)
        elif isinstance(one, OrderCancelled):
            off.add(one.order_id)
            orders = found.get(one.net.currency, ())
            if one.customer_id == customer and {order.order_id for order in orders} <= off:
                found.pop(one.net.currency, None)
    return found


def standing(log: Log, orders: Orders) -> list[tuple[int, int, str | None]]:
    """When and where each order that was not cancelled was told, and its id while it can be."""
    positions = {one.event.order_id: one.position for one in log if one.topic == "order-placed"}
    off = {one.order_id for one in told(log, OrderCancelled)}
    gone = {one.order_id for one in told(log, OrderShipped)}
    return sorted(
        (
            to_micros(one.at),
            positions[one.order_id],
            None if one.handed_over or one.order_id in gone else str(one.order_id),
        )
        for one in orders
        if one.order_id not in off
    )


def in_json(account: Row) -> Row:
    """As an account in another currency is kept."""
    plain = {
        name: f"{account[name].normalize():f}" for name in ("year_spending", "lifetime_spending")
    }
    return {**account, **plain, "as_of": to_micros(account["as_of"])}


def account_of(
    log: Log, orders: Orders, program: LoyaltyProgram, as_of: datetime | None = None
) -> Row:
    """What *orders*, all in one currency, come to."""
    own = {one.order_id: one for one in orders}
    less = [one for one in told(log, OrderReturned, OrderCancelled) if one.order_id in own]
    stand = standing(log, orders)
    final = [index for index, (_, _, order) in enumerate(stand) if order is None]
    kept = {
        key: order.net.amount - sum(one.net.amount for one in less if one.order_id == key)
        for key, order in own.items()
    }
    points = [
        (net * program.points_per_unit).to_integral_value(ROUND_FLOOR) for net in kept.values()
    ]
    known = max(one.at for one in (*own.values(), *less))
    now = known if as_of is None else max(as_of, known)
    spending = sum((kept[key] for key, order in own.items() if counts(order.at, now)), Decimal(0))
    changes = [(one.at, one.net.amount) for one in own.values()]
    changes += [(one.placed_at, -one.net.amount) for one in less]
    return {
        "points": int(sum(points)),
        "year_spending": spending,
        "lifetime_spending": sum(kept.values(), Decimal(0)),
        "orders": len(stand),
        "first_purchases": [list(one) for one in stand[: final[0] + 1 if final else None]],
        "as_of": known,
        "recent": sorted(
            [to_micros(at), f"{amount:f}"] for at, amount in changes if counts(at, now)
        ),
    }


def loyalty_status(log: Log, program: LoyaltyProgram = STANDARD_PROGRAM) -> Tables:
    members = dict.fromkeys(one.customer_id for one in told(log, OrderPlaced))
    rows = [loyalty_of(log, member, program) for member in members]
    return {"loyalty_status": [row for row in rows if row is not None]}


# Service levels: a case's events cut into its cycles.

STATUS: Mapping[type, str] = {
    CaseOpened: "new",
    CaseStarted: "open",
    CasePended: "pending",
    CaseHeld: "on_hold",
    CaseResumed: "open",
    CaseSolved: "solved",
    CaseReopened: "open",
    CaseClosed: "closed",
    CaseMerged: "merged",
    CaseSpamMarked: "spam",
}


def service_levels(log: Log) -> Tables:
    tables: Tables = {
        "service_cases": [],
        "service_cycles": [],
        "service_levels": [],
        "service_work": [],
    }
    for opened in told(log, CaseOpened):
        about = [one for one in log if one.stream_id == opened.case_id]
        tables["service_cases"].append(_case(opened, about))
        for cycle, begun in _begun(about).items():
            during = [one for one in about if getattr(one.event, "cycle", cycle) == cycle]
            solved = last(told(during, CaseSolved))
            until = about[: [one.event for one in about].index(solved)] if solved else []
            tables["service_cycles"].append(
                {
                    "case_id": str(opened.case_id),
                    "cycle": cycle,
                    "begun_at": begun[-1],
                    "solved_at": solved and solved.at,
                    "resolution_code": solved and solved.resolution_code,
                    "owner": _owner(until),
                }
            )
            tables["service_levels"] += _resolution(opened, cycle, about, during)
        tables["service_work"] += _work(about)
    return tables


def _begun(about: Log) -> dict[int, list[datetime]]:
    """When each cycle begins, by what was known when: the last is true."""
    begun: dict[int, list[datetime]] = {}
    for event in told(about, CaseOpened, CaseReopened):
        begun.setdefault(getattr(event, "cycle", 1), []).append(event.at)
    return begun


def _in_time(events: Iterable[Any]) -> list[Any]:
    return sorted(events, key=lambda event: event.at)


def _statuses(about: Log) -> list[StatusChange]:
    """The statuses by their instants; one that begins while it lasts is no other.

    One that was told later and is dated earlier than the same one, with no other between, is when
    that began: what is then told of the time between does not begin it a second time.
    """
    found: list[StatusChange] = []
    for event in told(about, *STATUS):
        status = StatusCategory(STATUS[type(event)])
        before = [one for one in found if one.at <= event.at]
        after = [one for one in found if one.at > event.at]
        if after and after[0].category is status:
            after = after[1:]
        if not before or before[-1].category is not status:
            before.append(StatusChange(event.at, status))
        found = before + after
    return found


def _case(opened: CaseOpened, about: Log) -> Row:
    def latest(field: str, first: Any, *kinds: type) -> Any:
        return last([getattr(one, field) for one in _in_time(told(about, *kinds))], first)

    replies = told(about, CaseReplied)
    priority = latest("priority", opened.priority, CasePrioritised)
    timeline = _timeline(opened, about)
    return {
        "case_id": str(opened.case_id),
        "customer_id": _text(latest("customer_id", opened.customer_id, CaseCustomerIdentified)),
        "number": opened.number,
        "subject": opened.subject,
        "kind": latest("kind", opened.kind, CaseClassified).value,
        "channel": opened.channel.value,
        "category": latest("category", opened.category, CaseClassified),
        "request_type": latest("request_type", opened.request_type, CaseClassified),
        "priority": priority and priority.value,
        "queue": latest("queue", opened.queue, CaseQueued, CaseTransferred),
        "agent": _owner(about),
        "status": timeline.statuses[-1].category.value,
        "opened_at": opened.at,
        "first_response_at": timeline.first_response_at,
        "closed_at": last([one.at for one in told(about, CaseClosed)]),
        "contacts": 1 + sum(one.author_role.value == "customer" for one in replies),
        "changed_at": max(one.event.at for one in about if _moves(one.event)),
        "facts_at": max(one.event.at for one in about if _facts(one.event)),
        "facts": [
            [to_micros(event.at), _facts(event)]
            for event in _in_time([one.event for one in about])
            if _facts(event)
        ],
        "clock": JsonPacking().pack(timeline),
    }


def _facts(event: Any) -> Row:
    """What an event says that the case is, as the read model's columns name it."""
    match event:
        case CaseOpened():
            names = ("kind", "category", "request_type", "priority", "queue")
            unknown = {"customer_id": _text(event.customer_id), "agent": None}
            return unknown | {name: _plain(getattr(event, name)) for name in names}
        case CaseCustomerIdentified():
            return {"customer_id": str(event.customer_id)}
        case CaseClassified():
            return {
                name: _plain(getattr(event, name)) for name in ("kind", "category", "request_type")
            }
        case CasePrioritised():
            return {"priority": event.priority.value}
        case CaseQueued():
            return {"queue": event.queue}
        case CaseTransferred():
            return {"queue": event.queue, "agent": None}
        case CaseAssigned():
            return {"agent": event.agent}
    return {}


def _plain(value: Any) -> Any:
    return getattr(value, "value", value)


def _owner(about: Log) -> Any:
    changes = _in_time(told(about, CaseAssigned, CaseTransferred))
    return getattr(last(changes), "agent", None)


def _moves(event: Any) -> bool:
    """Whether the clock knows of the event."""
    if isinstance(event, CaseReplied):
        return event.public and event.author_role.value != "automatic"
    return isinstance(event, (*STATUS, *AGREED, CaseQuestionInherited))


AGREED = (
    ServiceLevelAttached,
    ServiceLevelReplaced,
    ServiceLevelDetached,
)


def _timeline(opened: CaseOpened, about: Log) -> Timeline:
    cycles = [
        Cycle(
            number=number,
            begun_at=begun[-1],
            solved_at=last([one.at for one in told(about, CaseSolved) if one.cycle == number]),
            due_given=opened.resolve_by if number == 1 else None,
            agreements=_agreements(about, number, begun),
        )
        for number, begun in _begun(about).items()
    ]
    replies = [one for one in told(about, CaseReplied) if _moves(one)]
    return Timeline(
        cycles=tuple(cycles),
        statuses=tuple(_statuses(about)),
        messages=tuple(
            Message(one.at, one.author_role.value == "agent")
            for one in sorted(replies, key=lambda one: one.at)
        ),
        joined=tuple(
            _in_time(
                {
                    one.source_case_id: InheritedQuestion(one.at, one.source_case_id, one.asked_at)
                    for one in told(about, CaseQuestionInherited)
                }.values()
            )
        ),
        withdrawn_at=last([one.at for one in told(about, CaseMerged)]),
        spam_at=last([one.at for one in told(about, CaseSpamMarked)]),
    )


def _agreements(about: Log, cycle: int, begun: Sequence[datetime]) -> tuple[Agreement, ...]:
    """What came to be owed; of two at one instant the second."""
    owed = [_agreement(one, begun) for one in told(about, *AGREED) if one.cycle == cycle]
    return tuple({one.at: one for one in owed}.values())


def _agreement(event: Any, begun: Sequence[datetime]) -> Agreement:
    """What is owed, from the beginning of the cycle if that is known to be earlier by now."""
    at = begun[-1] if event.at in begun else event.at
    if isinstance(event, ServiceLevelDetached):
        return Agreement(at, None, None)
    return Agreement(at, event.policy, event.version, event.targets, event.calendars)


def _resolution(opened: CaseOpened, cycle: int, whole: Log, during: Log) -> list[Row]:
    """The one target that these histories owe: a solution by priority, day and night."""
    if told(whole, CaseSpamMarked):
        return []
    instants = _begun(whole)[cycle]
    begun = instants[-1]
    solved = last([one.at for one in told(during, CaseSolved)])
    merged = last([one.at for one in told(whole, CaseMerged)])
    row: Row | None = None
    due: Any
    for agreed in [_agreement(one, instants) for one in told(during, *AGREED)]:
        due = row and row["due_at"]
        if due is not None and (due < agreed.at or (solved is not None and solved <= agreed.at)):
            break
        (target,) = agreed.targets
        assert target.within is not None  # the histories know no targets in days
        owed = {"policy": agreed.policy, "version": agreed.version, "within": target.within}
        row = owed | {"due_at": begun + target.within}
    if cycle == 1 and opened.resolve_by is not None:
        row = {"policy": "given", "version": None, "within": opened.resolve_by - begun}
        row["due_at"] = opened.resolve_by
    if row is None:
        return []
    due, over = row["due_at"], [one for one in (solved, merged) if one is not None]
    return [
        {
            "case_id": str(opened.case_id),
            "cycle": cycle,
            "target": "resolution",
            "occurrence": 1,
            "policy": row["policy"],
            "version": row["version"],
            "started_at": begun,
            "within_seconds": int(row["within"].total_seconds()),
            "due_at": due,
            "completed_at": solved,
            "withdrawn_at": None if solved else merged,
            "paused_since": None,
            "next_escalation_at": due if all(due < one for one in over) else None,
        }
    ]


def _work(about: Log) -> list[Row]:
    rows = []
    for index, one in enumerate(about):
        event = one.event
        done = None
        if isinstance(event, CaseReplied) and event.public and event.agent:
            done = (event.agent, "reply")
        if isinstance(event, CaseSolved):
            agent = event.agent or _owner(about[:index])
            done = agent and (agent, "solution")
        if done:
            of = {"case_id": str(one.stream_id), "position": one.position, "at": event.at}
            rows.append(of | {"agent": done[0], "done": done[1]})
    return rows


def _text(key: UUID | None) -> str | None:
    return None if key is None else str(key)


# Campaign results: members are counted once each, messages and amounts as often as they come.

STANDINGS: Mapping[type, str] = {
    MemberTargeted: "targeted",
    MemberSuppressed: "suppressed",
    MemberHeldOut: "held_out",
}
PHASES: Mapping[type, str] = {
    CampaignPlanned: "planned",
    CampaignApproved: "approved",
    CampaignLaunched: "running",
    CampaignPaused: "paused",
    CampaignResumed: "running",
    CampaignCompleted: "completed",
    CampaignCancelled: "cancelled",
}


def campaign_results(log: Log) -> Tables:
    tables: Tables = {
        "campaign_results": [],
        "campaign_revenue": [],
        "campaign_members": [],
        "campaign_purchases": [],
    }
    for plan in told(log, CampaignPlanned):
        about = [one for one in log if getattr(one.event, "campaign_id", None) == plan.campaign_id]
        members = _members(about)
        standings = [member["standing"] for member in members]
        tables["campaign_members"] += members
        tables["campaign_revenue"] += _revenue(about)
        purchases = _purchases(about)
        tables["campaign_purchases"] += purchases
        tables["campaign_results"].append(
            _terms_of(plan, about)
            | {standing: standings.count(standing) for standing in STANDINGS.values()}
            | _messages(about)
            | _conversions(about)
            | _margins(purchases)
        )
    return tables


def _members(about: Log) -> list[Row]:
    """What was decided last: by an assessment, or by a message that went out and counts."""
    assessed = {
        one.membership_id: {
            "membership_id": str(one.membership_id),
            "campaign_id": str(one.campaign_id),
            "customer_id": str(one.customer_id),
            "standing": STANDINGS.get(type(one), "targeted"),
        }
        for one in told(about, *STANDINGS, MessageSent)
        if getattr(one, "role", Role.DEFAULT) is Role.DEFAULT and getattr(one, "counted", True)
    }
    return list(assessed.values())


def _terms_of(plan: CampaignPlanned, about: Log) -> Row:
    dates = told(about, CampaignPlanned, CampaignScheduled)[-1]
    costs = told(about, CostIncurred)
    return {
        "campaign_id": str(plan.campaign_id),
        "name": plan.name,
        "kind": plan.kind,
        "channel": plan.channel.value,
        "status": PHASES[type(told(about, *PHASES)[-1])],
        "currency": plan.currency,
        "starts_at": dates.starts_at,
        "ends_at": dates.ends_at,
        "cost": sum((one.cost.amount for one in costs), Decimal(0)),
    }


def _messages(about: Log) -> Row:
    def counted(*kinds: type) -> list[Any]:
        return [one for one in told(about, *kinds) if one.counted]

    def people(events: Sequence[Any]) -> int:
        return len({one.customer_id for one in events})

    answers = counted(ResponseRecorded)
    clicks = counted(MessageClicked)
    return {
        "sends": len(counted(MessageSent)),
        "recipients": people(counted(MessageSent)),
        "delivered": people(counted(MessageDelivered)),
        "bounces": len(counted(MessageBounced)),
        "responders": people(answers),
        "responses": len([one for one in answers if one.kind is not ResponseKind.CLICK]),
        "clicks": len(clicks),
        "clickers": people(clicks),
        "opt_outs": len(counted(OptOutReceived)),
    }


def _conversions(about: Log) -> Row:
    conversions = [
        one for one in told(about, ConversionRecorded) if one.counted and not one.held_out
    ]
    return {
        "converted": len({one.customer_id for one in conversions}),
        "conversions": len(conversions),
    }


def _purchases(about: Log) -> list[Row]:
    """Each order and each conversion once; the two of a customer under one id are one purchase."""
    orders = {(one.customer_id, one.order_id): one for one in told(about, OrderPlaced)}
    conversions = {
        (one.customer_id, one.conversion_id): one for one in told(about, ConversionRecorded)
    }
    return [
        _purchase(about, orders.get(key), conversions.get(key))
        for key in dict.fromkeys([*orders, *conversions])
    ]


def _purchase(about: Log, order: Any, conversion: Any) -> Row:
    margin = None if conversion is None else conversion.margin
    one = order or conversion
    purchase_id = one.conversion_id if order is None else one.order_id
    row: Row = {
        "purchase": f"{one.campaign_id}/{one.customer_id}/{purchase_id}",
        "campaign_id": str(one.campaign_id),
        "customer_id": str(one.customer_id),
        "purchase_id": str(purchase_id),
        "net": None,
        "kept": None,
        "cancelled": False,
        "counts": conversion is not None
        and conversion.counted
        and not conversion.held_out
        and (
            conversion.kind is ConversionKind.ORDER
            or conversion.amount is not None
            or margin is not None
        ),
        "margin": None if margin is None else margin.amount,
        "currency": None if margin is None else margin.currency,
    }
    if order is not None:
        back = [one for one in told(about, OrderReturned) if one.order_id == order.order_id]
        off = [one for one in told(about, OrderCancelled) if one.order_id == order.order_id]
        given_back = sum((one.net.amount for one in back), Decimal(0))
        net = order.net.amount
        row |= {"net": net, "kept": net - given_back, "cancelled": bool(off)}
    return row


def _margins(purchases: Iterable[Row]) -> Row:
    """Of what was kept, in proportion and to the cent; unknown where nobody told it."""
    margin, unknown = Decimal(0), 0
    for one in purchases:
        ordered = one["net"] is not None
        gone = ordered and (one["cancelled"] or (one["net"] != 0 and one["kept"] == 0))
        if gone or not (ordered or one["counts"]):
            continue
        if one["margin"] is None:
            unknown += 1
        elif ordered and one["net"] != 0:
            share = one["margin"] * one["kept"] / one["net"]
            cent = Decimal("0.01")
            margin += share if one["kept"] == one["net"] else share.quantize(cent, ROUND_HALF_UP)
        else:
            margin += one["margin"]
    return {"margin": margin, "without_margin": unknown}


def _revenue(about: Log) -> list[Row]:
    rows: dict[str, Row] = {}
    for one in told(about, OrderPlaced, OrderReturned, OrderCancelled):
        row = rows.setdefault(
            one.net.currency,
            {
                "campaign_id": str(one.campaign_id),
                "currency": one.net.currency,
                "purchases": 0,
                "revenue": Decimal(0),
            },
        )
        row["purchases"] += {OrderPlaced: 1, OrderReturned: 0, OrderCancelled: -1}[type(one)]
        row["revenue"] += one.net.amount if isinstance(one, OrderPlaced) else -one.net.amount
    return list(rows.values())


# Feedback: what was asked, and what was answered within the time for changes.


def feedback(log: Log) -> Tables:
    tables: Tables = {"surveys": [], "survey_answers": []}
    for asked in told(log, SurveyOffered):
        replies = [
            (one.event.at, one.position, one.event)
            for one in log
            if isinstance(one.event, SurveyAnswered) and one.event.survey_id == asked.survey_id
        ]
        tables["survey_answers"] += [
            {
                "survey_id": str(asked.survey_id),
                "answer_id": str(reply.answer_id),
                "position": position,
                "score": reply.score,
                "at": at,
            }
            for at, position, reply in replies
        ]
        replies.sort(key=lambda one: one[:2])
        counted = [one for one in replies if one[0] - replies[0][0] <= asked.edit_within]
        tables["surveys"].append(
            {
                "survey_id": str(asked.survey_id),
                "case_id": str(asked.case_id),
                "cycle": asked.cycle,
                "kind": asked.kind.value,
                "customer_id": str(asked.customer_id),
                "channel": asked.channel.value,
                "queue": asked.queue,
                "agent": asked.agent,
                "policy": asked.policy,
                "offered_at": asked.at,
                "expires_at": asked.expires_at,
                "edit_within_micros": round(asked.edit_within.total_seconds() * 1_000_000),
                "score": counted[-1][2].score if counted else None,
                "answered_at": counted[-1][0] if counted else None,
            }
        )
    return tables


MODELS: Mapping[str, Callable[[Log], Tables]] = {
    "customer_history": customer_history,
    "customer_directory": customer_directory,
    "loyalty_status": loyalty_status,
    "service_levels": service_levels,
    "campaign_results": campaign_results,
    "feedback": feedback,
    "orders": naive_sales.orders,
    "leads": naive_sales.leads,
    "opportunities": naive_sales.opportunities,
}
"""The model of every read model: a new one needs one here, or the contract fails."""
