"""What was asked: requests for assistance."""
