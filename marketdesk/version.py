"""The version, in one place; kept apart from the package so that the build can read it without Django."""

VERSION = "0.1.0"
