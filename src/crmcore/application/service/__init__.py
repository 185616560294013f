"""Service: carries out the commands on cases, service levels and surveys."""
