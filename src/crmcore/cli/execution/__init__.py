"""`crmcore`: commands from files."""
