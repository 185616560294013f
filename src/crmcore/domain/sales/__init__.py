"""Sales: opportunities on their way to be won or lost, orders, and what comes back."""
