"""Orders: what customers bought, where it is, and what came back."""
