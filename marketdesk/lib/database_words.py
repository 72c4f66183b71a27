"""What a database refused, in the words of somebody who has to mend it."""

from django.db import DatabaseError

# What stands in a refusal of PostgreSQL or SQLite, and what to do about it; the first that fits.
ADVICE: tuple[tuple[tuple[str, ...], str], ...] = (
    (("password authentication failed",), "Check user and password in DATABASE_URL."),
    (("no password supplied",), "Write a password into DATABASE_URL."),
    (("no pg_hba.conf entry",), "Let this machine in: add its address to the server's pg_hba.conf."),
    (("role ", "does not exist"), "Create that role on the server, or name another one in DATABASE_URL."),
    (("database ", "does not exist"), "Create it (createdb), or name another one in DATABASE_URL."),
    (("resolve host",), "No such host is known here: check the host in DATABASE_URL."),
    (("could not translate host name",), "No such host is known here: check the host in DATABASE_URL."),
    (
        ("too many clients",),
        "Too many connections: start fewer processes, set DATABASE_POOL, or raise max_connections.",
    ),
    (("remaining connection slots",), "Too many connections: set DATABASE_POOL, or raise max_connections."),
    (("starting up",), "It is on its way: try again in a moment."),
    (("shutting down",), "It is about to stop: start it again."),
    (("connection refused",), "Nothing listens there: start PostgreSQL, and check host and port in DATABASE_URL."),
    (("no such file or directory", "socket"), "Nothing listens there: start PostgreSQL, and check DATABASE_URL."),
    (("timeout expired",), "It does not answer: is the host right, and does a firewall let this machine through?"),
    (("connection timeout",), "It does not answer: is the host right, and does a firewall let this machine through?"),
    (("or later is required",), "Upgrade the server; Marketdesk needs PostgreSQL 14 or newer."),
    (("no space left",), "The disk of the database is full: make room there. Nothing is lost that was acknowledged."),
    (("or disk is full",), "The disk of the database is full: make room there. Nothing is lost that was acknowledged."),
    (("read-only",), "Name the primary in DATABASE_URL, or let it be written to."),
    (("readonly database",), "Let the file and its folder be written to by the user that runs Marketdesk."),
    (("unable to open database file",), "Check that the folder is there and can be written to."),
    (("not a database",), "The file is damaged or something else: put back a backup."),
    (("malformed",), "The file is damaged: stop everything that uses it and put back a backup."),
    (("database is locked",), "Another program holds it: end that, or try again."),
    (("lock timeout",), "Somebody holds what has to be changed for longer than ten seconds: try again."),
    (("permission denied", "schema"), "Run marketdesk prepare with DATABASE_OWNER_URL."),
    (("permission denied", "table"), "Run marketdesk prepare with DATABASE_OWNER_URL: it lets this role in."),
    (("must be owner",), "Run marketdesk prepare with DATABASE_OWNER_URL."),
)
OTHERWISE = "Check DATABASE_URL, and that the database runs and can be written to."


def reason(failure: DatabaseError) -> str:
    """What it said itself, on one line."""
    lines = [line.strip() for line in str(failure).strip().splitlines() if line.strip()]
    return lines[0] if lines else type(failure).__name__


def advice(failure: DatabaseError) -> str:
    """What to do about it."""
    said = str(failure).lower()
    return next((words for signs, words in ADVICE if all(sign in said for sign in signs)), OTHERWISE)
