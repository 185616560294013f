"""Marketing: campaigns, whom they address, and what comes of it."""
