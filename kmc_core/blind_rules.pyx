# SPDX-License-Identifier: BSD-3-Clause
"""BlindRules: what an engine remembers about rules that are blind; see `blind_review`."""
import numpy as np

cdef int64_t NEVER = 1 << 60


cdef class BlindRules:
    """Counters of an engine.

    Parameters
    ----------
    rules : kmc_core.Rules
    are_chosen : bool
        Whether the engine chooses; otherwise rules stay as they are.
    """

    def __init__(self, rules, are_chosen):
        anchor = np.repeat(np.arange(rules.n_species), np.diff(rules.rule_ptr))
        _, family = np.unique(anchor * rules.n_processes + rules.rule_process, return_inverse=True)
        n_families = int(family.max(initial=-1)) + 1
        self.are_chosen = are_chosen and bool(np.any(np.diff(rules.condition_ptr) > 0))
        self.n_null, self.family = np.zeros(len(family) + 1, dtype=np.int64), family.astype(np.int32)
        self.barred, self.n_barred = np.zeros(n_families, dtype=np.int64), np.zeros(n_families, dtype=np.int32)
        self.last_review, self.next_choice, self.interval = 0, 0, 0
        self.next_review = 0 if self.are_chosen else NEVER

    def state(self):
        """{name: array} for `restore`."""
        numbers = {name: np.array(value) for name, value in (
            ("last_review", self.last_review), ("next_review", self.next_review), ("next_choice", self.next_choice),
            ("interval", self.interval))}
        return numbers | {"n_null": np.array(self.n_null), "barred": np.array(self.barred),
                          "n_barred": np.array(self.n_barred)}

    def restore(self, state):
        """Take over a `state`."""
        for name, own in (("n_null", self.n_null), ("barred", self.barred), ("n_barred", self.n_barred)):
            np.asarray(own)[:] = state[name]
        self.last_review, self.next_review = int(state["last_review"]), int(state["next_review"])
        self.next_choice, self.interval = int(state["next_choice"]), int(state["interval"])
