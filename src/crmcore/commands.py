"""Every command, and the words and values that commands are made of.

One import for those who embed the core; the domain modules say what each one means.
"""

from crmcore.domain.customers.contact_point import (
    AddContactPoint,
    ChangePrimaryContactPoint,
    ContactKind,
    InvalidateContactPoint,
    InvalidReason,
    RemoveContactPoint,
    VerifyContactPoint,
)
from crmcore.domain.customers.external_identity import (
    LinkExternalIdentity,
    UnlinkExternalIdentity,
)
from crmcore.domain.customers.interaction import (
    CorrectInteraction,
    Direction,
    RecordInteraction,
)
from crmcore.domain.customers.lifecycle import (
    AdvanceLifecycle,
    CorrectLifecycle,
    LifecycleStage,
)
from crmcore.domain.customers.note import (
    CorrectNote,
    RecordNote,
)
from crmcore.domain.customers.permission import (
    ConfirmConsent,
    GiveConsent,
    LawfulBasis,
    RaiseObjection,
    WithdrawConsent,
)
from crmcore.domain.customers.preference import (
    ContactHours,
    LiftContactPause,
    Preference,
    SetContactPause,
    SetPreference,
)
from crmcore.domain.customers.registration import (
    CorrectCustomerName,
    CustomerKind,
    DeactivateCustomer,
    ReactivateCustomer,
    RegisterCustomer,
)
from crmcore.domain.kernel import (
    Channel,
    Purpose,
)
from crmcore.domain.marketing.addressing import (
    SendMessage,
    TargetMember,
)
from crmcore.domain.marketing.holdout import (
    Holdout,
)
from crmcore.domain.marketing.membership_events import (
    BounceKind,
    ConversionKind,
    OptOutKind,
)
from crmcore.domain.marketing.planning import (
    AttachTargetList,
    CopyCampaign,
    PlanCampaign,
    ScheduleCampaign,
    SetCampaignBudget,
)
from crmcore.domain.marketing.results import (
    RecordBounce,
    RecordClick,
    RecordConversion,
    RecordDelivery,
    RecordOpen,
    RecordOptOut,
    RecordResponse,
)
from crmcore.domain.marketing.running import (
    ApproveCampaign,
    CancelCampaign,
    CompleteCampaign,
    IncurCost,
    LaunchCampaign,
    PauseCampaign,
    ResumeCampaign,
)
from crmcore.domain.marketing.terms import (
    CostKind,
    Expectation,
    FrequencyCap,
    ListKind,
    Offer,
    ResponseKind,
    Role,
)
from crmcore.domain.sales.assignment.messages import (
    Absence,
    AssignmentRule,
    DefineAssignmentPolicy,
    ReviseAssignmentPolicy,
    RosterMember,
)
from crmcore.domain.sales.lead.messages.assignment import (
    AcceptLead,
    AssignLead,
    ContactLead,
    DeclineLead,
)
from crmcore.domain.sales.lead.messages.capture import (
    CaptureLead,
    EnrichLead,
    LeadAttribute,
    LeadSource,
    Utm,
)
from crmcore.domain.sales.lead.messages.qualification import (
    ConversionOpportunity,
    ConvertLead,
    DisqualificationReason,
    DisqualifyLead,
    NurtureLead,
    QualificationStage,
    QualifyLead,
    RecycleLead,
)
from crmcore.domain.sales.lead.messages.scoring import AdjustLeadScore, RecordLeadActivity
from crmcore.domain.sales.opportunity.messages import (
    AdvanceOpportunity,
    LoseOpportunity,
    OpenOpportunity,
    OverrideOpportunityProbability,
    ReopenOpportunity,
    ResetOpportunityProbability,
    ReviseOpportunityAmount,
    WinOpportunity,
)
from crmcore.domain.sales.order.messages import (
    CancelOrder,
    DeliverOrder,
    LineQuantity,
    LineReturn,
    OrderLine,
    PlaceOrder,
    ReturnOrder,
    ShipOrder,
)
from crmcore.domain.service.case.messages.conversation import AddCaseNote, ReplyToCase
from crmcore.domain.service.case.messages.life_cycle import (
    CloseCase,
    HoldCase,
    MarkCaseSpam,
    PendCase,
    ReopenCase,
    ResumeCase,
    SolveCase,
    StartCase,
)
from crmcore.domain.service.case.messages.merging import MergeCase
from crmcore.domain.service.case.messages.opening import (
    ClassifyCase,
    IdentifyCaseCustomer,
    OpenCase,
    PrioritiseCase,
)
from crmcore.domain.service.case.messages.routing import AssignCase, QueueCase, TransferCase
from crmcore.domain.service.case.messages.service_levels import (
    ObserveServiceLevels,
    ReapplyServiceLevels,
)
from crmcore.domain.service.levels.policy import (
    Anchor,
    Condition,
    PauseCategory,
    ServiceLevelPolicy,
    ServiceTarget,
    TargetKind,
    WarningLevel,
)
from crmcore.domain.service.levels.version.messages import (
    DefineServiceLevels,
    RevisedTarget,
    ReviseServiceLevels,
)
from crmcore.domain.service.priority import (
    Impact,
    Priority,
    Urgency,
)
from crmcore.domain.service.survey.messages import (
    AnswerSurvey,
    ExpireSurvey,
    OfferSurvey,
    SurveyKind,
)
from crmcore.domain.service.terms import (
    AuthorRole,
    CaseChannel,
    CaseKind,
    StatusCategory,
)

__all__ = [
    "Absence",
    "AcceptLead",
    "AddCaseNote",
    "AddContactPoint",
    "AdjustLeadScore",
    "AdvanceLifecycle",
    "AdvanceOpportunity",
    "Anchor",
    "AnswerSurvey",
    "ApproveCampaign",
    "AssignCase",
    "AssignLead",
    "AssignmentRule",
    "AttachTargetList",
    "AuthorRole",
    "BounceKind",
    "CancelCampaign",
    "CancelOrder",
    "CaptureLead",
    "CaseChannel",
    "CaseKind",
    "ChangePrimaryContactPoint",
    "Channel",
    "ClassifyCase",
    "CloseCase",
    "CompleteCampaign",
    "Condition",
    "ConfirmConsent",
    "ContactHours",
    "ContactKind",
    "ContactLead",
    "ConversionKind",
    "ConversionOpportunity",
    "ConvertLead",
    "CopyCampaign",
    "CorrectCustomerName",
    "CorrectInteraction",
    "CorrectLifecycle",
    "CorrectNote",
    "CostKind",
    "CustomerKind",
    "DeactivateCustomer",
    "DeclineLead",
    "DefineAssignmentPolicy",
    "DefineServiceLevels",
    "DeliverOrder",
    "Direction",
    "DisqualificationReason",
    "DisqualifyLead",
    "EnrichLead",
    "Expectation",
    "ExpireSurvey",
    "FrequencyCap",
    "GiveConsent",
    "HoldCase",
    "Holdout",
    "IdentifyCaseCustomer",
    "Impact",
    "IncurCost",
    "InvalidReason",
    "InvalidateContactPoint",
    "LaunchCampaign",
    "LawfulBasis",
    "LeadAttribute",
    "LeadSource",
    "LifecycleStage",
    "LiftContactPause",
    "LineQuantity",
    "LineReturn",
    "LinkExternalIdentity",
    "ListKind",
    "LoseOpportunity",
    "MarkCaseSpam",
    "MergeCase",
    "NurtureLead",
    "ObserveServiceLevels",
    "Offer",
    "OfferSurvey",
    "OpenCase",
    "OpenOpportunity",
    "OptOutKind",
    "OrderLine",
    "OverrideOpportunityProbability",
    "PauseCampaign",
    "PauseCategory",
    "PendCase",
    "PlaceOrder",
    "PlanCampaign",
    "Preference",
    "PrioritiseCase",
    "Priority",
    "Purpose",
    "QualificationStage",
    "QualifyLead",
    "QueueCase",
    "RaiseObjection",
    "ReactivateCustomer",
    "ReapplyServiceLevels",
    "RecordBounce",
    "RecordClick",
    "RecordConversion",
    "RecordDelivery",
    "RecordInteraction",
    "RecordLeadActivity",
    "RecordNote",
    "RecordOpen",
    "RecordOptOut",
    "RecordResponse",
    "RecycleLead",
    "RegisterCustomer",
    "RemoveContactPoint",
    "ReopenCase",
    "ReopenOpportunity",
    "ReplyToCase",
    "ResetOpportunityProbability",
    "ResponseKind",
    "ResumeCampaign",
    "ResumeCase",
    "ReturnOrder",
    "ReviseAssignmentPolicy",
    "ReviseOpportunityAmount",
    "ReviseServiceLevels",
    "RevisedTarget",
    "Role",
    "RosterMember",
    "ScheduleCampaign",
    "SendMessage",
    "ServiceLevelPolicy",
    "ServiceTarget",
    "SetCampaignBudget",
    "SetContactPause",
    "SetPreference",
    "ShipOrder",
    "SolveCase",
    "StartCase",
    "StatusCategory",
    "SurveyKind",
    "TargetKind",
    "TargetMember",
    "TransferCase",
    "UnlinkExternalIdentity",
    "Urgency",
    "Utm",
    "VerifyContactPoint",
    "WarningLevel",
    "WinOpportunity",
    "WithdrawConsent",
]
