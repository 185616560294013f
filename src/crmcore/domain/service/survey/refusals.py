"""Why feedback refuses: too early, too late, or nobody to ask."""

from datetime import datetime
from uuid import UUID

from crmcore.domain.kernel import NotAllowedError
from crmcore.domain.service.survey.messages import OfferSurvey, SurveyOffered


class CaseWithoutCustomerError(NotAllowedError):
    """Nobody can be asked about a case whose customer is unknown."""

    def __init__(self, case_id: UUID) -> None:
        super().__init__(
            f"nobody knows whose case {case_id} is, so nobody can be asked: identify its customer"
            " first (identify-case-customer)"
        )


class CycleNotSolvedError(NotAllowedError):
    """Customers are asked about a solution while it stands."""

    def __init__(self, command: OfferSurvey, why: str) -> None:
        super().__init__(
            f"case {command.case_id}, cycle {command.cycle}, is not solved at"
            f" {command.at.isoformat()}: {why}; name a cycle that was solved by then and not"
            " reopened"
        )


class SurveyExpiredError(NotAllowedError):
    """The answer came too late."""

    def __init__(self, offered: SurveyOffered) -> None:
        super().__init__(
            f"survey {offered.survey_id} expired at {offered.expires_at.isoformat()}; expected an"
            " answer before that"
        )


class AnswerFinalError(NotAllowedError):
    """The first answer is too long ago for another one to replace it."""

    def __init__(self, offered: SurveyOffered, until: datetime) -> None:
        super().__init__(
            f"survey {offered.survey_id} was answered, and the answer could be changed until"
            f" {until.isoformat()}"
        )


class SurveyAnsweredError(NotAllowedError):
    """An answered survey does not expire."""


class SurveyOpenError(NotAllowedError):
    """The survey can still be answered."""
