# SPDX-License-Identifier: BSD-3-Clause
"""The core that `make test` runs a second time is the one with bounds checks, and the other one is not."""

import importlib
import os
import pkgutil
from pathlib import Path

import kmc_core


def test_core_under_test_is_the_build_that_was_asked_for():
    is_checked = "build/checked" in Path(kmc_core.__file__).as_posix()
    assert is_checked == (os.environ.get("KMC_EXPECT_CHECKED") == "1"), kmc_core.__file__


def test_every_core_module_comes_from_the_same_build():
    package = Path(kmc_core.__file__).parent
    for module in pkgutil.iter_modules(kmc_core.__path__, "kmc_core."):
        assert Path(importlib.import_module(module.name).__file__).parent == package
