"""Read models, and the engine that keeps them."""
