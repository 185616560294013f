"""`crmcore`: the read models, for who operates them."""
