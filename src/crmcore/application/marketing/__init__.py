"""Marketing: how commands on campaigns and their members are carried out."""

from crmcore.application.marketing.public import Campaigns
from crmcore.application.marketing.service import AGGREGATES as AGGREGATES
from crmcore.application.marketing.service import MarketingService as MarketingService
from crmcore.application.marketing.service import reach as reach

campaign_exists = Campaigns().exists  # until the other contexts ask ``Campaigns`` themselves
