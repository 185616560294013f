"""crmcore: an event-sourced CRM domain core that products embed."""
