"""Which events answer a command on a case, or why it is refused; by subject, tied by ``decide``."""
