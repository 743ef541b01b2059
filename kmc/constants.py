# SPDX-License-Identifier: BSD-3-Clause
"""Physical constants, CODATA 2022; all but the vacuum permittivity define the SI and are exact. Floor 0.

References
----------
Mohr, Newell, Taylor, Tiesinga, Rev. Mod. Phys. 97, 025002 (2025), doi:10.1103/RevModPhys.97.025002.
"""

import math

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

BOLTZMANN = 1.380649e-23
"""Boltzmann constant, [J/K]."""

SPEED_OF_LIGHT = 299792458
"""Speed of light in vacuum, [m/s]; a wavenumber times it is a frequency."""

VACUUM_PERMITTIVITY = 8.8541878188e-12
"""Electric constant, [F/m], relative standard uncertainty 1.6e-10."""

COULOMB_EV = ELEMENTARY_CHARGE / (4.0 * math.pi * VACUUM_PERMITTIVITY)
"""Energy of two elementary charges times their distance in vacuum, [eV m]: 1.4399645e-9."""

NOMINAL_TEMPERATURE = 298.15
"""Temperature at which a value that depends on temperature is quoted, [K]: 25 degC, that of thermochemical tables
(Cox, Wagman, Medvedev, CODATA Key Values for Thermodynamics, Hemisphere, 1989)."""

GAS_CONSTANT = 1.380649e-23 * AVOGADRO
"""Molar gas constant, [J/(mol K)]: 8.314462618."""
