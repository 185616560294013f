"""Carry out the commands on surveys: whether a customer may be asked is asked of the customer.

A question about a solved case rests on the contract, as other service messages do; it is not
put to customers who are deactivated, who cannot be reached by that channel or said no to service
messages or research at each of its contact points, who paused the channel, or outside of their
hours of contact.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import attrs

from crmcore.application.customers import consents, require_customer
from crmcore.application.work import Handler, Work, on_one_stream
from crmcore.domain.customers.customer.preferences import reason_to_defer
from crmcore.domain.customers.reachability import addresses
from crmcore.domain.kernel import Aggregate, Channel, Purpose
from crmcore.domain.service import asking, case, feedback
from crmcore.domain.service.asking import STANDARD_FEEDBACK, CustomerAsked, FeedbackPolicy
from crmcore.domain.service.survey import AnswerSurvey, ExpireSurvey, OfferSurvey

__all__ = ["AGGREGATES", "FeedbackService"]

AGGREGATES: Final[tuple[Aggregate[Any, Any], ...]] = (feedback.AGGREGATE, asking.AGGREGATE)
PURPOSES: Final = (Purpose.SERVICE, Purpose.RESEARCH)


@attrs.frozen
class FeedbackService:
    """Handles the commands on surveys by one policy: how often to ask, how long to wait."""

    policy: FeedbackPolicy = STANDARD_FEEDBACK

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """The handler of each command on surveys."""
        answered = on_one_stream(feedback.AGGREGATE, feedback.decide, _survey)
        return {OfferSurvey: self.offer, AnswerSurvey: answered, ExpireSurvey: answered}

    def offer(self, command: OfferSurvey, work: Work) -> None:
        """Offer a survey about a solved cycle, if its customer may be asked now."""
        state = work.state(feedback.AGGREGATE, _survey(command))
        concern = work.state(case.AGGREGATE, command.case_id)
        for offered in feedback.offer(command, state, concern, self.policy):
            key = asking.asking_id(offered.customer_id)
            asked = CustomerAsked(
                asking_id=key,
                customer_id=offered.customer_id,
                survey_id=offered.survey_id,
                at=offered.at,
            )
            against = unwelcome(work, offered.customer_id, offered.channel, offered.at)
            events = asking.ask(asked, work.state(asking.AGGREGATE, key), self.policy, against)
            work.record(feedback.AGGREGATE, offered.survey_id, [offered])
            work.record(asking.AGGREGATE, key, events)


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


def _survey(command: OfferSurvey | AnswerSurvey | ExpireSurvey) -> UUID:
    return feedback.survey_id(command.case_id, command.cycle, command.kind)
