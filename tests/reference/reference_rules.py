# SPDX-License-Identifier: BSD-3-Clause
"""What the rules of the twin in plain Python ask for, what can start where, and who can notice what."""

import math


class ReferenceRules:
    """Conditions, terms and changes of rules as lists; the twin's engine is one of these."""

    def _flatten_rules(self):
        """Conditions and counted neighbours of each rule as (position, value of each species) pairs."""
        rules = self.rules
        self.conditions, self.terms, self.changes = [], [], []
        for rule in range(len(rules.rule_process)):
            part = slice(*rules.condition_ptr[rule : rule + 2])
            self.conditions.append(
                list(
                    zip(
                        rules.condition_position[part].tolist(),
                        rules.condition_allowed[part].tolist(),
                        strict=True,
                    )
                )
            )
            part = slice(*rules.term_ptr[rule : rule + 2])
            self.terms.append(
                list(zip(rules.term_position[part].tolist(), rules.term_weight[part].tolist(), strict=True))
            )
            part = slice(*rules.change_ptr[rule : rule + 2])
            self.changes.append(
                list(
                    zip(
                        rules.change_position[part].tolist(), rules.change_species[part].tolist(), strict=True
                    )
                )
            )

    def _view(self, species):
        """For each position: the first species that looks like each one from a site of this species."""
        alike = []
        rules = range(self.rules.rule_ptr[species], self.rules.rule_ptr[species + 1])
        for position in range(len(self.opposite)):
            looks = [
                values
                for rule in rules
                for place, values in [*(() if self.is_blind[rule] else self.conditions[rule]), *self.terms[rule]]
                if place == position
            ]
            seen = [[values[other] for values in looks] for other in range(self.rules.n_species + 1)]
            alike.append([seen.index(look) for look in seen])
        return alike

    def _enabled(self, species, around, quanta):
        """[(rate, rule)] of a site, fastest first; equal rates keep the order of the rules."""
        found = []
        for rule in range(self.rules.rule_ptr[species], self.rules.rule_ptr[species + 1]):
            tunnels = bool(self.rules.rule_tunnels[rule])
            if tunnels and quanta is None:
                continue
            if not self.is_blind[rule] and not self._holds(rule, around):
                continue
            rate = self.rates[
                self.rules.rule_rate[rule]
                + sum(weight[around[position]] for position, weight in self.terms[rule])
            ] * self.scale[self.rules.rule_process[rule]]
            if tunnels:
                rate *= math.exp(-self.quantum * quanta)
            found.append((rate, rule))
        return sorted(found, key=lambda pair: -pair[0])

    def _holds(self, rule, around):
        return all(allowed[around[position]] for position, allowed in self.conditions[rule])

    def _is_quiet(self, rule):
        """Whether nobody can notice what a rule does, and the changed sites do not look around afterwards."""
        before = {place: flags[:-1] for place, flags in self.conditions[rule]}
        before[-1] = [rule < end for end in self.rules.rule_ptr[1:]]
        before[-1] = [k == before[-1].index(True) for k in range(self.rules.n_species)]
        for position, new in self.changes[rule]:
            if any(len(set(alike)) > 1 for alike in self.views[new]):
                return False
            for old in (species for species, there in enumerate(before[position]) if there):
                if any(alike[old] != alike[new] for view in self.views for alike in view):
                    return False
        return True
