# SPDX-License-Identifier: BSD-3-Clause
"""A reaction network of HiPRGen or RNMC as a barrier table: one row per reaction, by its id. Floor 1.

What a network writes is not always what a deck means: free energies of redox reactions lack the electron, and
barriers of reactions without one lie below zero. Such values are refused when a deck asks for them, with the reason.
The conversion of a whole network is the affair of `kmc import`.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from kmc.errors import Problem
from kmc.quantity import Location, Quantity
from kmc.rnmc_sqlite import KINDS, Network, NetworkReaction, read_network
from kmc.table_csv import QUANTITIES, read_sources
from kmc.table_rows import ENERGIES, Origin, Row, RowError, Rows, check_barrier

_PLACEHOLDER = 50.0  # eV; RNMC's own examples write -100 eV where a free energy is not known
_REDOX_KINDS = "OR"


def read_network_table(path: Path) -> Rows:
    """All reactions of a network.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Rows
        By id of the reaction: `rate-constant` [1/s], `reaction-free-energy` and `barrier` [eV] where the network has
        them; of a network with a lattice also `prefactor` [1/s] and `transfer-coefficient` of redox reactions.

    Raises
    ------
    DeckError  with everything that is wrong in the file.
    """
    network = read_network(path)
    sources = read_sources(path)
    found = {str(each.id): partial(_row, each, network, sources.of(str(each.id))) for each in network.reactions}
    return Rows(found, sources.problems + sources.strangers(found), shown=False)


def _row(reaction: NetworkReaction, network: Network, origin: Origin) -> Row:
    where = Location(str(network.path))
    program = "LGMC" if network.has_lattice else "HiPRGen or RNMC"
    parts = [f"{program} network, reaction {reaction.id}", origin.method]
    if reaction.lattice is not None:
        parts.insert(1, KINDS[reaction.lattice.kind])
    method = ", ".join(part for part in parts if part)
    row: Row = {}
    for name, value in _values(reaction).items():
        try:
            _check(name, value, reaction)
        except RowError as error:
            row[name] = Problem(f"reaction {reaction.id}: {error}", str(network.path))
        else:
            spread = origin.uncertainty if name == "barrier" else None
            row[name] = Quantity(value, spread, origin.source, method, where, dimension=QUANTITIES[name])
    return row


def _is_redox(reaction: NetworkReaction) -> bool:
    if reaction.lattice is None:
        return bool(reaction.is_redox)
    return reaction.lattice.kind in _REDOX_KINDS


def _values(reaction: NetworkReaction) -> dict[str, float]:
    """What the network has of a reaction, by the name in a deck."""
    if reaction.lattice is not None and _is_redox(reaction):
        # Its rate depends on the potential; LGMC does not read the column `rate` of it.
        kinetic = {
            "prefactor": reaction.lattice.prefactor,
            "transfer-coefficient": reaction.lattice.transfer_coefficient,
        }
    else:
        kinetic = {"rate-constant": reaction.rate}
    energies = {"reaction-free-energy": reaction.free_energy, "barrier": reaction.barrier}
    return kinetic | {name: value for name, value in energies.items() if value is not None}


def _check(name: str, value: float, reaction: NetworkReaction) -> None:
    """Refuse a number of the network that is not what the deck means by that name."""
    if name not in ENERGIES:
        return
    if _is_redox(reaction):
        raise RowError(
            f"it is a redox reaction, whose {name} there leaves out the electron or holds at one potential only; give "
            "the deck a law of electron transfer with its standard potential"
        )
    if abs(value) > _PLACEHOLDER:
        raise RowError(f"its {name} is {value:g} eV, which stands for an unknown one")
    if name == "barrier":
        try:
            check_barrier(value, reaction.free_energy)
        except RowError as error:
            raise RowError(f"{error}; a network writes so where there is no barrier: use its rate-constant") from None
