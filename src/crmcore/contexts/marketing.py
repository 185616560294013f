"""Marketing: campaigns, whom they address, and what comes of it."""

from crmcore.application import marketing
from crmcore.application.marketing.public import Campaigns
from crmcore.contexts.context import Context
from crmcore.infrastructure.marketing.upcasters import UPCASTERS
from crmcore.projections.marketing import campaign_results

MARKETING = Context(
    name="marketing",
    aggregates=marketing.AGGREGATES,
    services=(marketing.MarketingService,),
    provides={Campaigns: Campaigns},
    projections=(campaign_results.campaign_results,),
    upcasters=UPCASTERS,
)
