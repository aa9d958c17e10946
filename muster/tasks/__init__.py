"""Who does which part of a mission."""
