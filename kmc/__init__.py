# SPDX-License-Identifier: BSD-3-Clause
"""sei-kmc: grows a battery's solid electrolyte interphase on a lattice, from barriers to fields.

The public names are `run`, `open`, `check`, `digest`, `rate_constants`, `load_deck`, `sweep`, `open_sweep`,
`sensitivity`, the results `Result` and `SweepResult`, and `__version__`. They are fetched from their modules when they
are first used, so that ``import kmc`` and ``kmc --help`` cost nothing.
"""

import importlib

__version__ = "0.1.0"

# public name: the module that defines it
_HOME_OF = {
    "run": "simulation",
    "open": "result",
    "Result": "result",
    "load_deck": "deck",
    "check": "inspection",
    "digest": "fingerprint",
    "rate_constants": "rate_table",
    "sweep": "sweeping",
    "open_sweep": "sweep_result",
    "SweepResult": "sweep_result",
    "sensitivity": "sobol",
}

__all__ = [
    "Result", "SweepResult", "__version__", "check", "digest", "load_deck", "open", "open_sweep", "rate_constants",
    "run", "sensitivity", "sweep",
]


def __getattr__(name):
    if name not in _HOME_OF:
        raise AttributeError(f"module 'kmc' has no attribute {name!r}")
    return getattr(importlib.import_module(f"kmc.{_HOME_OF[name]}"), name)


def __dir__():
    return sorted([*globals(), *_HOME_OF])
