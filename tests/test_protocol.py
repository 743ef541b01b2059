# SPDX-License-Identifier: BSD-3-Clause
"""Protocols: the series as written, the staircase as applied, tables from files."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmc.deck import load_deck
from kmc.errors import DeckError, KmcError
from kmc.protocol import Constant, Protocol, Ramp, TableSeries, load_table


def table(times, values):
    return TableSeries("bc.csv", "t", "v", np.array(times, dtype=float), np.array(values, dtype=float))


# --- series -------------------------------------------------------------------------------------------------


def test_constant_never_changes():
    assert Constant(0.1).value(1e9) == 0.1
    assert Constant(0.1).next_change(0.0, 5e-3) is None


def test_ramp_is_linear_and_then_held():
    ramp = Ramp(1.0, 0.0, 10.0)
    assert [ramp.value(t) for t in (0.0, 0.05, 0.1, 7.0)] == pytest.approx([1.0, 0.5, 0.0, 0.0])
    assert Ramp(0.0, 1.0, 10.0).value(0.05) == pytest.approx(0.5)
    assert Ramp(0.3, 0.3, 1.0).next_change(0.0, 0.1) is None


def test_next_change_of_a_ramp_is_after_step_over_rate():
    ramp = Ramp(1.0, 0.0, 10.0)
    assert ramp.next_change(0.0, 5e-3) == pytest.approx(5e-4)
    assert ramp.next_change(0.02, 5e-3) == pytest.approx(0.0205)
    assert ramp.next_change(0.0997, 5e-3) == pytest.approx(0.1)
    assert ramp.next_change(0.1, 5e-3) is None
    assert ramp.next_change(0.0, 5.0) == pytest.approx(0.1)


def test_next_change_counts_the_way_back_as_well():
    triangle = table([0, 1, 2], [0, 0.6, 0])
    assert triangle.next_change(0.0, 1.0) == pytest.approx(2.0)
    assert triangle.next_change(0.5, 0.4) == pytest.approx(1.0 + 2.0 / 3.0)


def test_next_change_is_later_even_where_steps_are_finer_than_time():
    steep = table([1e9, 1e9 + 1e-6], [0.0, 1.0])
    time = steep.next_change(1e9, 1e-12)
    assert time > 1e9


def test_constant_parts_are_steps_of_their_own():
    edges, levels = table([0, 1, 2, 3], [0.0, 0.0, 0.25, 0.25]).staircase(0.1)
    assert edges == pytest.approx([0.0, 1.0, 1.4, 1.8, 2.0])
    assert levels == pytest.approx([0.0, 0.05, 0.15, 0.225, 0.25])


def test_too_many_steps_are_refused():
    with pytest.raises(KmcError, match="more than 200000 steps of 1e-09"):
        Ramp(1.0, 0.0, 1.0).staircase(1e-9)


series = st.lists(st.floats(-2.0, 2.0), min_size=2, max_size=8).flatmap(
    lambda values: st.tuples(
        st.just(values), st.lists(st.floats(1e-3, 1.0), min_size=len(values), max_size=len(values))
    )
)


@given(series, st.floats(0.02, 1.0), st.floats(0.0, 10.0))
def test_staircase_is_never_off_by_more_than_half_a_step(points, step, time):
    values, gaps = points
    conditions = table(np.cumsum(gaps), values)
    applied = Protocol(conditions, Constant(300.0), (step, 1.0)).at(time)[0]
    assert abs(applied - conditions.value(time)) <= 0.5 * step * (1.0 + 1e-9) + 1e-12


@given(series, st.floats(0.02, 1.0))
def test_edges_increase_and_cover_what_next_change_says(points, step):
    values, gaps = points
    conditions = table(np.cumsum(gaps), values)
    edges, levels = conditions.staircase(step)
    assert edges[0] == 0.0
    assert np.all(np.diff(edges) > 0.0)
    assert levels[-1] == values[-1]
    assert [conditions.next_change(float(edge), step) for edge in edges] == [*edges[1:].tolist(), None]


# --- protocol -----------------------------------------------------------------------------------------------


def test_protocol_takes_the_middle_of_each_step():
    protocol = Protocol(Ramp(1.0, 0.0, 10.0), Constant(298.15), (0.1, 0.5))
    assert protocol.at(0.0) == pytest.approx((0.95, 298.15))
    assert protocol.at(0.0099) == pytest.approx((0.95, 298.15))
    assert protocol.at(0.05 + 1e-9) == pytest.approx((0.45, 298.15))
    assert protocol.at(1.0) == (0.0, 298.15)


def test_breakpoints_are_where_the_applied_values_change():
    protocol = Protocol(Ramp(1.0, 0.0, 10.0), Ramp(300.0, 301.0, 20.0), (0.25, 0.5))
    times, time = [], 0.0
    while (time := protocol.breakpoints(time, 1.0)) is not None:
        times.append(time)
        assert protocol.at(time) != protocol.at(math.nextafter(time, 0.0))
    assert times == pytest.approx([0.025, 0.05, 0.075, 0.1])


def test_breakpoints_end_with_the_run():
    protocol = Protocol(Ramp(1.0, 0.0, 10.0), Constant(300.0), (0.25, 0.5))
    assert protocol.breakpoints(0.0, 0.02) is None
    assert protocol.breakpoints(0.0, 0.025 + 1e-9) == pytest.approx(0.025)
    assert protocol.breakpoints(0.1, 1.0) is None
    assert Protocol(Constant(0.1), Constant(300.0)).breakpoints(0.0) is None


def test_when_breakpoints_are_asked_for_does_not_move_them():
    protocol = Protocol(Ramp(1.0, 0.0, 3.0), Constant(300.0), (0.007, 0.5))
    asked = {protocol.breakpoints(time) for time in np.linspace(0.0, 0.4, 997)}
    edges, _ = Ramp(1.0, 0.0, 3.0).staircase(0.007)
    assert asked <= {*edges.tolist(), None}


# --- tables -------------------------------------------------------------------------------------------------


def load(tmp_path, text, time="Time [s]", column="E [V]", dimension="potential"):
    path = tmp_path / "bc.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_table(path, time, column, dimension)


def test_table_is_interpolated_and_its_ends_held(tmp_path):
    found = load(tmp_path, "Time [s],I [A],E [V]\n1,9,0.5\n\n3,9,0.1\r\n")
    assert [found.value(t) for t in (0.0, 1.0, 2.0, 3.0, 9.0)] == pytest.approx([0.5, 0.5, 0.3, 0.1, 0.1])


def test_units_of_a_table_stand_in_its_headers(tmp_path):
    found = load(
        tmp_path,
        "t [h],Cell temperature [degC]\n0,25\n1,35\n",
        "t [h]",
        "Cell temperature [degC]",
        "temperature",
    )
    assert found.value(1800.0) == pytest.approx(303.15)
    millivolts = load(tmp_path, "\ufefft [min],E [mV]\n0,100\n1,200\n", "t [min]", "E [mV]")
    assert millivolts.value(30.0) == pytest.approx(0.15)


def test_header_as_pybamm_writes_it_is_understood(tmp_path):
    column = "X-averaged negative electrode surface potential difference [V]"
    assert load(tmp_path, f'Time [s],"{column}"\n0.0,0.1\n1e1,2E-1\n', column=column).value(
        5.0
    ) == pytest.approx(0.15)


def test_values_of_a_table_cannot_be_changed(tmp_path):
    with pytest.raises(ValueError, match="read-only"):
        load(tmp_path, "Time [s],E [V]\n0,1\n1,2\n").values[0] = 3.0


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("Time [s],Potential [V]\n0,1\n1,1\n", 1, "no column 'E [V]'"),
        ("Time [s],EE [V]\n0,1\n1,1\n", 1, "no column 'E [V]', did you mean 'EE [V]'?"),
        ("time [s],E [V]\n0,1\n1,1\n", 1, "no column 'Time [s]', did you mean 'time [s]'?"),
        ("Time [s];E [V]\n0;1\n1;1\n", 1, "no column 'Time [s]', did you mean 'Time [s];E [V]'?"),
        ("Time [s],E [V],E [V]\n0,1,1\n1,1,1\n", 1, "two columns are called 'E [V]'"),
        ("Time [s],E [V]\n0,1\n1,x\n2,1\n", 3, "'x' in column 'E [V]' is not a finite number"),
        ("Time [s],E [V]\n0,1\n1,\n2,1\n", 3, "'' in column 'E [V]' is not a finite number"),
        ("Time [s],E [V]\n0,nan\n1,1\n", 2, "'nan' in column 'E [V]' is not a finite number"),
        ("Time [s],E [V]\n0,1\ninf,1\n", 3, "'inf' in column 'Time [s]' is not a finite number"),
        ("Time [s],E [V]\n0,1\n1_0,1\n", 3, "'1_0' in column 'Time [s]' is not a finite number"),
        ("Time [s],E [V]\n0,1\n2,1\n1,1\n", 4, "the time does not increase from the row before"),
        ("Time [s],E [V]\n0,1\n0,1\n", 3, "the time does not increase from the row before"),
        ("Time [s],E [V]\n0,1\n\n\n1\n", 5, "1 cells in a table of 2 columns"),
        ("Time [s],E [V]\n0,1\n", None, "a table needs a header and at least two rows"),
        ("", None, "a table needs a header and at least two rows"),
        (b"Time [s],E [V]\n0,\xe9\n1,1\n", None, "is not UTF-8 text"),
        ('Time [s],E [V]\n0,"1\n1,1\n', 3, "is not a CSV table: unexpected end of data"),
    ],
)
def test_malformed_table_is_refused_with_its_line(tmp_path, text, line, message):
    with pytest.raises(DeckError, match=re.escape(message)) as caught:
        load(tmp_path, text)
    assert caught.value.problems[0].line == line
    assert caught.value.problems[0].file.endswith("bc.csv")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("E", "column 'E' has no unit; name it like 'Potential [V]'"),
        ("E [K]", "column 'E [K]': 'K' is a temperature; expected a potential such as '0.1 V'"),
        ("E [Volt]", "column 'E [Volt]': unknown unit 'Volt'"),
        ("E []", "column 'E []' has no unit"),
    ],
)
def test_header_without_the_right_unit_is_refused(tmp_path, header, message):
    with pytest.raises(DeckError, match=re.escape(message)):
        load(tmp_path, f"Time [s],{header}\n0,1\n1,1\n", column=header)


def test_temperature_below_absolute_zero_is_refused(tmp_path):
    with pytest.raises(DeckError, match=re.escape("bc.csv:3: a temperature must be above 0 K")):
        load(tmp_path, "Time [s],T [degC]\n0,1\n1,-274\n", column="T [degC]", dimension="temperature")


def test_table_that_is_missing_or_a_folder_is_refused(tmp_path):
    with pytest.raises(DeckError, match="no such file"):
        load_table(tmp_path / "none.csv", "Time [s]", "E [V]", "potential")
    with pytest.raises(DeckError, match="is a directory"):
        load_table(tmp_path, "Time [s]", "E [V]", "potential")


def test_table_with_many_faults_names_the_first_and_counts_the_rest(tmp_path):
    with pytest.raises(DeckError) as caught:
        load(tmp_path, "Time [s],E [V]\n" + "0,x\n" * 1000)
    assert len(caught.value.problems) == 10
    assert "and 991 more" in str(caught.value)


@pytest.mark.parametrize(
    ("key", "column", "values", "message"),
    [
        ("potential", "E [V]", (0.1, 1e9), r"'E \[V\]' must be at most 100 V, not 1e\+09 V as at 2 s"),
        ("potential", "E [mV]", (-2e5, 0.0), r"'E \[mV\]' must be at least -100 V, not -200 V as at 0 s"),
        ("temperature", "T [K]", (300.0, 2e5), r"'T \[K\]' must be at most 100000 K, not 200000 K as at 2 s"),
    ],
)
def test_values_of_a_table_have_the_bounds_of_the_deck(tmp_path, key, column, values, message):
    (tmp_path / "p.csv").write_text(f"t [s],{column}\n0,{values[0]}\n2,{values[1]}\n")
    series = {"temperature": "300 K", "potential": "0 V"}
    series[key] = f'{{table: {{file: p.csv, time: "t [s]", value: "{column}"}}}}'
    (tmp_path / "deck.yaml").write_text(
        "run: {duration: 1 us}\n"
        f"protocol: {{temperature: {series['temperature']}, potential: {series['potential']}}}\n"
        "solution: {A: {count: 1}, B: {count: 0}}\n"
        "processes: [{name: x, equation: A => B, rate: {law: constant, rate-constant: 1 1/s}}]\n"
    )
    with pytest.raises(DeckError, match=message):
        load_deck(tmp_path / "deck.yaml")
