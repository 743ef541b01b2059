# SPDX-License-Identifier: BSD-3-Clause
"""Random numbers of the core: any NumPy bit generator, drawn from without the interpreter."""
from cpython.pycapsule cimport PyCapsule_GetPointer


cdef class RandomStream:
    """The draws of an engine, in the order in which it makes them.

    Parameters
    ----------
    bit_generator : numpy.random.BitGenerator
        Source of raw 64-bit words. They are drawn in blocks of N_WORDS and used in their order, so its state runs ahead
        of the stream by the words from `cursor` on.
    """

    def __init__(self, bit_generator):
        self.bit_generator = bit_generator
        self.lock = bit_generator.lock
        self.bits = <bitgen_t*> PyCapsule_GetPointer(bit_generator.capsule, "BitGenerator")
        self.cursor = N_WORDS

    cdef void refill(self) noexcept nogil:
        """Draw the next block of words."""
        cdef int i
        for i in range(N_WORDS):
            self.words[i] = self.bits.next_uint64(self.bits.state)
        self.cursor = 0

    def draw(self, int n):
        """n x (uniform, below(10), exponential), for tests of the stream itself."""
        cdef int i
        return [(self.uniform(), self.below(10), self.exponential()) for i in range(n)]
