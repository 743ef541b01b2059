# SPDX-License-Identifier: BSD-3-Clause
"""Speed and memory of the core: `python -m benchmarks`."""
