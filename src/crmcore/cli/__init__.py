"""The ``crmcore`` command."""
