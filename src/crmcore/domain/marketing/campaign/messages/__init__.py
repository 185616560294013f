"""What can be asked about a campaign, and what can happen: planning it, and running it."""
