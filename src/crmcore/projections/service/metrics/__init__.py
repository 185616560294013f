"""The metrics of service that cases alone can tell, each with its definition."""
