"""``python -m kalelike``: the command line."""

import sys

from kalelike.cli.main import main

sys.exit(main())
