"""The written form of commands: JSON in and out, and its schema."""
