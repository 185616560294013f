"""The read model of cases: what is to be done for each by when, how it went, and the figures."""
