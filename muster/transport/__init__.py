"""Moving persons: trips and who holds the persons aboard."""
