# SPDX-License-Identifier: BSD-3-Clause
"""Layers of the lattice that have rate constants of their own. Floor 4.

Layers are counted from the surface of the electrode: layer 1 lies on the highest complete layer of the electrode at
time zero, or is the lowest one where there is none. Processes notice them in two ways: they are restricted to some of
them (`layer`), or their rate depends on the height (`distance: site`). Planes that no process tells apart share rates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kmc.process import Process
from kmc.species import Species


@dataclass(frozen=True)
class Layers:
    """Which planes of sites have which rates.

    Attributes
    ----------
    layer_of : int32, shape (nz,)
        Rates of each plane: 0 to n_layers - 1.
    height : float64, shape (n_layers,), [m]
        Above the surface of the electrode, where a process depends on it; else of one plane among those that share
        the rates.
    is_open : bool, shape (n_processes, n_layers)
        Whether a process can start there.
    notices : bool, shape (n_processes,)
        Whether its rate differs between layers.
    """

    layer_of: np.ndarray
    height: np.ndarray
    is_open: np.ndarray
    notices: np.ndarray

    @property
    def n_layers(self) -> int:
        """int: layers with rates of their own."""
        return len(self.height)


def layers_of(
    processes: Sequence[Process], notices_height: Sequence[bool], number: np.ndarray, layer_height: float
) -> Layers:
    """The layers that some processes tell apart.

    Parameters
    ----------
    processes : sequence of Process
        Of the lattice, by index.
    notices_height : sequence of bool
        Whether the rate constant of each depends on the height of its anchor.
    number : int64, shape (nz,)
        Number of each plane, from `layer_numbers`.
    layer_height : float, [m]
        Distance between planes.

    Returns
    -------
    Layers
    """
    height_matters = np.array(notices_height, dtype=bool)
    is_open = np.array([_is_open(process, number) for process in processes], dtype=bool).reshape(-1, len(number))
    n_steps = np.where(is_open[height_matters].any(axis=0), np.maximum(number, 0), 0)
    signature = np.vstack([n_steps, is_open])
    _, first, layer_of = np.unique(signature, axis=1, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))  # numbered from the bottom
    first = np.sort(first)
    restricted = np.array([process.layers is not None for process in processes], dtype=bool)
    return Layers(
        layer_of=rank[layer_of.ravel()].astype(np.int32),
        height=np.maximum(number[first], 0) * layer_height,
        is_open=is_open[:, first],
        notices=restricted | height_matters,
    )


def _is_open(process: Process, number: np.ndarray) -> np.ndarray:
    """Planes in which a process can start."""
    if process.layers is None:
        return np.ones(len(number), dtype=bool)
    first, last = process.layers
    return (number >= first) & (number <= (number.max(initial=0) if last is None else last))


def layer_numbers(occupation: np.ndarray, species: Sequence[Species]) -> np.ndarray:
    """Number of each plane of sites, counted from the surface of the electrode.

    Parameters
    ----------
    occupation : uint8, shape (nz, ny, nx)
        Species of every site at time zero.
    species : sequence of Species

    Returns
    -------
    number : int64, shape (nz,)
        1 directly above the highest complete layer of the electrode, or at the bottom of a lattice without one; 0 and
        below for that layer and what lies under it.
    """
    is_electrode = np.array([each.phase == "electrode" for each in species], dtype=bool)
    complete = is_electrode[occupation].reshape(len(occupation), -1).all(axis=1)
    surface = np.flatnonzero(complete).max(initial=-1)
    return np.arange(len(occupation), dtype=np.int64) - surface
