"""`crmcore`: the log itself."""
