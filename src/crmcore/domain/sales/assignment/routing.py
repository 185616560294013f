"""Whose turn it is: which member of an assignment policy's roster gets the next lead.

The first rule whose every condition holds decides; among its members the turn goes round in
their order, and who is inactive, away, or has had enough leads is passed over.  Capacity
counts what the policy itself handed out, in calendar months and days of UTC.  A policy that
is paced spreads a member's month over its days; a day counts until a later one has begun.
"""

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from uuid import UUID

from crmcore.domain.kernel import NotFoundError, address_key
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.sales.assignment.messages import AssignmentRule, LeadRouted, RosterMember
from crmcore.domain.sales.assignment.state import Policy, State, Undefined
from crmcore.domain.sales.lead.messages.capture import LeadSource


@frozen(kw_only=True)
class RoutableLead:
    """What a policy looks at in a lead."""

    lead_id: UUID
    source: LeadSource
    campaign_id: UUID | None
    attributes: Mapping[str, str]
    email: str | None


@frozen
class Unrouted:
    """Nobody got the lead: the rule that matched, if any, and why."""

    rule: str | None
    reason: str


def route(lead: RoutableLead, policy_id: UUID, state: State, at: datetime) -> LeadRouted | Unrouted:
    """Whom the policy names for *lead* at the instant *at*; refuses an unknown policy."""
    if isinstance(state, Undefined):
        raise NotFoundError("assignment policy", policy_id)
    rule = next((rule for rule in state.rules if _matches(rule, lead)), None)
    if rule is None:
        return Unrouted(None, "no rule matches")
    last = state.turns.get(rule.key)
    start = rule.members.index(last) + 1 if last in rule.members else 0
    for handle in rule.members[start:] + rule.members[:start]:
        if _eligible(state, state.roster[handle], lead, at):
            return LeadRouted(
                policy_id=policy_id, lead_id=lead.lead_id, rule=rule.key, assignee=handle, at=at
            )
    return Unrouted(rule.key, "nobody is active, in office and within capacity")


def daily_quota(most_per_month: int) -> int:
    """The leads of a day out of *most_per_month*: a thirtieth, at least 1, of 0 none.

    Halves go to the even neighbour, as in Odoo's assignment: 45 a month is 2 a day, and so is 75.
    """
    return max(1, round(Fraction(most_per_month, 30))) if most_per_month else 0


def _matches(rule: AssignmentRule, lead: RoutableLead) -> bool:
    return (
        rule.source in (None, lead.source)
        and rule.campaign_id in (None, lead.campaign_id)
        and all(
            lead.attributes.get(wanted.key, "").casefold() == wanted.value.casefold()
            for wanted in rule.attributes
        )
    )


def _eligible(state: Policy, member: RosterMember, lead: RoutableLead, at: datetime) -> bool:
    if not member.active or any(one.since <= at < one.until for one in member.absences):
        return False
    owns = {address_key(member.assignee), address_key(member.business_email or "")}
    if lead.email is not None and address_key(lead.email) in owns:
        return False
    if member.most_per_month is None:
        return True
    if state.months.get((member.assignee, at.year, at.month), 0) >= member.most_per_month:
        return False
    had = state.today.get(member.assignee, 0) if at.date() == state.latest_day else 0
    return not state.paced or had < daily_quota(member.most_per_month)
