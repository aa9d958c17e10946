"""What a mission costs: what is expected, what it came to, and who pays it back."""
