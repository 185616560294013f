"""Sales: how commands on leads, opportunities and orders are carried out, and what others may ask."""
