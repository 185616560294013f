"""`crmcore`: customers."""
