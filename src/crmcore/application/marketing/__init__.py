"""Marketing: how commands on campaigns and their members are carried out, and what others may ask."""
