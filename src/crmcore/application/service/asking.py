"""Ask customers about a solution by itself: a solved case offers a survey, where the policy says so."""

from collections.abc import Sequence

from crmcore.application.log import Recorded
from crmcore.application.processes import Process
from crmcore.domain.service.case.messages.life_cycle import CaseSolved
from crmcore.domain.service.case.refusals import CaseMergedError, CaseSpamError
from crmcore.domain.service.survey.messages import OfferSurvey
from crmcore.domain.service.survey.policy import FeedbackPolicy
from crmcore.domain.service.survey.refusals import CaseWithoutCustomerError, CycleNotSolvedError
from crmcore.domain.service.survey.throttle import CustomerThrottledError, CustomerUnwillingError

NAME = "offer-survey"


def offer_survey(policy: FeedbackPolicy) -> Process:
    """Offers a survey of the policy's kind about each solution, to customers who may be asked then."""
    kind = policy.offer_when_solved
    if kind is None:
        return Process(NAME, {})

    def offer(event: CaseSolved, _recorded: Recorded) -> Sequence[OfferSurvey]:
        asked = OfferSurvey(
            case_id=event.case_id,
            cycle=event.cycle,
            kind=kind,
            channel=policy.channel,
            at=event.at,
        )
        return [asked]

    return Process(
        NAME,
        {CaseSolved: offer},
        expected=(
            CustomerThrottledError,
            CustomerUnwillingError,
            CaseWithoutCustomerError,
            CycleNotSolvedError,
            CaseMergedError,
            CaseSpamError,
        ),
    )
