"""Loyalty: what purchases earn and which tier spending reaches."""
