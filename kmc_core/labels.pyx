# SPDX-License-Identifier: BSD-3-Clause
"""Labels of what touches in a box of sites: the same number for all sites that a chain of contacts joins.

In one pass, in the order of memory: a site takes the label of a neighbour that has one, and what it finds to be the same
is joined in trees (Hoshen and Kopelman, Phys. Rev. B 14, 3438 (1976), doi:10.1103/PhysRevB.14.3438).
"""
import numpy as np

from kmc_core.typedefs cimport int32_t, int64_t, uint8_t

cimport cython

cdef enum:
    MOST_STEPS = 64


@cython.final
cdef class Trees:
    """Labels, and which of them are the same; 0 is no label."""

    cdef int32_t[::1] parent
    cdef int32_t n

    def __init__(self, n=0):
        self.parent, self.n = np.arange(max(n + 1, 1024), dtype=np.int32), n

    cdef int32_t more(self) except -1:
        """A new label."""
        self.n += 1
        if self.n == self.parent.shape[0]:
            self.parent = np.concatenate([np.asarray(self.parent), np.arange(self.n, 2 * self.n, dtype=np.int32)])
        return self.n

    cdef int32_t root(self, int32_t label) noexcept:
        while self.parent[label] != label:
            self.parent[label] = self.parent[self.parent[label]]
            label = self.parent[label]
        return label

    cdef int32_t join(self, int32_t one, int32_t other) noexcept:
        """Let two labels be the same; returns the lowest that is."""
        if one == other:
            return one
        one, other = self.root(one), self.root(other)
        if one > other:
            one, other = other, one
        self.parent[other] = one
        return one

    def numbers(self):
        """int64, shape (n + 1,): from 1 on, the same for labels that are the same; 0 for none."""
        cdef int64_t[::1] found = np.zeros(self.n + 1, dtype=np.int64)
        cdef int64_t n = 0
        cdef int32_t label, root
        for label in range(1, self.n + 1):
            root = self.root(label)      # no higher than the label, so it has its number already
            if root == label:
                n += 1
            found[label] = n if root == label else found[root]
        return np.asarray(found)


def labelled(mask, steps):
    """Label sites of a mask.

    Parameters
    ----------
    mask : bool, shape (nz, ny, nx)
    steps : int64, shape (n_steps, 3)
        (dz, dy, dx) from a site to those before it in memory that it touches: the first that is not 0 is negative.

    Returns
    -------
    labels : int32, shape (nz, ny, nx)
        From 1 on; 0 outside of the mask.
    numbers : int64, shape (n_labels + 1,)
        The same for labels that are joined, from 1 on; 0 for no label.

    Raises
    ------
    ValueError
        If there are more than 64 steps, or one of them leads forward.
    """
    cdef const uint8_t[:, :, ::1] inside = np.ascontiguousarray(mask).view(np.uint8)
    cdef int64_t nz = inside.shape[0], ny = inside.shape[1], nx = inside.shape[2], z, y
    cdef const int64_t[:, ::1] step = np.array(steps, dtype=np.int64).reshape(-1, 3)
    cdef int64_t[MOST_STEPS] back
    cdef int64_t[MOST_STEPS] along
    cdef int n, k
    if step.shape[0] > MOST_STEPS or any(tuple(each) >= (0, 0, 0) for each in np.asarray(step).tolist()):
        raise ValueError(f"at most {MOST_STEPS} steps, all to sites before")
    found = np.zeros((nz, ny, nx), dtype=np.int32)
    cdef int32_t[::1] labels = found.ravel()
    cdef Trees trees = Trees()
    for z in range(nz):
        for y in range(ny):
            n = 0
            for k in range(step.shape[0]):
                if z + step[k, 0] >= 0 and 0 <= y + step[k, 1] < ny:
                    back[n], along[n] = (step[k, 0] * ny + step[k, 1]) * nx + step[k, 2], step[k, 2]
                    n += 1
            if nx:
                label_row(trees, &inside[z, y, 0], &labels[(z * ny + y) * nx], nx, n, back, along)
    return found, trees.numbers()


cdef int label_row(Trees trees, const uint8_t* inside, int32_t* labels, int64_t nx, int n, int64_t* back,
                   int64_t* along) except -1:
    """Label the sites of a row, where those before it have labels."""
    cdef int64_t x
    cdef int32_t own, other
    cdef int k
    for x in range(nx):
        if not inside[x]:
            continue
        own = 0
        for k in range(n):
            if 0 <= x + along[k] < nx:
                other = labels[x + back[k]]
                if other:
                    own = trees.join(own, other) if own else other
        labels[x] = own if own else trees.more()
    return 0


def joined(n, pairs):
    """Numbers of labels that pairs of them join.

    Parameters
    ----------
    n : int
        Labels are 1 to n.
    pairs : int64, shape (n_pairs, 2)

    Returns
    -------
    int64, shape (n + 1,)
        The same for labels that are joined, from 1 on; 0 for no label.
    """
    cdef const int64_t[:, ::1] pair = np.ascontiguousarray(pairs, dtype=np.int64)
    cdef Trees trees = Trees(n)
    cdef int64_t k
    for k in range(pair.shape[0]):
        trees.join(<int32_t> pair[k, 0], <int32_t> pair[k, 1])
    return trees.numbers()
