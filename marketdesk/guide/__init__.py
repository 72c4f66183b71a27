"""The Guide: the built-in help for merchants, in the languages of the pages."""
