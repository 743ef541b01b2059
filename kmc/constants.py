# SPDX-License-Identifier: BSD-3-Clause
"""Physical constants, CODATA 2022 (the defining constants of the SI, hence exact). Floor 0.

References
----------
Mohr, Newell, Taylor, Tiesinga, Rev. Mod. Phys. 97, 025002 (2025), doi:10.1103/RevModPhys.97.025002.
"""

ELEMENTARY_CHARGE = 1.602176634e-19
"""Charge of the proton, [C]; also 1 eV in [J]."""

AVOGADRO = 6.02214076e23
"""Particles per mole, [1/mol]."""

BOLTZMANN_EV = 1.380649e-23 / ELEMENTARY_CHARGE
"""Boltzmann constant, [eV/K]: 8.617333262e-5."""

PLANCK_EV = 6.62607015e-34 / ELEMENTARY_CHARGE
"""Planck constant, [eV s]: 4.135667697e-15."""

FARADAY = ELEMENTARY_CHARGE * AVOGADRO
"""Charge of one mole of protons, [C/mol]: 96485.33212."""

GAS_CONSTANT = 1.380649e-23 * AVOGADRO
"""Molar gas constant, [J/(mol K)]: 8.314462618."""
