"""`crmcore subscribe` and `crmcore subscriptions`."""
