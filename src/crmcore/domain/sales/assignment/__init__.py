"""Assignment policies: how leads find their salesperson."""
