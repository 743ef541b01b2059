# SPDX-License-Identifier: BSD-3-Clause
"""LatticeState: which species sits where, and who is whose neighbour."""
from kmc_core.rng cimport kmc_mulhi, kmc_prefetch
from kmc_core.typedefs cimport int32_t, int64_t, site_t, species_t, uint32_t, uint64_t

cimport cython

cdef enum:
    MAX_POSITIONS = 512               # positions of the stencil that an event may look at

cdef struct cubic_rows:               # where tables say what lies beside a site along each axis
    uint32_t* x
    uint32_t* y
    uint32_t* z


@cython.final
cdef class LatticeState:
    cdef readonly uint32_t n_sites    # number of sites; species[n_sites] is the outside
    cdef uint32_t nx, ny, nz          # sites along x, y, z
    cdef uint32_t x, y, z             # of the site that was located last
    cdef uint64_t magic_x, magic_y    # 2**64 / nx and 2**64 / ny, rounded up: division by multiplication
    cdef readonly int n_positions     # positions of the stencil around a site
    cdef species_t[::1] species       # (n_sites + 1,) species of each site; the last one is "outside"
    cdef int32_t[::1] opposite        # (n_positions,) position with the negative offset
    cdef int32_t[::1] step            # (n_positions,) difference of site indexes where no boundary is near
    cdef uint32_t reach_x, reach_y, reach_z  # largest offset along x, y, z
    cdef uint32_t inner_x, inner_y, inner_z  # coordinates from `reach` on from which no offset crosses a boundary
    cdef bint is_cubic                # the positions are the six neighbours of the simple cubic lattice, in their order
    cdef bint is_walled, is_walled_in_xy  # somewhere there is no neighbour; along x or y
    cdef uint32_t[:, ::1] beside_x    # (nx + 2, 2) what leads to the sites before and after along x, modulo 2**32, or
    cdef uint32_t[:, ::1] beside_y    # (ny + 2, 2)   OUTSIDE beyond a wall; for the last coordinate, all, the first
    cdef uint32_t[:, ::1] beside_z    # (nz + 2, 2)
    cdef uint32_t* first_x            # row of coordinate 0
    cdef uint32_t* first_y
    cdef uint32_t* first_z
    cdef int reach                    # of all positions, along any axis
    cdef int32_t[:, ::1] shift        # (n_positions, 3) offsets (x, y, z) + reach: start in the tables below
    cdef uint32_t[::1] wrap_x         # (nx + 2 reach,) wrapped x; n_sites beyond a wall
    cdef uint32_t[::1] wrap_y         # (ny + 2 reach,) wrapped y * nx; n_sites beyond a wall
    cdef uint32_t[::1] wrap_z         # (nz + 2 reach,) wrapped z * nx * ny; n_sites beyond a wall

    cdef inline void prefetch(self, site_t site) noexcept nogil:
        """Start to load the species around a site; a wrong address beyond a boundary does no harm."""
        cdef species_t* here = &self.species[0] + site
        cdef int64_t row = self.nx, layer = <int64_t> self.nx * self.ny
        kmc_prefetch(here)
        kmc_prefetch(here - row)
        kmc_prefetch(here + row)
        kmc_prefetch(here - layer)
        kmc_prefetch(here + layer)

    cdef inline site_t _inside(self, uint32_t other) noexcept nogil:
        """The same site, or the one that stands for the outside."""
        return other if other < self.n_sites else self.n_sites

    cdef inline void find_coordinates(self, site_t site, uint32_t* x, uint32_t* y, uint32_t* z) noexcept nogil:
        """x, y and z of a site."""
        cdef uint32_t row = site if self.nx == 1 else <uint32_t> kmc_mulhi(self.magic_x, site)
        x[0] = site - row * self.nx
        z[0] = row if self.ny == 1 else <uint32_t> kmc_mulhi(self.magic_y, row)
        y[0] = row - z[0] * self.ny

    cdef inline void locate(self, site_t site) noexcept nogil:
        """Make a site the one around which `shifted` looks."""
        self.find_coordinates(site, &self.x, &self.y, &self.z)

    cdef inline site_t shifted(self, int x, int y, int z) noexcept nogil:
        """The site where the tables of coordinates say, from the located one."""
        return self._inside(self.wrap_x[self.x + x] + self.wrap_y[self.y + y] + self.wrap_z[self.z + z])

    cdef inline void find_rows(self, site_t site, cubic_rows* rows) noexcept nogil:
        """Where the tables say what lies beside a site on the simple cubic lattice."""
        cdef uint32_t x, y, z
        self.find_coordinates(site, &x, &y, &z)
        rows.x, rows.y = self.first_x + 2 * <int64_t> x, self.first_y + 2 * <int64_t> y
        rows.z = self.first_z + 2 * <int64_t> z

    cdef inline void cubic_neighbours(self, site_t site, cubic_rows* rows, int dx, int dy, int dz,
                                      site_t* found) noexcept nogil:
        """`neighbours` on the simple cubic lattice of a site so many steps from the one whose rows are known.

        Look-ups, where branches would be guessed wrong at boundaries. No loop, which the compiler would make read four
        numbers at once that have been written one by one: that has to wait.
        """
        cdef uint32_t* x = rows.x + 2 * dx
        cdef uint32_t* y = rows.y + 2 * dy
        cdef uint32_t* z = rows.z + 2 * dz
        found[0], found[1], found[2] = site + z[0], site + y[0], site + x[0]
        found[3], found[4], found[5] = site + x[1], site + y[1], site + z[1]
        self._wall(found)

    cdef inline void _wall(self, site_t* found) noexcept nogil:
        """Beyond a wall is the site that stands for the outside."""
        cdef int j
        if self.is_walled:
            found[0], found[5] = self._inside(found[0]), self._inside(found[5])
            if self.is_walled_in_xy:
                for j in range(1, 5):
                    found[j] = self._inside(found[j])

    cdef inline void neighbours(self, site_t site, site_t* found) noexcept nogil:
        """The sites at every position of the stencil around `site` (n_sites where there is none).

        Away from the boundaries they are fixed differences. Walls need no branch: beyond one the table holds n_sites,
        any sum with it is at least n_sites, and is cut there.
        """
        cdef cubic_rows rows
        if self.is_cubic:
            self.find_rows(site, &rows)
            self.cubic_neighbours(site, &rows, 0, 0, 0, found)
        else:
            self.any_neighbours(site, found, self.n_positions)

    cdef inline void any_neighbours(self, site_t site, site_t* found, int n_positions) noexcept nogil:
        """`neighbours` of any lattice; how many positions there are may be known to the compiler."""
        cdef int32_t* step = &self.step[0]
        cdef uint32_t x, y, z, other
        cdef int j
        self.find_coordinates(site, &x, &y, &z)
        if (x - self.reach_x < self.inner_x and y - self.reach_y < self.inner_y
                and z - self.reach_z < self.inner_z):  # unsigned: below `reach` the difference is huge
            for j in range(n_positions):
                found[j] = site + <uint32_t> step[j]
            return
        for j in range(n_positions):
            other = (self.wrap_x[x + self.shift[j, 0]] + self.wrap_y[y + self.shift[j, 1]]
                     + self.wrap_z[z + self.shift[j, 2]])
            found[j] = other if other < self.n_sites else self.n_sites
