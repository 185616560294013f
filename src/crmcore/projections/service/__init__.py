"""Service: cases and whether they were solved in time."""
