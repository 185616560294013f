"""Service levels: what is owed to a case, until when, and whether it was done in time.

To be read in this order: ``policy`` (what may be owed), ``allowance`` (what a target allows),
``book`` (the policies of an organisation, version after version; ``checks``: whether they fit; ``revision``: a change of some),
``timeline`` (a case's life in instants), ``spans`` (what each target covers in it), ``clock`` (due, used, left, verdict) and ``standings`` (which clocks
there are, by which policies).  All pure.
"""

from crmcore.domain.service.levels.book import (
    BOOK_ID,
    STANDARD_VERSION,
    BookVersion,
    DefineServiceLevels,
    ServiceLevelBook,
    ServiceLevelsDefined,
)
from crmcore.domain.service.levels.clock import (
    BREACH,
    Escalation,
    Mode,
    Pause,
    Standing,
    TargetClock,
    Verdict,
    reached,
    verdict,
)
from crmcore.domain.service.levels.policy import (
    Anchor,
    CaseFacts,
    Condition,
    PauseCategory,
    ServiceLevelPolicy,
    ServiceTarget,
    TargetKind,
    WarningLevel,
    first_match,
)
from crmcore.domain.service.levels.revision import RevisedTarget, ReviseServiceLevels
from crmcore.domain.service.levels.spans import responded, waiting_since
from crmcore.domain.service.levels.standings import clocks, escalations, untold
from crmcore.domain.service.levels.timeline import (
    Agreement,
    Cycle,
    Joined,
    Observed,
    Timeline,
)

__all__ = [
    "BOOK_ID",
    "BREACH",
    "STANDARD_VERSION",
    "Agreement",
    "Anchor",
    "BookVersion",
    "CaseFacts",
    "Condition",
    "Cycle",
    "DefineServiceLevels",
    "Escalation",
    "Joined",
    "Mode",
    "Observed",
    "Pause",
    "PauseCategory",
    "ReviseServiceLevels",
    "RevisedTarget",
    "ServiceLevelBook",
    "ServiceLevelPolicy",
    "ServiceLevelsDefined",
    "ServiceTarget",
    "Standing",
    "TargetClock",
    "TargetKind",
    "Timeline",
    "Verdict",
    "WarningLevel",
    "clocks",
    "escalations",
    "first_match",
    "reached",
    "responded",
    "untold",
    "verdict",
    "waiting_since",
]
