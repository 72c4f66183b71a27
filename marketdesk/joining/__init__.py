"""The door of those who come in: by an invitation, or signed in by the operator's own service."""
