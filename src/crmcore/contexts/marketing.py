"""Marketing: campaigns, whom they address, and what comes of it."""

from typing import TYPE_CHECKING

from crmcore.application.marketing.public import Campaigns
from crmcore.application.marketing.service import MarketingService
from crmcore.contexts.context import Context
from crmcore.domain.marketing.campaign import decisions as campaign
from crmcore.domain.marketing.membership import decisions as membership
from crmcore.infrastructure.marketing.upcasters import UPCASTERS
from crmcore.projections.marketing.campaign_results import campaign_results
from crmcore.projections.marketing.questions import CampaignQuestions


class MarketingReadModels:
    """What can be asked, by its name under ``crm.read``."""

    campaigns: CampaignQuestions


if TYPE_CHECKING:  # the names of crmcore.commands and crmcore.events
    from crmcore.domain.marketing.campaign.messages.planning import *
    from crmcore.domain.marketing.campaign.messages.running import *
    from crmcore.domain.marketing.membership.messages.addressing import *
    from crmcore.domain.marketing.membership.messages.results import *

MARKETING = Context(
    name="marketing",
    aggregates=(campaign.AGGREGATE, membership.AGGREGATE),
    services=(MarketingService,),
    provides={Campaigns: Campaigns},
    projections=(campaign_results,),
    questions=MarketingReadModels,
    upcasters=UPCASTERS,
)
