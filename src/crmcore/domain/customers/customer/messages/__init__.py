"""What can be asked about a customer, and what can happen, by subject."""
