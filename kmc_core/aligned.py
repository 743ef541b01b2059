# SPDX-License-Identifier: BSD-3-Clause
"""Arrays whose first element starts a line of the cache, so that as few lines as possible hold a row of them."""
import numpy as np

LINE_BYTES = 64
"""int: of a line of the cache."""


def aligned(shape, dtype):
    """An array of zeros.

    Returns
    -------
    array of this dtype, shape `shape`
    """
    n_bytes = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    buffer = np.zeros(n_bytes + LINE_BYTES, dtype=np.uint8)
    start = -buffer.ctypes.data % LINE_BYTES
    return buffer[start:start + n_bytes].view(dtype).reshape(shape)


def aligned_copy(array):
    """The same numbers in such an array."""
    found = aligned(array.shape, array.dtype)
    found[:] = array
    return found
