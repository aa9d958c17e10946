"""May this be given, in which duty status, by which rule."""
