# SPDX-License-Identifier: BSD-3-Clause
"""Under which conditions something was measured."""

import datetime
import os
import platform
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")
MEMORY_INFO = Path("/proc/meminfo")


def conditions():
    """Machine, compiler and source.

    Returns
    -------
    conditions : dict of str to str, int or None
        What cannot be found out is None.
    """
    import numpy as np

    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "compiler": compiler(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "huge_pages": _chosen(HUGE_PAGES),
    }


def load_average():
    """Number of processes that wanted to run in the last minute."""
    return os.getloadavg()[0]


def free_memory():
    """Memory that can be had without swapping [bytes], None if that is not known."""
    if not MEMORY_INFO.exists():
        return None
    found = re.search(r"MemAvailable:\s+(\d+) kB", MEMORY_INFO.read_text())
    return int(found[1]) * 1024 if found else None


def compiler():
    """The compiler that has signed the core; None if none has."""
    import kmc_core.engine

    found = re.search(rb"(GCC: \([^)\n]*\) [\d.]+|clang version [\d.]+)", Path(kmc_core.engine.__file__).read_bytes())
    return found[1].decode() if found else None


def _cpu():
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", info.read_text()) if info.exists() else None
    return found[1].strip() if found else platform.processor() or None


def _commit():
    try:
        asked = ["git", "describe", "--always", "--dirty"]
        return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _chosen(path):
    found = re.search(r"\[(\w+)\]", path.read_text()) if path.exists() else None
    return found[1] if found else None
