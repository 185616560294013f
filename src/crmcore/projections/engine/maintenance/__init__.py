"""Maintenance of the read models: compare, switch, roll back, retire."""
