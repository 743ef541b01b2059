# SPDX-License-Identifier: BSD-3-Clause
"""Mass action: from rate constants of a deck to rates of molecules, in both conventions and both directions. Floor 3.

A solution process is counted per distinct combination of its finite reactants: n_A n_B for A + B, n (n - 1)/2 for
A + A. What the rate law of a deck gives is turned into the rate of one combination here, and nowhere else; the
conventions are documented with the keys of the compartment (`deck_compartment`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from kmc.compartment import Compartment
from kmc.process import Process
from kmc.rates import RATE_LAWS


class MassAction:
    """Factors between rate laws, rate constants and rates of molecules.

    Parameters
    ----------
    processes : sequence of Process
    compartment : Compartment

    Attributes
    ----------
    constant : float64, shape (n_processes,)
        What the value of the rate law is multiplied by to be the rate constant [1/s] in the convention of the deck.
    molecular : float64, shape (n_processes,)
        What that is multiplied by to be the rate [1/s] of one combination of molecules; 1 for a process of the lattice
        without finite species, the tunnelling through the solution included.
    """

    def __init__(self, processes: Sequence[Process], compartment: Compartment):
        self._compartment = compartment
        self.constant = np.array([self._constant(process, processes) for process in processes], dtype=np.float64)
        self.molecular = np.array([self._molecular(process) for process in processes], dtype=np.float64)

    def _constant(self, process: Process, processes: Sequence[Process]) -> float:
        if process.reverse_of is None:
            return self._volumetric(process)
        forward = processes[process.reverse_of]
        # The rate law gives both directions at activities 1: what turns it into the forward constant is undone, what
        # would turn it into the constant of this direction is done.
        return self._volumetric(forward) * self.standard(process) / self.standard(forward)

    def _volumetric(self, process: Process) -> float:
        """1/V for rate constants in m^3/s; molecules that are held at an activity count as their number in V."""
        if not RATE_LAWS[process.law].is_volumetric:
            return 1.0
        volume, molecules = self._compartment.size, self._compartment.molecules
        held = [molecules**order / math.factorial(order) for order in process.activity_orders.values()]
        return math.nan if volume is None else math.prod(held) / volume

    def standard(self, process: Process) -> float:
        """Rate constant of the deck's convention for a process whose constant at activity 1 is 1.

        Parameters
        ----------
        process : Process

        Returns
        -------
        factor : float
            1 for processes of the lattice, and where activities have no meaning because there is no volume.
        """
        if not process.is_solution or self._compartment.volume is None or self._is_per_activity(process):
            return 1.0
        return self._compartment.combination(process.molecule_orders)

    def _is_per_activity(self, process: Process) -> bool:
        return self._compartment.per_activity and not RATE_LAWS[process.law].is_volumetric

    def _molecular(self, process: Process) -> float:
        if not process.is_solution:
            return self._compartment.combination(process.molecule_orders, at_site=True)
        tunnelling = self._compartment.transmission if process.tunnelling else 1.0
        if self._is_per_activity(process):
            return tunnelling * self._compartment.combination(process.molecule_orders)
        return tunnelling


