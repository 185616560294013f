"""Carry out the commands on surveys: whether a customer may be surveyed is asked of the customer.

A question about a solved case rests on the contract, as other service messages do; it is not
put to customers who are deactivated, who cannot be reached by that channel or said no to service
messages or research at each of its contact points, who paused the channel, or outside of their
hours of contact.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import attrs

from crmcore.application.customers import consents, require_customer
from crmcore.application.service.public import Cases
from crmcore.application.work import Handler, Work
from crmcore.domain.customers.customer.preferences import reason_to_defer
from crmcore.domain.customers.reachability import addresses
from crmcore.domain.kernel import Channel, Purpose
from crmcore.domain.service.survey import throttle
from crmcore.domain.service.survey.decisions import AGGREGATE, offer
from crmcore.domain.service.survey.messages import OfferSurvey
from crmcore.domain.service.survey.policy import STANDARD_FEEDBACK, FeedbackPolicy
from crmcore.domain.service.survey.state import survey_id

PURPOSES: Final = (Purpose.SERVICE, Purpose.RESEARCH)


@attrs.frozen
class SurveyService:
    """Handles the commands on surveys by one policy: how often to ask, how long to wait."""

    policy: FeedbackPolicy = STANDARD_FEEDBACK
    cases: Cases = attrs.field(factory=Cases)

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """The handler of offers; answers and expiries are decided on the survey alone."""
        return {OfferSurvey: self.offer}

    def offer(self, command: OfferSurvey, work: Work) -> None:
        """Offer a survey about a solved cycle, if its customer may be asked now."""
        key = survey_id(command.case_id, command.cycle, command.kind)
        state, case = work.state(AGGREGATE, key), self.cases.state(work, command.case_id)
        for offered in offer(command, state, case, self.policy):
            throttle_id = throttle.throttle_id(offered.customer_id)
            asked = throttle.CustomerAsked(
                asking_id=throttle_id,
                customer_id=offered.customer_id,
                survey_id=offered.survey_id,
                at=offered.at,
            )
            against = unwelcome(work, offered.customer_id, offered.channel, offered.at)
            known = work.state(throttle.AGGREGATE, throttle_id)
            events = throttle.admit(asked, known, self.policy, against)
            work.record(AGGREGATE, key, [offered])
            work.record(throttle.AGGREGATE, throttle_id, events)


def unwelcome(work: Work, customer_id: UUID, channel: Channel, at: datetime) -> str | None:
    """Why an active customer does not want to be asked by *channel* at the instant *at*, if so.

    Raises ``NotFoundError`` for an unknown customer, ``CustomerDeactivatedError`` for one who is
    deactivated.
    """
    known, ledger = require_customer(work, customer_id), consents(work, customer_id)
    where = addresses(known.points, channel, at)
    return where.reason_against(ledger, *PURPOSES) or reason_to_defer(
        known.preferences, channel, at
    )
