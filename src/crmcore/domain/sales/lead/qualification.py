"""How an open lead is qualified, nurtured, given up or converted; a part of the decisions."""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.sales.lead.messages.qualification import (
    ConvertLead,
    DisqualificationReason,
    DisqualifyLead,
    LeadConverted,
    LeadDisqualified,
    LeadMarketingQualified,
    LeadNurtured,
    LeadRecycled,
    LeadSalesQualified,
    NurtureLead,
    QualificationCommand,
    QualificationStage,
    QualifyLead,
    RecycleLead,
)
from crmcore.domain.sales.lead.phases import LeadStatus, OpenLead
from crmcore.domain.sales.lead.refusals import LeadScoreTooLowError, refuse_status
from crmcore.domain.sales.lead.score import LeadScore, score
from crmcore.domain.sales.lead.scoring_model import ScoringModel
from crmcore.domain.sales.lead.state import Event


def decide_qualification(
    command: QualificationCommand,
    lead: OpenLead,
    model: ScoringModel,
) -> Sequence[Event]:
    """What comes of qualifying the lead, nurturing it, giving it up or converting it."""
    lead_id, at = command.lead_id, command.at
    match command:
        case QualifyLead():
            return _qualify(command, lead, model)
        case NurtureLead(until=until):
            if lead.status is LeadStatus.NURTURING and until == lead.nurtured_until:
                return []
            return [LeadNurtured(lead_id=lead_id, until=until, at=at)]
        case DisqualifyLead(reason=reason, note=note):
            if reason is DisqualificationReason.OTHER and note is None:
                raise InvalidValueError(
                    "note", None, "a note that says why, as the reason is other"
                )
            return [LeadDisqualified(lead_id=lead_id, reason=reason, note=note, at=at)]
        case RecycleLead():
            if lead.status is LeadStatus.NEW and lead.cycle > 1:
                return []
            if lead.status is not LeadStatus.NURTURING:
                refuse_status(
                    command.TOPIC, lead, "only a nurtured or disqualified lead is recycled"
                )
            return [LeadRecycled(lead_id=lead_id, cycle=lead.cycle + 1, at=at)]
        case ConvertLead():
            if lead.status is not LeadStatus.QUALIFIED:
                refuse_status(command.TOPIC, lead, "let sales qualify it first")
            return [
                LeadConverted(
                    lead_id=lead_id,
                    customer_id=command.customer_id,
                    opportunity_id=command.opportunity_id,
                    at=at,
                )
            ]
        case _:
            assert_never(command)


def _qualify(command: QualifyLead, lead: OpenLead, model: ScoringModel) -> Sequence[Event]:
    if command.stage is QualificationStage.SALES:
        if lead.sales_qualified_at is not None and lead.status is LeadStatus.QUALIFIED:
            return []
        if lead.accepted_at is None or lead.assignee is None:
            refuse_status(command.TOPIC, lead, "its assignee accepts it first")
        return [LeadSalesQualified(lead_id=command.lead_id, at=command.at)]
    if lead.marketing_qualified_at is not None:
        return []
    scored = score_of(lead, command.at, model)
    if scored.total < model.qualifies_at and not command.explicit:
        raise LeadScoreTooLowError(
            f"lead {command.lead_id} scores {scored.total}, and {model.qualifies_at} are needed: "
            "wait for it, or qualify it explicitly"
        )
    return [
        LeadMarketingQualified(
            lead_id=command.lead_id,
            score=scored.total,
            model_version=model.model_version,
            explicit=command.explicit,
            at=command.at,
        )
    ]


def score_of(lead: OpenLead, as_of: datetime, model: ScoringModel) -> LeadScore:
    """The lead's score at an instant; fit: its attributes, its source, how it can be reached."""
    contact = {"name": lead.name, "company": lead.company, "email": lead.email, "phone": lead.phone}
    facts = {**lead.attributes, **{key: known for key, known in contact.items() if known}}
    facts["source"] = lead.captured.source.value
    return score(facts, lead.signals, lead.adjustments, as_of, model)
