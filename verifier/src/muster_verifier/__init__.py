"""Checks an export of a Muster record. It shares no code with Muster, so that a fault of one shows in the other."""
