"""Loyalty: points earned and the tier that spending reaches."""
