"""What other contexts may ask of campaigns."""

from uuid import UUID

from crmcore.application.work import Work
from crmcore.domain.kernel import NotFoundError
from crmcore.domain.marketing.campaign import decisions as campaign
from crmcore.domain.marketing.campaign.state import Campaign


class Campaigns:
    """Answers about campaigns."""

    def exists(self, work: Work, campaign_id: UUID) -> bool:
        """Whether the campaign was ever planned."""
        return isinstance(work.state(campaign.AGGREGATE, campaign_id), Campaign)

    def require(self, work: Work, campaign_id: UUID | None) -> None:
        """Raise ``NotFoundError`` for a campaign that was never planned; None refers to nothing."""
        if campaign_id is not None and not self.exists(work, campaign_id):
            raise NotFoundError("campaign", campaign_id)
