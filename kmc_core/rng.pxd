# SPDX-License-Identifier: BSD-3-Clause
"""RandomStream: a NumPy bit generator behind the three draws that the engine makes."""
from numpy.random cimport bitgen_t

from kmc_core.typedefs cimport int64_t, uint32_t, uint64_t

cimport cython

cdef extern from *:
    """
    #include <stdint.h>
    /* high word of a 64 x 64 bit product: scales a raw draw to an integer range and divides by a constant */
    static inline uint64_t kmc_mulhi(uint64_t a, uint64_t b) {
        return (uint64_t)(((unsigned __int128)a * b) >> 64);
    }
    #define kmc_prefetch(address) __builtin_prefetch(address)
    #define kmc_lowest_bit(word) __builtin_ctz(word)
    """
    uint64_t kmc_mulhi(uint64_t a, uint64_t b) noexcept nogil
    void kmc_prefetch(void* address) noexcept nogil
    int kmc_lowest_bit(uint32_t word) noexcept nogil  # its number; not of 0

cdef enum:
    N_WORDS = 512                     # raw words drawn at once
    N_LAYERS = 256                    # layers of the exponential distribution


cdef inline double uniform_of(uint64_t word) noexcept nogil:
    """Uniform in [0, 1), a multiple of 2**-53, out of 64 random bits."""
    return <double> <int64_t> (word >> 11) * (1.0 / 9007199254740992.0)


cdef inline uint32_t below_of(uint64_t word, uint32_t n) noexcept nogil:
    """Uniform integer in [0, n) out of 64 random bits; the bias is below n / 2**64."""
    return <uint32_t> kmc_mulhi(word, n)


@cython.final
cdef class RandomStream:
    cdef bitgen_t* bits               # owned by `bit_generator`
    cdef readonly object bit_generator  # numpy.random.BitGenerator, kept alive here
    cdef readonly object lock         # hold it while drawing
    cdef uint64_t* sfc64              # state of the bit generator if it is NumPy's SFC64, otherwise NULL
    cdef uint64_t words[N_WORDS]      # drawn ahead, so that the engine can look at what comes next
    cdef readonly int cursor          # next word to use
    cdef double width[N_LAYERS]       # of the exponential's layers, per unit of a draw of 53 bits
    cdef uint64_t inside[N_LAYERS]    # draws below this lie under the curve whatever the height

    cdef void refill(self) noexcept nogil
    cdef void top_up(self) noexcept nogil
    cdef void _draw(self, uint64_t* words, int n) noexcept nogil
    cdef double _outer_exponential(self, int layer, uint64_t draw) noexcept nogil

    cdef inline uint64_t raw(self) noexcept nogil:
        """64 random bits."""
        cdef uint64_t word
        if self.cursor == N_WORDS:
            self.refill()
        word = self.words[self.cursor]
        self.cursor += 1
        return word

    cdef inline void stock(self, int n) noexcept nogil:
        """Have so many words drawn ahead that `next` may take: one question for several words, not one for each."""
        if self.cursor > N_WORDS - n:
            self.top_up()

    cdef inline uint64_t next(self) noexcept nogil:
        """`raw` where there is a word for certain."""
        cdef uint64_t word = self.words[self.cursor]
        self.cursor += 1
        return word

    cdef inline double uniform(self) noexcept nogil:
        """Uniform in [0, 1), a multiple of 2**-53."""
        return uniform_of(self.raw())

    cdef inline uint32_t below(self, uint32_t n) noexcept nogil:
        """Uniform integer in [0, n)."""
        return below_of(self.raw(), n)

    cdef inline double exponential(self) noexcept nogil:
        """Standard exponential, by `kmc_core.ziggurat`: one word, one comparison and one product in 98.9 of 100 draws.

        Costs 9 instructions where a logarithm costs 49; the tail reaches 7.7 + 36.7.
        """
        cdef uint64_t word = self.raw()
        cdef int layer = <int> (word & (N_LAYERS - 1))
        cdef uint64_t draw = word >> 11
        if draw < self.inside[layer]:
            return <double> <int64_t> draw * self.width[layer]
        return self._outer_exponential(layer, draw)

