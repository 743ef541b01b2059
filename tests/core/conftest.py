# SPDX-License-Identifier: BSD-3-Clause
"""Helpers of the tests of the compiled core."""

import pytest


def pytest_collection_modifyitems(items):
    # A failed bounds check inside the loop cannot raise; it is reported as unraisable and must fail the test.
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"))
