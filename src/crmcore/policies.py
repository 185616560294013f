"""Policies: what an organisation decides for itself, for ``crmcore.open(..., policies=...)``.

One import for those who embed the core::

    from datetime import timedelta

    import crmcore
    from crmcore import policies

    OURS = policies.Policies(cases=policies.CasePolicy(reopen_window=timedelta(days=30)))
    crm = crmcore.open("sqlite:///crm.db", policies=OURS)

Service levels are policies too, but are defined by a command and kept in the log: see
docs/service-levels.md.
"""

from crmcore.application.policies import STANDARD_POLICIES, Policies
from crmcore.domain.kernel import Channel
from crmcore.domain.loyalty.program import STANDARD_PROGRAM, LoyaltyProgram, Tier
from crmcore.domain.service.case.policy import STANDARD_POLICY, CasePolicy
from crmcore.domain.service.priority import (
    STANDARD_MATRIX,
    Impact,
    Priority,
    PriorityMatrix,
    Urgency,
)
from crmcore.domain.service.survey.messages import SurveyKind
from crmcore.domain.service.survey.policy import STANDARD_FEEDBACK, FeedbackPolicy

__all__ = [
    "STANDARD_FEEDBACK",
    "STANDARD_MATRIX",
    "STANDARD_POLICIES",
    "STANDARD_POLICY",
    "STANDARD_PROGRAM",
    "CasePolicy",
    "Channel",
    "FeedbackPolicy",
    "Impact",
    "LoyaltyProgram",
    "Policies",
    "Priority",
    "PriorityMatrix",
    "SurveyKind",
    "Tier",
    "Urgency",
]
