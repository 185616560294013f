"""`crmcore`: the main job on bundled data."""
