"""What a configuration comes to."""
