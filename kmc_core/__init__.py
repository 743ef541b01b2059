# SPDX-License-Identifier: BSD-3-Clause
"""The core: integers and doubles in, exit reason out. It knows no names, units, files or MPI."""
from kmc_core.engine import Engine, ExitReason
from kmc_core.interactions import Interactions
from kmc_core.rules import Rules
from kmc_core.snapshots import restore, snapshot
from kmc_core.solution import Solution

__all__ = ["Engine", "ExitReason", "Interactions", "Rules", "Solution", "restore", "snapshot"]
