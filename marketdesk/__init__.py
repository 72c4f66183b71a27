"""Marketdesk, the support desk of an online marketplace."""

import sys

# Before anything imports django.db: SQLite up to 3.51.2 can corrupt a WAL database that two
# processes write to, and a web server beside a worker is exactly that. The wheel brings a fixed one.
try:
    import pysqlite3
except ImportError:  # no wheel for this machine: lib/sqlite refuses to start on an old library
    pass
else:
    sys.modules["sqlite3"] = pysqlite3
    sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2
