"""Following the log: batch by batch, in the background or within a command."""
