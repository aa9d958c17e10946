"""Who decided what, with which limits."""
