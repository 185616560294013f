"""What marketing needs of the outside: its stored events of older versions."""
