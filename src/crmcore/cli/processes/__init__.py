"""`crmcore processes`."""
