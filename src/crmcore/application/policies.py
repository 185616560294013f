"""What an organisation decides for itself, in one place: how it handles cases, asks and rewards."""

from typing import Final

import attrs

from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.loyalty.program import STANDARD_PROGRAM, LoyaltyProgram
from crmcore.domain.service.case.policy import STANDARD_POLICY, CasePolicy
from crmcore.domain.service.survey.policy import STANDARD_FEEDBACK, FeedbackPolicy


@frozen(kw_only=True)
class Policies:
    """The policies by which commands are decided and read models are kept.

    A change of ``cases`` or ``feedback`` concerns decisions from then on; what was decided stays
    as it was recorded.  A change of ``loyalty`` concerns what the read models say of the past too:
    they ask to be rebuilt.
    """

    cases: CasePolicy = attrs.field(
        default=STANDARD_POLICY, validator=attrs.validators.instance_of(CasePolicy)
    )
    feedback: FeedbackPolicy = attrs.field(
        default=STANDARD_FEEDBACK, validator=attrs.validators.instance_of(FeedbackPolicy)
    )
    loyalty: LoyaltyProgram = attrs.field(
        default=STANDARD_PROGRAM, validator=attrs.validators.instance_of(LoyaltyProgram)
    )


STANDARD_POLICIES: Final = Policies()
