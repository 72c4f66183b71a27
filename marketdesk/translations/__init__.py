"""View in [Language]: stored translations and the engines that make them."""
