# SPDX-License-Identifier: BSD-3-Clause
"""The compiled core: extension modules and Cython directives. All metadata lives in pyproject.toml.

KMC_CHECKED=1  bounds and initialisation checks on, -O1; in a build directory of its own (see the Makefile).
KMC_NATIVE=1   instructions of this machine (-march=native); the wheel then runs only on machines like it.
"""

import multiprocessing
import os
from glob import glob
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup

CHECKED, NATIVE = (os.environ.get(name, "0") == "1" for name in ("KMC_CHECKED", "KMC_NATIVE"))
# Contraction into fused multiply-adds would make trajectories depend on the machine.
FLAGS = ["-O1" if CHECKED else "-O3", "-ffp-contract=off", "-fno-tree-slp-vectorize"] + ["-march=native"] * NATIVE
BUILD = {
    "include_dirs": [numpy.get_include(), "kmc_core"],
    "extra_compile_args": FLAGS,
    "depends": sorted(glob("kmc_core/*.h")),
}
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": CHECKED,
    "wraparound": False,  # so that the bounds checks of the checked build catch a negative index
    "initializedcheck": CHECKED,
    "cdivision": True,
    "show_performance_hints": not CHECKED,
}
SOURCES = sorted(glob("kmc_core/*.pyx"))

setup(
    ext_modules=cythonize(
        [Extension(f"kmc_core.{Path(source).stem}", [source], **BUILD) for source in SOURCES],
        compiler_directives=DIRECTIVES,
        # The generated C differs between the two builds, so each has a place of its own.
        build_dir="build/cython-checked" if CHECKED else "build/cython",
        nthreads=2 if multiprocessing.get_start_method() == "fork" else 0,
    ),
    options={"build_ext": {"parallel": 2}},
)
