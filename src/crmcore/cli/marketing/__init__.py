"""`crmcore`: campaigns."""
