"""Marketing: campaigns and what they brought."""
