"""The loyalty program on the command line."""
