"""What a user does in one go: identify, simulate, index, manage the library."""
