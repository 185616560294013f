"""Carry out the commands on surveys: whether a customer may be surveyed is asked of the customer.

A question about a solved case rests on the contract, as other service messages do; it is not
put to customers who are deactivated, who cannot be reached by that channel or said no to service
messages or research at each of its contact points, who paused the channel, or outside of their
hours of contact.
"""

from collections.abc import Mapping
from typing import Final

import attrs

from crmcore.application.customers.public import Customers
from crmcore.application.work import Handler, Work
from crmcore.domain.kernel import Purpose
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.service.case.decisions import decide as case
from crmcore.domain.service.survey import throttle
from crmcore.domain.service.survey.decisions import AGGREGATE, offer
from crmcore.domain.service.survey.messages import OfferSurvey
from crmcore.domain.service.survey.policy import STANDARD_FEEDBACK, FeedbackPolicy
from crmcore.domain.service.survey.state import survey_id

PURPOSES: Final = (Purpose.SERVICE, Purpose.RESEARCH)


@frozen
class SurveyService:
    """Handles the commands on surveys by one policy: how often to ask, how long to wait."""

    policy: FeedbackPolicy = STANDARD_FEEDBACK
    customers: Customers = attrs.field(factory=Customers)

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """The handler of offers; answers and expiries are decided on the survey alone."""
        return {OfferSurvey: self.offer}

    def offer(self, command: OfferSurvey, work: Work) -> None:
        """Offer a survey about a solved cycle, if its customer may be asked now."""
        key = survey_id(command.case_id, command.cycle, command.kind)
        state, concern = work.state(AGGREGATE, key), work.state(case.AGGREGATE, command.case_id)
        for offered in offer(command, state, concern, self.policy):
            throttle_id = throttle.throttle_id(offered.customer_id)
            asked = throttle.CustomerAsked(
                asking_id=throttle_id,
                customer_id=offered.customer_id,
                survey_id=offered.survey_id,
                at=offered.at,
            )
            reason_against = self.customers.reason_against_contact(
                work, offered.customer_id, offered.channel, PURPOSES, offered.at
            )
            known = work.state(throttle.AGGREGATE, throttle_id)
            events = throttle.admit(asked, known, self.policy, reason_against)
            work.record(AGGREGATE, key, [offered])
            work.record(throttle.AGGREGATE, throttle_id, events)
