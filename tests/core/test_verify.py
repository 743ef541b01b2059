# SPDX-License-Identifier: BSD-3-Clause
"""verify() passes after ten million events, and fails when anything it looks at is broken."""

import cases
import numpy as np
import pytest
from kmc_core.verification import structures


def test_verify_is_clean_after_ten_million_events():
    engine = cases.engine_of(cases.rd3d((22, 22, 22)).parts())
    engine.run(cases.FOREVER, 10_000_000)
    engine.verify()
    assert engine.event_count.min() > 1000


def grown_film():
    """A film with classes, lists and levels in use."""
    engine = cases.engine_of(cases.film((12, 6, 6)).parts())
    engine.run(cases.FOREVER, 4000)
    engine.verify()
    return engine


def used_class(engine):
    """A class that some site is in and that has a list and a tunnelling rule."""
    arrays = structures(engine)
    classes = np.unique(engine.groups.classes)
    levels = np.unique(engine.electrons.levels)
    return int(
        next(c for c in classes[1:] if arrays["group"][c] >= 0 and arrays["total"][c] > 0 and len(levels) > 1)
    )


def break_species(engine, arrays):
    arrays["species"][np.flatnonzero(engine.species == 1)[0]] = 3


def break_class(engine, arrays):
    site = np.flatnonzero(engine.groups.classes)[0]
    arrays["record"][site] = engine.groups.places[site]


def break_level(engine, arrays):
    arrays["level"][np.flatnonzero(engine.electrons.levels)[-1]] = 0


def break_value(engine, arrays):
    arrays["value"][engine.electrons.levels[-1] or engine.electrons.levels.max()] += 1


def break_transmission(engine, arrays):
    arrays["transmission"][1 : engine.electrons.n_levels] *= 1.0000001


def break_table(engine, arrays):
    arrays["table"][arrays["table"] == used_class(engine)] = 0


def break_environment(engine, arrays):
    arrays["environment"][used_class(engine), :] = 2


def break_pool(engine, arrays):
    fullest = int(np.argmax(engine.groups.lengths))
    sites = engine.groups.sites(fullest)
    arrays["pool"][np.flatnonzero(arrays["pool"] == sites[0])] = sites[1]


def break_position(engine, arrays):
    site = engine.groups.sites(int(np.argmax(engine.groups.lengths)))[0]
    arrays["record"][site] += 1


def scale_one(name, factor):
    """Break one entry of a table of the classes."""

    def scale(engine, arrays):
        arrays[name][used_class(engine)] *= factor

    return scale


def shift_one(name, by):
    """Shift one entry of a table of the classes."""

    def shift(engine, arrays):
        arrays[name][used_class(engine)] += by

    return shift


def scale_group(name, factor):
    """Break one entry of a table of the groups."""

    def scale(engine, arrays):
        fullest = int(np.argmax(engine.groups.lengths))
        arrays[name][fullest] = type(arrays[name][fullest].item())(arrays[name][fullest] * factor)

    return scale


def break_entry_rule(engine, arrays):
    arrays["entry_rule"][0] += 1


def break_entry_sum(engine, arrays):
    arrays["entry_sum"][0] *= 1.0 + 1e-12


def break_entry_slot(engine, arrays):
    arrays["entry_slot"][0] += 1


def break_label(engine, arrays):
    arrays["label"][int(np.argmax(engine.groups.lengths))] -= 1


def break_order(engine, arrays):
    arrays["order"][:2] = arrays["order"][1::-1]


def break_sweep(engine, arrays):
    arrays["sweep"][int(np.argmax(engine.groups.lengths))] += 1


BREAKS = {
    "entry_slot": break_entry_slot,
    "is_current": scale_one("is_current", 0),
    "label": break_label,
    "order": break_order,
    "sweep": break_sweep,
    "species": break_species,
    "record": break_class,
    "level": break_level,
    "value": break_value,
    "transmission": break_transmission,
    "table": break_table,
    "key": shift_one("key", 1),
    "environment": break_environment,
    "total": scale_one("total", 1.0 + 1e-12),
    "group": shift_one("group", 1),
    "entry_rule": break_entry_rule,
    "entry_sum": break_entry_sum,
    "pool": break_pool,
    "length": scale_group("length", 0.5),
    "bound": scale_group("bound", 0.5),
    "weight": scale_group("weight", 1.1),
}


@pytest.mark.parametrize(("name", "broken"), [*BREAKS.items(), ("record", break_position)])
def test_verify_notices_that_something_is_broken(name, broken):
    engine = grown_film()
    arrays = structures(engine)
    before = arrays[name].copy()
    broken(engine, arrays)
    assert not np.array_equal(before, arrays[name]), "the test broke nothing"
    with pytest.raises(AssertionError):
        engine.verify()
    arrays[name][...] = before
    engine.verify()


def test_every_structure_is_broken_once():
    assert set(BREAKS) == set(structures(grown_film()))


def test_verify_notices_two_environments_with_one_key():
    """A collision of hashed keys puts sites with different rates into one class."""
    parts = cases.hop3d((6, 6, 6)).parts()
    weights = parts.rules.weights.copy()
    weights[1, 1:] = weights[1, 0]  # now only the number of empty neighbours counts
    engine = cases.engine_of(parts._replace(rules=cases.replace(parts.rules, weights=weights)))
    engine.run(cases.FOREVER, 0)
    with pytest.raises(AssertionError, match="another environment has the same key"):
        engine.verify()
