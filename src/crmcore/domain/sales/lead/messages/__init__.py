"""What can be asked of a lead and what can happen to it: topics and fields are the stored format."""
