"""The stored form of events, in every version that was ever recorded."""
