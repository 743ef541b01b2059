# SPDX-License-Identifier: BSD-3-Clause
"""One band for all tests of barrier tables: it takes seconds to relax."""

from types import SimpleNamespace

import pytest
from barrier_tables import hop_of_an_adatom, vibrational_energies


@pytest.fixture(scope="session")
def hop(tmp_path_factory):
    """Images of a hop, the barrier and reaction energy [eV] by ASE's own analysis, and vibrations of both states."""
    from ase.mep import NEBTools

    images = hop_of_an_adatom()
    barrier, reaction = NEBTools(images).get_barrier()
    folder = tmp_path_factory.mktemp("vibrations")
    initial, saddle = (vibrational_energies(images[index], folder / str(index)) for index in (0, 2))
    return SimpleNamespace(
        images=images, barrier=float(barrier), reaction=float(reaction), initial=initial, saddle=saddle
    )
