# SPDX-License-Identifier: BSD-3-Clause
"""The reference of keys: every section, key, rate law and modifier has an example, and every example runs."""

from pathlib import Path

import pytest

from kmc.deck import load_deck
from kmc.deck_examples import EXAMPLES, HOST, HOST_NAME
from kmc.deck_forms import FORMS
from kmc.deck_reference import examples_of, sections, tables
from kmc.model import Model
from kmc.modifiers import MODIFIERS
from kmc.rates import RATE_LAWS
from kmc.schedule import clock
from kmc.yamltext import read_yaml

ROOT = Path(__file__).parent.parent
CYCLE = "Time [s],Potential [V],Temperature [degC]\n0,1.2,25\n1e-6,0.1,30\n"
CELL = '1\nLattice="0.0 0.3 0.3 0.3 0.0 0.3 0.3 0.3 0.0" Properties=species:S:1:pos:R:3 pbc="T T T"\nLi 0.0 0.0 0.0\n'
N_EVENTS = 10


@pytest.fixture
def run(tmp_path):
    """Runs a deck that extends the host of the examples for a few events; gives their number."""
    (tmp_path / HOST_NAME).write_text(HOST)
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "cycle.csv").write_text(CYCLE)
    (tmp_path / "tables" / "graphite_ec.csv").write_text((ROOT / "inputs" / "tables" / "graphite_ec.csv").read_text())
    # 0.3 in each direction, written in angstrom as the format has it
    (tmp_path / "li2o.extxyz").write_text(CELL.replace("0.3", "3.0"))

    def run(text):
        path = tmp_path / "example.yaml"
        path.write_text(text if text.startswith("extends:") else f"extends: {HOST_NAME}\n{text}")
        model = Model.of(load_deck(path))
        engine = model.engine()
        engine.run(clock(model.deck.run.duration), N_EVENTS)
        engine.verify()
        return engine.n_events

    return run


def test_host_of_the_examples_runs(run):
    assert run(HOST) == N_EVENTS


@pytest.mark.parametrize(("path", "text"), EXAMPLES, ids=[f"{path}-{n}" for n, (path, _) in enumerate(EXAMPLES)])
def test_example_of_a_section_runs(path, text, run):
    assert run(text) >= N_EVENTS  # a film in tiles ends with a window


@pytest.mark.parametrize("path", [path for path, _ in sections()])
def test_section_has_an_example_of_each_of_its_keys(path):
    assert examples_of(path)
    keys = {
        field.alias or name
        for where, section in sections()
        if where == path  # more than one where a value may be a ramp or a table
        for name, field in section.model_fields.items()
    }
    shown = set()
    for text in [HOST, *(text for _, text in EXAMPLES)]:
        for found in below(read_yaml(text, "example.yaml").data, path.split(".") if path else []):
            shown |= set(found)
    assert keys <= shown


def below(data, keys):
    """Every mapping of a deck at a path; NAME is any name, [] any item."""
    if not keys:
        yield from [data] if isinstance(data, dict) else []
        return
    key, *rest = keys
    if key == "NAME":
        inner = data.values() if isinstance(data, dict) else []
    else:
        value = data.get(key.removesuffix("[]")) if isinstance(data, dict) else None
        inner = [] if value is None else value if key.endswith("[]") else [value]
    for each in inner:
        yield from below(each, rest)


def equation_of(law):
    """An equation that a law can have, and the host can run."""
    if law.uses_potential:
        return "electrolyte + LiEC+ + e- <=> LiEC"
    if law.is_volumetric:
        return "2 LiEC(d) => 2 RO(d)"
    return "LiEC => RO"


@pytest.mark.parametrize("law", RATE_LAWS.values(), ids=RATE_LAWS)
def test_example_of_a_rate_law_runs(law, run):
    given = read_yaml(f"rate: {law.example}\n", "example.yaml").data["rate"]
    assert given["law"] == law.name
    assert {name for name, each in law.parameters.items() if each.required} <= set(given)
    text = f'processes:\n- name: step\n  equation: "{equation_of(law)}"\n  rate: {law.example}\n'
    assert run(text + "run: {duration: 1e10 s}\n") == N_EVENTS


@pytest.mark.parametrize("modifier", MODIFIERS.values(), ids=MODIFIERS)
def test_example_of_a_modifier_runs(modifier, run):
    assert run(modifier.example + "run: {duration: 1 s}\n") == N_EVENTS


@pytest.mark.parametrize("modifier", MODIFIERS.values(), ids=MODIFIERS)
def test_modifier_says_equation_default_and_source(modifier):
    assert modifier.equation
    assert modifier.default
    assert modifier.source
    known = {f"{path}.{key}".removeprefix(".") for path, each in sections() for key in each.model_fields}
    for key in modifier.keys:
        shown = key.split(".rate.")[0]
        assert any(
            each.replace("_", "-").replace("[]", "") == shown.replace("[]", "") for each in known | {"processes"}
        ), key


@pytest.mark.parametrize("form", FORMS, ids=[form.kind.__name__ + str(i) for i, form in enumerate(FORMS)])
def test_example_of_a_value_that_varies_runs(form, run):
    name, rate = {
        True: (
            "outer-reorganization-energy",
            "law: marcus, standard-potential: 0.77 V, inner-reorganization-energy: 1 eV",
        ),
        False: ("reaction-free-energy", "law: eyring, barrier: 0.3 eV"),
    }[form.image_charge]
    equation = equation_of(RATE_LAWS["marcus"]) if form.image_charge else "LiEC <=> RO"
    if form.dimensions == ("potential",):
        name, rate, equation = (
            "standard-potential",
            "law: butler-volmer, prefactor: 1e9 1/s",
            equation_of(RATE_LAWS["marcus"]),
        )
    text = f'processes:\n- {{name: step, equation: "{equation}", rate: {{{rate}, {name}: {form.example}}}}}\n'
    assert run(text + "run: {duration: 1e6 s}\n") == N_EVENTS


def test_reference_shows_every_example():
    page = tables()
    for text in [HOST, *(text for _, text in EXAMPLES), *(each.example for each in MODIFIERS.values())]:
        assert text in page
    assert all(f"rate: {law.example}" in page for law in RATE_LAWS.values())


def test_reference_of_a_modifier_has_equation_units_default_and_source():
    page = tables()
    for modifier in MODIFIERS.values():
        assert f"**`{modifier.name}`**" in page
        for said in (modifier.equation, modifier.default, modifier.source, modifier.meaning):
            assert said in page
