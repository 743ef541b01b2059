# SPDX-License-Identifier: BSD-3-Clause
"""Fixtures and settings that every test shares."""

import os
import signal
from pathlib import Path

import pytest

# Figures are files here, and no test may need a display. A launcher's variables must not reach them either.
os.environ["MPLBACKEND"] = "Agg"
for name in [name for name in os.environ if name.startswith(("PMI_", "PMIX_", "OMPI_", "MV2_", "SLURM_"))]:
    del os.environ[name]

# What a shell starts in the background ignores Ctrl-C, and so would all processes that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header():
    try:
        import kmc_core.engine
    except ImportError as error:
        return f"kmc_core: not importable ({error})"
    return f"kmc_core: {kmc_core.engine.__file__}"


@pytest.fixture(scope="session")
def repository():
    """Root of the source tree."""
    return Path(__file__).resolve().parents[1]
