# SPDX-License-Identifier: BSD-3-Clause
"""Whether the sites of a process fit the lattice of the deck, and how far its hops go. Floor 3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kmc.lattice import Lattice
from kmc.patterns import geometries, orientations

if TYPE_CHECKING:
    from kmc.deck import ProcessDeck
    from kmc.process import Step

Offset = tuple[int, int, int]


class StencilFault(NamedTuple):
    """Something about the places of a process that does not go with the lattice."""

    message: str
    path: tuple  # of the process
    hint: str | None = None


class Stencils:
    """The sites of processes on one lattice.

    Parameters
    ----------
    lattice : Lattice
    """

    def __init__(self, lattice: Lattice):
        self._lattice = lattice

    def faults(self, entry: ProcessDeck, step: Step, places: np.ndarray | None) -> Iterator[StencilFault]:
        """What is wrong with the places of a process.

        Parameters
        ----------
        entry : ProcessDeck
        step : Step
        places : int64, shape (n_terms, 3), or None
            Positions (x, y, z) of the terms.
        """
        if step.is_solution:
            return
        where = ("equation",) if places is None else ("geometry",)
        images = self._images(entry, step, places)
        labels = [(before, after is None) for before, after in zip(step.reactants, step.products, strict=True)]
        if self._is_ambiguous(images, labels):
            yield self._too_narrow("its sites would not all be different ones", where, images)
        for number, term in enumerate(entry.neighbours):
            shell = self._lattice.shell(term.shell)
            if not self._are_distinct([(0, 0, 0), *shell]):
                what = f"a neighbour of shell {term.shell} would count twice"
                yield self._too_narrow(what, ("neighbours", number), [shell])
        if entry.law == "diffusion" and self._hop_length(step, images) is None:
            message = "its hops lead to neighbours that are not equivalent, and one rate gives them no one diffusivity"
            hint = "give 'geometry', one process for each kind of neighbour"
            yield StencilFault(message, where, hint if places is None else "give the rate by another law")

    def hop(self, entry: ProcessDeck, step: Step, places: np.ndarray | None) -> float:
        """Length of the law `diffusion` in spacings.

        Parameters
        ----------
        entry : ProcessDeck
        step : Step
        places : int64, shape (n_terms, 3), or None

        Returns
        -------
        hop : float
            1 for other laws, and for steps that do not change just two sites: these know no hop.
        """
        if entry.law != "diffusion" or step.is_solution:
            return 1.0
        length = self._hop_length(step, self._images(entry, step, places))
        ratio = (length or self._lattice.spacing) / self._lattice.spacing
        # Cubic and square decks keep their rates to the last bit.
        return 1.0 if abs(ratio - 1.0) < 1e-12 else ratio

    def _images(self, entry: ProcessDeck, step: Step, places: np.ndarray | None) -> list[tuple[Offset, ...]]:
        """All orientations in which it happens: offsets of the terms from the anchor."""
        found = geometries(places, len(step.reactants), self._lattice)
        if entry.orientations == "given":
            return found
        return [image for each in found for image in orientations(each, self._lattice)]

    def _hop_length(self, step: Step, images: list[tuple[Offset, ...]]) -> float | None:
        """Length [m] that goes with a diffusivity, None if no one rate gives one."""
        pairs = zip(step.reactants, step.products, strict=True)
        changed = [index for index, (before, after) in enumerate(pairs) if after is not None and before != {after}]
        if len(changed) != 2:
            return self._lattice.spacing
        first, second = changed
        hops = {_plus(image[second], image[first], -1) for image in images}
        # A hop in one orientation has its way back in another process.
        hops |= {_plus((0, 0, 0), hop, -1) for hop in hops}
        return self._lattice.hop_length(sorted(hops))

    def _wrapped(self, offset: Offset) -> Offset:
        """The same step within the box, where it is periodic."""
        box = zip(offset, self._lattice.shape, self._lattice.periodic, strict=True)
        return tuple(step % n if wraps else step for step, n, wraps in box)

    def _are_distinct(self, offsets: Iterable[Offset]) -> bool:
        """Whether different offsets from a site always lead to different sites."""
        found = {tuple(offset) for offset in offsets}
        return len({self._wrapped(offset) for offset in found}) == len(found)

    def _is_ambiguous(self, images: list[tuple[Offset, ...]], labels: list) -> bool:
        """Whether a site takes part twice, or more placements share their sites than on a lattice without end."""
        if self._are_distinct(_plus(b, a, -1) for image in images for a in image for b in image):
            return False
        wrapped = [{self._wrapped(offset) for offset in image} for image in images]
        if any(len(places) < len(labels) for places in wrapped):
            return True
        return any(
            self._placements(image, images, labels, True) != self._placements(image, images, labels, False)
            for image in images
        )

    def _placements(self, image: tuple[Offset, ...], images: list[tuple[Offset, ...]], labels: list, box: bool) -> int:
        """Placements with the same terms on the same sites as one of them, in the box or on a lattice without end."""

        def sites(anchor: Offset, offsets: tuple[Offset, ...]) -> frozenset:
            places = (_plus(anchor, offset) for offset in offsets)
            return frozenset(zip((self._wrapped(each) if box else each for each in places), labels, strict=True))

        here = sites((0, 0, 0), image)
        anchors = [offset for offset, label in zip(image, labels, strict=True) if label == labels[0]]
        return sum(sites(anchor, other) == here for anchor in anchors for other in images)

    def _too_narrow(self, what: str, where: tuple, images: Iterable[tuple[Offset, ...]]) -> StencilFault:
        reach = np.abs([offset for image in images for offset in image]).max(axis=0)
        box = zip("zyx", self._lattice.shape, self._lattice.periodic, reach.tolist(), strict=True)
        enough = [f"{2 * far + 1} along {axis}" for axis, n, wraps, far in box if wraps and n <= 2 * far]
        size = " x ".join(str(n) for n in reversed(self._lattice.shape))
        hint = f"enough sites are {' and '.join(reversed(enough))}; or put walls there"
        return StencilFault(f"a periodic box of {size} sites (x, y, z) is too narrow: {what}", where, hint)


def _plus(a: Offset, b: Offset, sign: int = 1) -> Offset:
    return (a[0] + sign * b[0], a[1] + sign * b[1], a[2] + sign * b[2])
