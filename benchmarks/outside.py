# SPDX-License-Identifier: BSD-3-Clause
"""What a run of the main deck pays outside the event loop."""

import time

from benchmarks.problems import MAIN_DECK


def outside_the_loop(repetitions=20):
    """What a run of the main deck pays outside the event loop.

    Returns
    -------
    costs : dict of str to float
        Shortest CPU time [ms] of compiling the deck, of its rate constants at a new potential, and of all fields of one
        output.
    """
    from kmc import fields
    from kmc.deck import load_deck
    from kmc.model import Model

    model = Model.of(load_deck(MAIN_DECK))
    engine = model.engine()
    engine.run((0, 1e-6))
    film = engine.species.reshape(model.lattice.shape)
    table, lattice = fields.species_table(model.mechanism), model.lattice
    tasks = {
        "deck to model": lambda: Model.of(load_deck(MAIN_DECK)),
        "rate constants": lambda: model.mechanism.rate_constants(298.15, 0.1, lattice.spacing),
        "fields of an output": lambda: fields.observe(film, table, lattice),
    }
    return {name: min(_cpu_time(task) for _ in range(repetitions)) * 1e3 for name, task in tasks.items()}


def _cpu_time(task):
    begin = time.process_time()
    task()
    return time.process_time() - begin
