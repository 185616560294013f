"""The engine that keeps read models: what a projection declares, and how it follows the log."""
