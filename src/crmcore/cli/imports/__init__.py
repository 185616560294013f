"""`crmcore`: files of other systems, imported through commands."""
