"""`python -m crmcore`: the `crmcore` command."""

import sys

from crmcore.cli import main

sys.exit(main())
