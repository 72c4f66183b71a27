"""Backups: everything that must not be lost in one file, and back again into an empty place."""

# In a home while a backup is restored into it: what is there so far is nobody's desk.
UNFINISHED = "restoring"
