"""What was set going under a decision."""
