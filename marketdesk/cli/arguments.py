"""How the words of a command line are read; what makes no sense is said."""

import argparse
from datetime import UTC, datetime


def moment(text: str) -> datetime:
    """A day or a day and a time; UTC unless it says otherwise."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no moment: write 2026-11-18 or 2026-11-18T10:00Z.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def number(text: str) -> int:
    """A number of a row."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number.")
    return int(text)


def port(text: str) -> int:
    """A port to listen on."""
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: write a number from 1 to 65535.")
    return int(text)


def whole(text: str) -> int:
    """A small count."""
    if not text.isdecimal() or not 0 < int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 256.")
    return int(text)
