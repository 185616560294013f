"""How long tests wait for what must happen."""

from typing import Final

PATIENCE: Final = 900.0
"""Seconds after which a test that hangs is ended: no machine is so busy that it takes as long."""
