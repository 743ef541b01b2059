# SPDX-License-Identifier: BSD-3-Clause
"""``python -m kmc`` is the command ``kmc``."""

import sys

from kmc.cli import main

if __name__ == "__main__":
    sys.exit(main())
