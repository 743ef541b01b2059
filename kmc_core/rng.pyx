# SPDX-License-Identifier: BSD-3-Clause
"""Random numbers of the core: any NumPy bit generator, drawn from without the interpreter."""
from cpython.pycapsule cimport PyCapsule_GetPointer


cdef class RandomStream:
    """The draws of an engine, in the order in which it makes them.

    Parameters
    ----------
    bit_generator : numpy.random.BitGenerator
        Source of raw 64-bit words. Its state is the state of the stream.
    """

    def __init__(self, bit_generator):
        self.bit_generator = bit_generator
        self.lock = bit_generator.lock
        self.bits = <bitgen_t*> PyCapsule_GetPointer(bit_generator.capsule, "BitGenerator")

    def draw(self, int n):
        """n x (uniform, below(10), exponential), for tests of the stream itself."""
        cdef int i
        return [(self.uniform(), self.below(10), self.exponential()) for i in range(n)]
