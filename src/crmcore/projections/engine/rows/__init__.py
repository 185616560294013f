"""Rows in memory, and on their way to their tables."""
