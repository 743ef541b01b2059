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
        self.sfc64 = sfc64_state(bit_generator, self.bits)
        self.cursor = N_WORDS
        for layer in range(N_LAYERS):
            self.width[layer] = EDGE[layer] / 9007199254740992.0
            self.inside[layer] = <uint64_t> (EDGE[layer + 1] / EDGE[layer] * 9007199254740992.0)

    cdef void refill(self) noexcept nogil:
        """Draw the next block of words."""
        self._draw(self.words, N_WORDS)
        self.cursor = 0

    cdef void top_up(self) noexcept nogil:
        """Move the words that are left to the front and draw as many as have been used."""
        cdef int left = N_WORDS - self.cursor, i
        for i in range(left):
            self.words[i] = self.words[self.cursor + i]
        self._draw(self.words + left, N_WORDS - left)
        self.cursor = 0

    cdef void _draw(self, uint64_t* words, int n) noexcept nogil:
        """The next words of the bit generator."""
        cdef int i
        if self.sfc64 != NULL:
            draw_sfc64(self.sfc64, words, n)
        else:
            for i in range(n):
                words[i] = self.bits.next_uint64(self.bits.state)

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


cdef uint64_t* sfc64_state(bit_generator, bitgen_t* bits) except? NULL:
    """Where the four words of an SFC64 are; NULL for other generators, or if they are not where they are expected."""
    cdef uint64_t* found = <uint64_t*> bits.state
    if type(bit_generator).__name__ != "SFC64":
        return NULL
    expected = bit_generator.state["state"]["state"]
    return found if [found[k] for k in range(4)] == [int(word) for word in expected] else NULL


cdef void draw_sfc64(uint64_t* state, uint64_t* words, int n) noexcept nogil:
    """The next n words of an SFC64 (C. Doty-Humphrey, PractRand), as NumPy steps it.

    The state stays in registers for the whole block, where a call for each word loads and stores it: 12 instructions a
    word, and four words an event.
    """
    cdef uint64_t a = state[0], b = state[1], c = state[2], counter = state[3], word
    cdef int i
    for i in range(n):
        word = a + b + counter
        counter += 1
        a = b ^ (b >> 11)
        b = c + (c << 3)
        c = ((c << 24) | (c >> 40)) + word
        words[i] = word
    state[0], state[1], state[2], state[3] = a, b, c, counter
