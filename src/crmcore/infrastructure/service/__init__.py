"""What service needs of the outside: its stored events of older versions."""
