# SPDX-License-Identifier: BSD-3-Clause
"""The registry of modifiers: what acts on the rate constant of a process beside its rate law. Floor 1.

A modifier multiplies a rate constant or moves a barrier, site by site or molecule by molecule. What each of them does
is computed where the sites and molecules are; here stands what a reader needs to know about it, for documentation and
citations. Examples are decks that extend the one of `deck_examples`; a test runs them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Modifier:
    """A modifier with everything that a reader, a deck and a citation need to know about it."""

    name: str  # as in the reports
    keys: tuple[str, ...]  # of a deck, by which it is asked for
    equation: str  # plain text
    meaning: str  # of the symbols, with units
    default: str  # what holds where a deck does not ask for it
    source: str  # authors, journal, year, DOI
    example: str  # a deck, as YAML


_EVANS_POLANYI = "M. G. Evans and M. Polanyi, Trans. Faraday Soc. 34, 11 (1938), doi:10.1039/TF9383400011"

_COUPLE = (
    "- name: first reduction\n"
    "  equation: electrolyte + LiEC+ + e- <=> LiEC\n"
    "  rate:\n"
    "    law: marcus-hush-chidsey\n"
    "    standard-potential: 0.77 V\n"
    "    inner-reorganization-energy: 1.131 eV\n"
)
_REDUCTION = f"processes:\n{_COUPLE}    outer-reorganization-energy: 0.32 eV\n"
_OPENING = (
    "- name: ring opening\n"
    "  equation: LiEC <=> RO\n"
    "  rate: {law: eyring, barrier: 0.3 eV, reaction-free-energy: -0.1 eV}\n"
)

MODIFIERS: dict[str, Modifier] = {
    modifier.name: modifier
    for modifier in (
        Modifier(
            "activity",
            ("solution.NAME.activity",),
            "k product of a_s^n_s",
            "a_s: activity [1] of each solution species of which n_s molecules react",
            "a species without activity, count and concentration can be produced only",
            "law of mass action, C. M. Guldberg and P. Waage (1864)",
            "solution: {LiEC+: {activity: 0.067 +- 0.02}}\n"
            "processes:\n"
            "- name: lithium uptake\n"
            "  equation: electrolyte + LiEC+ + e- => LiEC\n"
            "  rate: {law: butler-volmer, prefactor: 1e9 1/s, standard-potential: 0.3 V}\n",
        ),
        Modifier(
            "molecules",
            ("solution.NAME.count", "solution.NAME.concentration", "compartment"),
            "in the solution, `per pair`: k times the number of distinct combinations of molecules; `per activity`: "
            "N_A V c0 k product of a_s^n_s; on the lattice: k product of a_s^n_s; a_s = N_s/(N_A V c0)",
            "N_s: molecules [1]; V: volume of the compartment [m^3]; c0 = 1 mol/L",
            "`rate-constants: per pair`",
            "D. T. Gillespie, J. Phys. Chem. 81, 2340 (1977), doi:10.1021/j100540a008",
            "compartment: {volume: 1000 nm^3, rate-constants: per activity}\n"
            "processes:\n"
            "- {name: pairing, equation: 2 LiEC(d) => 2 RO(d), rate: {law: constant, rate-constant: 1e9 1/s}}\n",
        ),
        Modifier(
            "tunnelling",
            ("processes[].tunnelling", "tunnelling"),
            "k exp(-sum of beta a over what lies between electrode and anchor), 0 below the cutoff; in the solution "
            "k exp(-beta d)",
            "beta: decay of the species on each site of the way, of the solution `default` [1/m]; a: length of a "
            "site [m]; d: distance of the compartment [m]",
            "`tunnelling: false`: electrons reach every site alike",
            "H. B. Gray and J. R. Winkler, Proc. Natl. Acad. Sci. 102, 3534 (2005), doi:10.1073/pnas.0408029102",
            "tunnelling: {decay: {default: 12 +- 6 1/nm, electrode: 0 1/nm}, cutoff: 1e-20}\n"
            f"{_REDUCTION}  tunnelling: true\n",
        ),
        Modifier(
            "neighbours",
            ("processes[].neighbours",),
            "barrier + n eps; without a barrier k exp(-n eps/(kB T)); the same eps in both directions of <=>",
            "n: neighbours of the given species in the given shell, before the event [1]; eps: energy [eV]",
            "no neighbours count",
            _EVANS_POLANYI,
            f'processes:\n{_OPENING}  neighbours: [{{species: [electrode, "{{film}}"], energy: 0.05 eV, shell: 1}}]\n',
        ),
        Modifier(
            "layer",
            ("processes[].layer",),
            "k, or 0 outside the layers",
            "layers of the anchor counted from the electrode surface, 1 = on it [1]",
            "all layers",
            "a restriction of the deck",
            f"{_REDUCTION}  layer: {{from: 1, to: 3}}\n",
        ),
        Modifier(
            "distance",
            ("processes[].rate",),
            "outer reorganization energy e^2/(8 pi eps0) (1/r - 1/(2 d)) (1/n^2 - 1/eps) of the site, where a rate "
            "says `distance: site`",
            "d: height of the anchor above the electrode surface, at least r [m]; r: radius [m]; n: refractive index "
            "[1]; eps: permittivity [1]",
            "the same energy everywhere",
            "R. A. Marcus, J. Chem. Phys. 43, 679 (1965), doi:10.1063/1.1696792",
            f"processes:\n{_COUPLE}"
            "    outer-reorganization-energy: {radius: 0.5 nm, refractive-index: 1.415, permittivity: 18.5, "
            "distance: site}\n",
        ),
        Modifier(
            "interactions",
            ("interactions", "processes[].transfer"),
            "barrier max(E0 + w dE, dG0 + dE, 0), on the way back less dG0 + dE; without a barrier k exp(-w dE/(kB "
            "T)), on the way back 1 - w",
            "dE: change of the energy of the lattice, a cluster expansion [eV]; w: transfer coefficient [1]; E0, dG0: "
            "barrier and reaction free energy without interactions [eV], dG0 only where it is known",
            "no interactions; with them `transfer: 0.5`",
            "J. M. Sanchez, F. Ducastelle and D. Gratias, Physica A 128, 334 (1984), "
            f"doi:10.1016/0378-4371(84)90096-7; {_EVANS_POLANYI}; J. Nielsen, M. d'Avezac, J. Hetherington and M. "
            "Stamatakis, J. Chem. Phys. 139, 224706 (2013), doi:10.1063/1.4840395",
            "interactions:\n"
            "  clusters:\n"
            "  - {name: nearest pair, sites: [[0, 0, 0], [1, 0, 0]], species: [RO, RO], energy: -0.1 +- 0.01 eV}\n"
            f"processes:\n{_OPENING}  transfer: 0.3\n",
        ),
    )
}
"""Every modifier, by its name."""
