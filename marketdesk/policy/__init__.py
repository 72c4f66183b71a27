"""The operator's promises: typed, editable, with their whole history."""
