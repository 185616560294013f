"""What the core offers: services that carry commands out, and the ports that they need."""
