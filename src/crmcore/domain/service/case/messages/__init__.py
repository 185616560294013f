"""What can be asked of a case and what happens to it, by subject; ``unions`` has all of them."""
