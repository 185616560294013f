"""What the service context answers to others."""

from uuid import UUID

from crmcore.application.work import Work
from crmcore.domain.kernel import NotFoundError
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.service.case.decisions.decide import AGGREGATE
from crmcore.domain.service.case.state import Unopened


@frozen
class Cases:
    """What is known of cases; the streams that are read for it are checked with the rest of the work."""

    def exists(self, work: Work, case_id: UUID) -> bool:
        """Whether a case was ever opened under this identity."""
        return not isinstance(work.state(AGGREGATE, case_id), Unopened)

    def require(self, work: Work, case_id: UUID | None) -> None:
        """Refuse (``NotFoundError``) an id under which no case was opened; None refers to nothing."""
        if case_id is not None and not self.exists(work, case_id):
            raise NotFoundError("case", case_id)
