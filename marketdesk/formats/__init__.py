"""Our own date formats, where Django's are not what readers of the language expect."""
