"""Customers: who they are, how to reach them, what they allow, what they tell us."""
