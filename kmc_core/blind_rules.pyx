# SPDX-License-Identifier: BSD-3-Clause
"""BlindRules: what an engine remembers about rules that are blind; see `blind_review`."""
import numpy as np

from kmc_core.typedefs cimport int64_t

cdef int64_t NEVER = 1 << 60
cdef int64_t WINDOW = 1 << 16         # candidates between two reviews


cdef class BlindRules:
    """Counters of an engine.

    Parameters
    ----------
    rules : kmc_core.Rules
    are_chosen : bool
        Whether the engine chooses; otherwise it only gives up rules that crowd out others.
    """

    def __init__(self, rules, are_chosen):
        anchor = np.repeat(np.arange(rules.n_species), np.diff(rules.rule_ptr))
        _, family = np.unique(anchor * rules.n_processes + rules.rule_process, return_inverse=True)
        n_families = int(family.max(initial=-1)) + 1
        self.are_chosen = are_chosen and bool(np.any(np.diff(rules.condition_ptr) > 0))
        self.n_null, self.family = np.zeros(len(family) + 1, dtype=np.int64), family.astype(np.int32)
        self.barred, self.n_barred = np.zeros(n_families, dtype=np.int64), np.zeros(n_families, dtype=np.int32)
        self.last_review, self.next_choice, self.interval = 0, 0, 0
        self.next_review = WINDOW if self.are_chosen else NEVER

    def begin_window(self, int64_t n_candidates, has_blind):
        """Count null events afresh: the next review is a window from now, if there is anything to review."""
        self.n_null[:] = 0
        self.last_review = n_candidates
        self.next_review = n_candidates + WINDOW if self.are_chosen or has_blind else NEVER

    def state(self):
        """{name: array} for `restore`."""
        numbers = {name: np.array(value) for name, value in (
            ("are_chosen", self.are_chosen), ("last_review", self.last_review), ("next_review", self.next_review),
            ("next_choice", self.next_choice), ("interval", self.interval))}
        return numbers | {"n_null": np.array(self.n_null), "barred": np.array(self.barred),
                          "n_barred": np.array(self.n_barred)}

    def restore(self, state):
        """Take over a `state`."""
        for name, own in (("n_null", self.n_null), ("barred", self.barred), ("n_barred", self.n_barred)):
            np.asarray(own)[:] = state[name]
        self.are_chosen = bool(state["are_chosen"])
        self.last_review, self.next_review = int(state["last_review"]), int(state["next_review"])
        self.next_choice, self.interval = int(state["next_choice"]), int(state["interval"])
