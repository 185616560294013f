"""Leads: the rows of the read model, and the questions that they answer."""
