"""The log behind the interfaces of the ``eventsourcing`` package."""
