# SPDX-License-Identifier: BSD-3-Clause
"""Barrier and reaction energy of one nudged elastic band, by ASE's own analysis. Floor 1.

In: images with energies, from wherever. A band that cannot be right is refused: too short, without a transition
state, of different atoms, or several bands in a row.

References
----------
Henkelman, Uberuaga, Jónsson, J. Chem. Phys. 113, 9901 (2000), doi:10.1063/1.1329672;
Henkelman, Jónsson, J. Chem. Phys. 113, 9978 (2000), doi:10.1063/1.1323224 (cubic interpolation with the forces).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from kmc.table_rows import RowError, finite

if TYPE_CHECKING:
    from ase import Atoms

MINIMUM_IMAGES = 3
"""Initial state, one image between, final state."""

_SAME_PLACE = 1e-6  # angstrom; what text formats round positions to
# A step that is both this part of the way between the ends and this much longer than the middle one is no step of a
# band, whose springs keep its images apart evenly, but the way back to the start of another.
_JUMP = 0.7
_UNEVEN = 1.9
_JUMPING_IMAGES = 6  # two bands of the shortest kind


@dataclass(frozen=True)
class BandResult:
    """What a band gives.

    Parameters
    ----------
    barrier, reaction : float
        Forward barrier and energy of the final above the initial state [eV].
    method : str
        How they were found.
    highest : int
        Index of the highest image.
    """

    barrier: float
    reaction: float
    method: str
    highest: int


def analyse(images: list[Atoms], names: list[str] | None = None) -> BandResult:
    """Barrier of a band from its images in order, the ends included.

    Parameters
    ----------
    images : list of Atoms
        With energies [eV], and with forces [eV/angstrom] where they are known.
    names : list of str, optional
        Of the images, for messages; `image 0`, `image 1` ... by default.

    Returns
    -------
    BandResult
        By a cubic through energies and forces where all images have forces in one cell, by the highest image
        otherwise.

    Raises
    ------
    RowError  if the images are no band.
    """
    names = names or [f"image {index}" for index in range(len(images))]
    if len(images) < MINIMUM_IMAGES:
        count = "1 image" if len(images) == 1 else f"{len(images)} images"
        raise RowError(f"incomplete band: {count}, at least {MINIMUM_IMAGES} are needed")
    energies = [energy(image, name) for image, name in zip(images, names, strict=True)]
    check_atoms(images, names)
    highest = summit(energies)
    _check_steps(images, names)
    fitted = all(_has_forces(image) for image in images) and _one_cell(images)
    if fitted:
        barrier, reaction = _fit(images)
    else:
        barrier, reaction = energies[highest] - energies[0], energies[-1] - energies[0]
    how = "cubic fit through energies and forces" if fitted else "highest image"
    return BandResult(barrier, reaction, f"nudged elastic band of {len(images)} images, {how}", highest)


def energy(image: Atoms, name: str) -> float:
    """Potential energy of an image [eV].

    Raises
    ------
    RowError  if it has none, or none that is finite.
    """
    results = {} if image.calc is None else getattr(image.calc, "results", {})
    value = results.get("energy", results.get("free_energy"))
    if value is None:
        raise RowError(f"{name} has no energy; write it with the results of its calculator")
    return finite(value, f"energy of {name}")


def summit(energies: list[float]) -> int:
    """Index of the highest image.

    Raises
    ------
    RowError  if it is an end of the band.
    """
    highest = energies.index(max(energies))
    if energies[highest] <= max(energies[0], energies[-1]):
        raise RowError("no image lies above both ends, so there is no transition state")
    return highest


def check_atoms(images: list[Atoms], names: list[str]) -> None:
    """Refuse images that do not hold the same atoms in the same order.

    Raises
    ------
    RowError
    """
    for image, name in zip(images, names, strict=True):
        if list(image.numbers) != list(images[0].numbers):
            raise RowError(
                f"its images differ in their atoms: {name} is {image.get_chemical_formula()}, "
                f"{names[0]} is {images[0].get_chemical_formula()}"
                + (", in another order" if sorted(image.numbers) == sorted(images[0].numbers) else "")
            )


def last_band(images: list[Atoms]) -> tuple[list[Atoms], int]:
    """The last band of a trajectory that holds every step of an optimisation.

    Parameters
    ----------
    images : list of Atoms
        Band after band. The ends of a nudged elastic band stand still, so they recur.

    Returns
    -------
    band : list of Atoms
    n_bands : int
        How many there were.
    """
    positions = [image.positions for image in images]
    for length in range(MINIMUM_IMAGES, len(images) // 2 + 1):
        starts = range(0, len(images), length)
        if len(images) % length == 0 and all(
            _same(positions[start], positions[0]) and _same(positions[start + length - 1], positions[length - 1])
            for start in starts
        ):
            return images[-length:], len(starts)
    return images, 1


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and bool(np.all(np.abs(one - other) < _SAME_PLACE))


def _check_steps(images: list[Atoms], names: list[str]) -> None:
    """Refuse a list in which a step goes as far as from one end to the other: that is more than one band."""
    if len(images) < _JUMPING_IMAGES:
        return
    whole = _distance(images[0], images[-1])
    steps = [_distance(one, other) for one, other in pairwise(images)]
    longest = max(range(len(steps)), key=steps.__getitem__)
    if steps[longest] > max(_JUMP * whole, _UNEVEN * float(np.median(steps))):
        raise RowError(
            f"{names[longest + 1]} lies {steps[longest]:.3g} angstrom from the image before, and the ends only "
            f"{whole:.3g}: this is no single band, or its images are out of order"
        )


def _distance(one: Atoms, other: Atoms) -> float:
    """Way from one image to another [angstrom]."""
    return float(np.linalg.norm(_displacement(one, other)))


def _displacement(one: Atoms, other: Atoms) -> np.ndarray:
    """Shortest way of every atom from one image to another [angstrom]."""
    from ase.geometry import find_mic

    try:
        return find_mic(other.positions - one.positions, one.cell, one.pbc)[0]
    except (ValueError, np.linalg.LinAlgError, FloatingPointError) as error:
        raise RowError(f"the way between its images cannot be measured in their cell: {error}") from None


def _has_forces(image: Atoms) -> bool:
    return getattr(image.calc, "results", {}).get("forces") is not None


def _one_cell(images: list[Atoms]) -> bool:
    return all(np.allclose(image.cell, images[0].cell, atol=_SAME_PLACE) for image in images)


def _fit(images: list[Atoms]) -> tuple[float, float]:
    """Barrier and reaction energy by `ase.mep.NEBTools`."""
    from ase.mep import NEBTools

    try:
        barrier, reaction = NEBTools(_unwrapped(images)).get_barrier(fit=True)
    # Coinciding images, missing cells and the like end in numpy's or ASE's own errors.
    except Exception as error:
        raise RowError(f"its images cannot be fitted: {type(error).__name__}: {error}") from None
    if not math.isfinite(barrier):
        raise RowError("its images cannot be fitted: their forces or positions are not finite, or two coincide")
    return float(barrier), float(reaction)


def _unwrapped(images: list[Atoms]) -> list[Atoms]:
    """The images with every atom moved by whole cells to follow the one before.

    ASE measures the path by the shortest way but takes its direction from the positions as they are, so an atom
    that was wrapped to the other side of the cell would turn the slope of the cubic.
    """
    from ase.calculators.singlepoint import SinglePointCalculator

    unwrapped: list[Atoms] = []
    for image in images:
        moved = image.copy()
        if unwrapped:
            moved.positions = unwrapped[-1].positions + _displacement(unwrapped[-1], image)
        results = {"energy": energy(image, "an image"), "forces": image.calc.results["forces"]}
        moved.calc = SinglePointCalculator(moved, **results)
        unwrapped.append(moved)
    return unwrapped
