# SPDX-License-Identifier: BSD-3-Clause
"""What is said to PyBaMM about growth: only the law that the run supports, and a model that runs with it."""

import importlib
import json
import math

import h5py
import numpy as np
import pytest
from films import MECHANISM, box, write_film

from kmc import handover
from kmc.constants import FARADAY, GAS_CONSTANT
from kmc.export import export
from kmc.growth import compact_length, direct_exponent, last_half, tunnelling_slope
from kmc.result import Result

COUNT = 10_000
REDUCTION, INTERSTITIAL = 0, 4
PER_MOLE = FARADAY / (GAS_CONSTANT * 298.15)


def growing(path, rate, tunnelled=1.0):
    """A film of the given current per length, 10^4 electrons per output; `rate` takes L and L_c [m]."""
    write_film(path, lattice=box(8, 8, 30), heights=(0.0, *np.linspace(1.0, 8.0, 24)), overwrite=True)
    with Result(path) as result:
        length, compact = result.thickness.values, compact_length(result)
    with h5py.File(path, "r+") as file:
        lengths = ((values[1:] + values[:-1]) / 2 for values in (length, compact))
        file["time"][:] = np.concatenate([[0.0], np.cumsum(1.0 / rate(*lengths))])
        electrons = COUNT * np.arange(len(length))
        events = np.zeros((len(length), len(MECHANISM.processes)), dtype=np.int64)
        events[:, REDUCTION] = tunnelled * electrons
        events[:, INTERSTITIAL] = electrons - events[:, REDUCTION]
        file["electrons"][:], file["event_count"][:] = electrons, events
    return path


def tunnelling(path, factor=1.0):
    """Growth whose tunnelling current decays with `factor` times the barrier of the deck."""
    with Result(growing(path, lambda length, _: length)) as result:
        barrier = described(result)[handover.BARRIER].value
    return growing(path, lambda _, compact: np.exp(factor * barrier * (compact[-1] - compact)))


def diffusing(path, power=1.0, **more):
    """Growth by interstitials whose current goes with a power of the thickness."""
    return growing(path, lambda length, _: 1e2 * (length / 1e-9) ** -power, **{"tunnelled": 0.1} | more)


def described(result):
    return {p.name: p for p in handover.describe(result)}


def test_compact_length_counts_the_sites_of_the_film(tmp_path):
    write_film(tmp_path / "r.h5", heights=(0.0, 2.0, 9.0))
    result = Result(tmp_path / "r.h5")
    sites = result.data["film_count"].values.sum(axis=1)
    assert compact_length(result) == pytest.approx(0.5e-9 * sites / 144)
    assert compact_length(result)[-1] < result.thickness.values[-1]


def test_exchange_current_of_a_tunnelling_film_gives_back_its_current(tmp_path):
    result = Result(tunnelling(tmp_path / "r.h5"))
    given, growth = described(result), last_half(result)
    law = given[handover.EXCHANGE].value * math.exp(-0.5 * PER_MOLE * 0.1)
    law *= math.exp(-given[handover.BARRIER].value * growth.compact)
    assert law == pytest.approx(growth.current, rel=1e-9)
    assert given[handover.THICKNESS].value == pytest.approx(compact_length(result)[-1])
    assert "do not count as film" in given[handover.VOLUME].how
    assert "in agreement" in given[handover.EXCHANGE].how


@pytest.mark.parametrize("factor", [0.5, 1.1])
def test_current_that_decays_otherwise_than_the_deck_gives_no_exchange_current(factor, tmp_path):
    result = Result(tunnelling(tmp_path / "r.h5", factor))
    given = described(result)
    assert tunnelling_slope(result).value == pytest.approx(factor * given[handover.BARRIER].value, rel=1e-6)
    assert given[handover.EXCHANGE].value is None
    assert "1/m of the deck: carried to another thickness" in given[handover.EXCHANGE].how
    assert given[handover.THICKNESS].value == float(result.thickness[-1])
    assert handover.sei_option(handover.pybamm_parameters(result)) == "constant"


def test_exchange_current_needs_most_electrons_to_tunnel(tmp_path):
    given = described(Result(diffusing(tmp_path / "r.h5")))
    assert given[handover.EXCHANGE].value is None
    assert "electrons after" in given[handover.EXCHANGE].how


def test_interstitials_give_back_the_current_at_its_thickness(tmp_path):
    result = Result(diffusing(tmp_path / "r.h5"))
    given, growth = described(result), last_half(result)
    law = given[handover.DIFFUSIVITY].value * given[handover.CONCENTRATION].value * FARADAY / growth.thickness
    assert law * math.exp(-PER_MOLE * 0.1) == pytest.approx(growth.current, rel=1e-9)
    assert given[handover.DIFFUSIVITY].uncertainty == pytest.approx(
        given[handover.DIFFUSIVITY].value / math.sqrt(growth.electrons)
    )


def test_interstitials_are_not_limited_by_a_film_that_does_not_slow_them(tmp_path):
    result = Result(diffusing(tmp_path / "r.h5", power=0.0))
    given = described(result)
    assert direct_exponent(result).value == pytest.approx(0.0, abs=1e-6)
    assert given[handover.DIFFUSIVITY].value is None
    assert "not the 1 of diffusion through the film" in given[handover.DIFFUSIVITY].how


def test_interstitials_need_most_electrons_and_a_guest_in_a_host(tmp_path):
    few = described(Result(diffusing(tmp_path / "few.h5", tunnelled=0.7)))
    assert few[handover.CONCENTRATION].value is None
    assert "were taken without tunnelling" in few[handover.DIFFUSIVITY].how
    with h5py.File(diffusing(tmp_path / "none.h5"), "r+") as file:
        file["lithium_number"][5] = file["lithium_number"][4]
    assert "no interstitial" in described(Result(tmp_path / "none.h5"))[handover.DIFFUSIVITY].how


def test_moving_potential_gives_no_law_of_growth(tmp_path):
    with h5py.File(tunnelling(tmp_path / "r.h5"), "r+") as file:
        file["potential"][-1] = 0.2
    given = described(Result(tmp_path / "r.h5"))
    assert "the potential moved by 0.1 V" in given[handover.EXCHANGE].how
    assert given[handover.DIFFUSIVITY].value is None


def test_charge_of_the_sites_is_not_taken_for_electrons(tmp_path):
    write_film(tmp_path / "r.h5", heights=(0.0, 3.0, 5.0))
    before = described(Result(tmp_path / "r.h5"))[handover.RATIO].value
    with h5py.File(tmp_path / "r.h5", "r+") as file:
        file["charge_number"][3] = 1  # LEDC: one lithium of its two is Li+ that came without an electron
        sites, units = file["film_count"][-1], file["units_per_site"][:]
    after = described(Result(tmp_path / "r.h5"))[handover.RATIO].value
    assert before - after == pytest.approx(sites[3] / (sites @ units))


@pytest.mark.parametrize(
    ("make", "option"),
    [
        (tunnelling, "tunnelling limited"),
        (diffusing, "interstitial-diffusion limited"),
        (lambda path: tunnelling(path, 0.5), "constant"),
    ],
    ids=["tunnelling", "interstitials", "neither"],
)
def test_single_particle_model_runs_with_every_option(make, option, tmp_path):
    pybamm = importlib.import_module("pybamm")
    (path,) = export(make(tmp_path / "r.h5"), "pybamm")
    document = json.loads(path.read_text())
    assert document["options"] == {"SEI": option}
    assert document["measured"]["mean current density [A.m-2]"]["value"] > 0.0
    values = pybamm.ParameterValues("Chen2020")
    values.update(document["parameters"], check_already_exists=False)
    experiment = pybamm.Experiment(["Discharge at 1C until 2.8 V", "Charge at 1C until 4.1 V"])
    model = pybamm.lithium_ion.SPM(document["options"])
    solution = pybamm.Simulation(model, parameter_values=values, experiment=experiment).solve()
    thickness = solution["X-averaged negative SEI thickness [m]"].entries
    assert thickness[0] == pytest.approx(document["parameters"][handover.THICKNESS], rel=1e-6)
    assert np.isfinite(thickness).all()
    assert (thickness[-1] > thickness[0]) == (option != "constant")
    assert math.isfinite(solution["Loss of capacity to negative SEI [A.h]"].entries[-1])
