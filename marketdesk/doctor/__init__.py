"""What is wrong with an installation, in words: asked at every start, by `marketdesk doctor` and by `/readyz`."""
