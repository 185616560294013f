"""The read model of surveys: what customers were asked about solved cases, and what they answered."""
