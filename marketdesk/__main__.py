"""`python -m marketdesk` is `marketdesk`."""

import sys

from marketdesk.cli import main

sys.exit(main())
