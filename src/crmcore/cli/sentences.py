"""What happened, in a sentence for each kind of event: the words of a customer's history.

``{field}`` is the field's value, ``{field:form}`` written as ``wording`` says; a part in square
brackets is left out where one of its fields is empty.
"""

from collections.abc import Mapping
from typing import Final

__all__ = ["SENTENCES"]

CUSTOMERS: Final = {
    "customer-registered": "became a customer: {name} ({kind:words})[, as {stage:words}]",
    "customer-name-corrected": "is called {name}",
    "customer-deactivated": "was deactivated: {reason}",
    "customer-reactivated": "is an active customer again",
    "contact-point-added": "can be reached by {kind:words}: {value}[ ({label})][, first choice{is_primary:if}]",
    "contact-point-verified": "proved to be reachable at contact point {point_id:short}",
    "contact-point-invalidated": "cannot be reached at contact point {point_id:short}: {reason:words}",
    "contact-point-removed": "contact point {point_id:short} is not to be used any more",
    "primary-contact-point-changed": "{kind:words}: another contact point comes first[, {point_id:short}]",
    "lifecycle-stage-advanced": "advanced to {stage:words}",
    "lifecycle-stage-corrected": "stage put right to {stage:words}: {reason}",
    "preference-set": (
        "prefers[ language {language}][ time zone {time_zone}][ contact by {preferred_channel:words}]"
        "[ other hours{contact_hours:if}][ no longer: {cleared:list}]"
    ),
    "contact-pause-set": "no contact by {channel:words} from {starts_at}[ until {ends_at}]",
    "contact-pause-lifted": "contact by {channel:words} is possible again",
    "external-identity-linked": "is {external_id} in {source}",
    "external-identity-unlinked": "is no longer {external_id} in {source}",
    "note-recorded": "note: {text}",
    "note-corrected": "note put right: {text}[ ({reason})]",
    "interaction-recorded": "{direction:words} contact by {channel:words}: {summary}[ ({department})]",
    "interaction-corrected": "contact put right: {summary}[ ({reason})]",
    "consent-given": (
        "allowed {purpose:words} by {channel:words}[ until {expires_at}][, told by {method}]"
        "[, yet to be confirmed{to_be_confirmed:if}]"
    ),
    "consent-confirmed": "confirmed a consent",
    "consent-withdrawn": "withdrew consent[ to {purpose:words}][ by {channel:words}][, told by {method}]",
    "objection-raised": "objected to {purpose:words}[ by {channel:words}]",
}
SALES: Final = {
    "order-placed": "bought {lines:goods} for {total}[ ({channel:words})][ after {campaign_id:named}]",
    "order-shipped": "was sent {shipped:count} of an order",
    "order-delivered": "received a shipment",
    "order-returned": "returned {returned:count} and got {refund} back: {reason}",
    "order-cancelled": "order called off, {refund} paid back: {reason}",
    "opportunity-opened": "deal in sight: {name}[, worth {amount}], {probability} % likely ({stage:words})",
    "opportunity-stage-entered": "deal went from {left:words} to {entered:words}, {probability} % likely",
    "opportunity-probability-overridden": "deal rated {probability} % likely by hand",
    "opportunity-probability-reset": "deal rated by its stage again: {probability} %",
    "opportunity-amount-revised": "deal revised[ from {previous}][ to {amount}]",
    "opportunity-won": "deal won[, worth {amount}]",
    "opportunity-lost": "deal lost[, worth {amount}]: {reason:words}[ (to {competitor})]",
    "opportunity-reopened": "deal taken up again: {reason}",
    "lead-captured": "first showed interest[ as {name}][ of {company}], by {source:words}[, {campaign_id:named}]",
    "lead-inquiry-repeated": "asked again, by {source:words}[, {campaign_id:named}]",
    "lead-enriched": "more became known[: name {name}][, company {company}][, e-mail {email}][, phone {phone}]",
    "lead-activity-scored": "{activity:words}: {points} points of interest",
    "lead-score-adjusted": "score changed by {points} points: {reason}",
    "lead-assigned": "assigned to {assignee}[ by the rule {rule}]",
    "lead-left-unassigned": "no salesperson found: {reason:words}",
    "lead-acceptance-declined": "declined by {assignee}: {reason}",
    "lead-sales-accepted": "taken on by {assignee}",
    "lead-contact-attempted": "not reached by {channel:words}",
    "lead-contacted": "reached by {channel:words}",
    "lead-first-response-recorded": "answered for the first time, after {elapsed}",
    "lead-marketing-qualified": "qualified by marketing, score {score}[, by hand{explicit:if}]",
    "lead-sales-qualified": "qualified by sales",
    "lead-nurtured": "not ready yet[: look again on {until}]",
    "lead-disqualified": "not pursued: {reason:words}[ ({note})]",
    "lead-recycled": "starts afresh, turn {cycle}",
    "lead-converted": "became a customer[, with a deal in sight{opportunity_id:if}]",
    "lead-address-claimed": "the address is this lead's",
    "lead-address-reused": "asked again from the same address",
    "assignment-policy-defined": "assignment policy {name} defined: {rules:count}",
    "assignment-policy-revised": "assignment policy revised: {rules:count}",
    "lead-routed": "fell to {assignee} by the rule {rule}",
}
MARKETING: Final = {
    "campaign-planned": "campaign {name} planned, {starts_at} to {ends_at}",
    "campaign-budget-set": "campaign budget set to {budget}",
    "campaign-scheduled": "campaign scheduled, {starts_at} to {ends_at}",
    "target-list-generated": "list {name} drawn up: {size} people",
    "campaign-approved": "campaign approved",
    "campaign-launched": "campaign launched",
    "campaign-paused": "campaign paused[: {reason}]",
    "campaign-resumed": "campaign resumed",
    "campaign-completed": "campaign completed",
    "campaign-cancelled": "campaign cancelled: {reason}",
    "cost-incurred": "{cost} spent on {kind:words}[: {note}]",
    "member-targeted": "chosen for {campaign_id:named}",
    "member-suppressed": "left out of {campaign_id:named}: {suppressions:list}",
    "member-held-out": "in the control group of {campaign_id:named}",
    "message-sent": "sent a message by {channel:words} for {campaign_id:named}",
    "message-delivered": "received a message of {campaign_id:named}",
    "message-bounced": "message of {campaign_id:named} came back ({kind:words})",
    "message-opened": "opened a message of {campaign_id:named}",
    "message-clicked": "followed a link of {campaign_id:named}[: {link}]",
    "response-recorded": "answered {campaign_id:named} ({kind:words})[: {note}]",
    "conversion-recorded": "{campaign_id:named} led to {kind:words}[ worth {amount}]",
    "opt-out-received": "wants no more of {campaign_id:named} ({kind:words})",
}
SERVICE: Final = {
    "case-opened": "case opened[ {number}] by {channel:words}: {subject}[, queue {queue}][, due {resolve_by}]",
    "case-number-claimed": "case number {number} given",
    "case-customer-identified": "case found to be this customer's",
    "case-classified": "case sorted as {kind:words}[, {category}][, {request_type}]",
    "case-prioritised": "case has priority {priority:words}[: {override_reason}]",
    "service-level-attached": "case owed what {policy} says ({version})[, cycle {cycle:again}]",
    "service-level-replaced": "case owed what {policy} says ({version}), no longer {replaced}",
    "service-level-detached": "case owed nothing further: {policy} does not hold any more",
    "service-target-warned": "{target:words} of the case: {level} reached[, {action}]",
    "service-target-breached": "{target:words} of the case overdue",
    "service-levels-defined": "service levels {version} defined[, from {holds_from} on][: {reason}]",
    "case-assigned": "case assigned to {agent}",
    "case-queued": "case queued in {queue}",
    "case-transferred": "case moved from {from_queue} to {queue}[: {reason}]",
    "case-replied": "{author_role:words} wrote[, for our own people{public:unless}]: {text}",
    "case-note-added": "remark on the case: {text}",
    "case-started": "case taken up[ by {agent}]",
    "case-pended": "case waits for the customer[: {reason}]",
    "case-held": "case waits for a third party[: {third_party}]",
    "case-resumed": "work on the case goes on",
    "case-solved": "case solved: {resolution_code}[ ({note})][ by {agent}]",
    "case-reopened": "case reopened: {reason}",
    "case-closed": "case closed",
    "case-merged": "case merged into {into_case_id:numbered}[: {reason}]",
    "case-absorbed": "case {source_case_id:numbered} was merged into this one",
    "case-question-inherited": "question of the merged case[, unanswered since {asked_at}]",
    "case-spam-marked": "case is no customer's concern (spam)",
    "survey-offered": "asked by {channel:words} how they judge the solution ({kind:words})[, until {expires_at}]",
    "survey-answered": "judged the solution: {score}[ ({comment})]",
    "survey-expired": "did not say how they judge the solution",
    "customer-asked": "was asked for feedback, and is not asked again for a while",
}
SENTENCES: Final[Mapping[str, str]] = CUSTOMERS | SALES | MARKETING | SERVICE
CONTEXTS: Final[Mapping[str, str]] = {
    topic: name
    for name, part in (
        ("customer", CUSTOMERS),
        ("sales", SALES),
        ("marketing", MARKETING),
        ("service", SERVICE),
    )
    for topic in part
}
"""By topic, the part of the business that it belongs to."""
