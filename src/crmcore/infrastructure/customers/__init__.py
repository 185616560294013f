"""What the customers context needs of technology."""
