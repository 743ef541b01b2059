# SPDX-License-Identifier: BSD-3-Clause
"""Random numbers of the core: any NumPy bit generator, drawn from without the interpreter."""
from kmc_core.ziggurat import EDGES, HEIGHTS, TAIL

from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.math cimport exp, log

cdef double[N_LAYERS + 1] EDGE
cdef double[N_LAYERS + 1] HEIGHT
EDGE, HEIGHT = EDGES, HEIGHTS
cdef double START = TAIL              # of the tail


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
        for layer in range(N_LAYERS):
            self.width[layer] = EDGE[layer] / 9007199254740992.0
            self.inside[layer] = <uint64_t> (EDGE[layer + 1] / EDGE[layer] * 9007199254740992.0)

    cdef void refill(self) noexcept nogil:
        """Draw the next block of words."""
        cdef int i
        for i in range(N_WORDS):
            self.words[i] = self.bits.next_uint64(self.bits.state)
        self.cursor = 0

    cdef double _outer_exponential(self, int layer, uint64_t draw) noexcept nogil:
        """The rest of `exponential`: the tail, and the part of a layer where the curve passes through it."""
        cdef double x
        cdef uint64_t word
        while True:
            if layer == 0:
                return START - log(1.0 - self.uniform())  # 1 - u is exact; the tail of an exponential is one again
            x = <double> <int64_t> draw * self.width[layer]
            if HEIGHT[layer] + self.uniform() * (HEIGHT[layer + 1] - HEIGHT[layer]) < exp(-x):
                return x
            word = self.raw()
            layer, draw = <int> (word & (N_LAYERS - 1)), word >> 11
            if draw < self.inside[layer]:
                return <double> <int64_t> draw * self.width[layer]

    def draw(self, int n):
        """n x (uniform, below(10), exponential), for tests of the stream itself."""
        cdef int i
        return [(self.uniform(), self.below(10), self.exponential()) for i in range(n)]
