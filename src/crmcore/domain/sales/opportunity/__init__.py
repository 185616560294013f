"""Opportunities: deals that a seller works on, from the first stage to won or lost."""
