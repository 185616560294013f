"""Rebuilding: a new generation, filled in parts from the first event on."""
