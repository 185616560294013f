"""Service: cases, their priorities and their resolution targets."""
