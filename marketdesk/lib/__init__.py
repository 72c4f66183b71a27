"""Small tools without models: one topic a file, importing nothing else of ours."""
