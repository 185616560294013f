"""`crmcore`: commands from files, and what there is to carry out."""
