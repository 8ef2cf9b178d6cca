"""What follows from many valuations."""
