"""The rows that questions read: the live ones, and those of an earlier moment."""
