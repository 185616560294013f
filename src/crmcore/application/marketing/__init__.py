"""Marketing: how commands on campaigns and their members are carried out."""

from crmcore.application.marketing.public import Campaigns

campaign_exists = Campaigns().exists  # until the other contexts ask ``Campaigns`` themselves
