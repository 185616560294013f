"""Generations of rows: their tables, their checkpoints, and whether they can be gone on with."""
