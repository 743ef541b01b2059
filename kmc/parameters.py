# SPDX-License-Identifier: BSD-3-Clause
"""Whether the parameters of a rate law hold where they come from a table, and at every temperature of the run. Floor 2.

What a deck writes itself is checked when it is read; what comes from tables, what parameters must satisfy together, and
what follows at the temperatures of the run, is checked here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from kmc.conditions import conditions_of
from kmc.quantity import Quantity, TableReference
from kmc.rates import RATE_LAWS, Parameter, RateLaw
from kmc.units import DIMENSIONS
from kmc.varying import OutOfRangeError, VaryingQuantity

if TYPE_CHECKING:
    from kmc.deck import Deck, ProcessDeck


class ParameterFault(NamedTuple):
    """Something wrong with a parameter of a rate law."""

    message: str
    path: tuple[str, ...]  # below the process
    hint: str | None = None


class ParameterChecks:
    """Checks of the parameters of all processes of a deck.

    Parameters
    ----------
    deck : Deck
    """

    def __init__(self, deck: Deck):
        applied = [each.temperature for each in conditions_of(deck.protocol.applied(), deck.run.duration)]
        self._temperatures = sorted({min(applied), max(applied)})

    def faults(self, entry: ProcessDeck, values: Mapping[str, Quantity]) -> list[ParameterFault]:
        """Everything wrong with the parameters of one process.

        Parameters
        ----------
        entry : ProcessDeck
        values : mapping of str to Quantity
            Those that are known, by their names in the deck; what came from a table among them.

        Returns
        -------
        list of ParameterFault
        """
        law = RATE_LAWS[entry.law]
        found = []
        for name, value in values.items():
            parameter = law.parameters[name]
            if isinstance(entry.parameters[name], TableReference):
                fault = parameter.fault(value.value)
                if fault:
                    shown = _shown(value.value, parameter)
                    found.append(ParameterFault(f"'{name}' {fault}, not {shown}", ("rate", name)))
            if isinstance(value, VaryingQuantity):
                found += self._over_the_run(name, value, parameter)
        return found or list(_together(law, values))

    def _over_the_run(self, name: str, value: VaryingQuantity, parameter: Parameter) -> Iterator[ParameterFault]:
        """A value that varies is known, and within its bounds, at the lowest and highest temperature."""
        for temperature in self._temperatures:
            try:
                now = float(value.at(temperature))
            except OutOfRangeError:
                low, high = value.limits
                message = f"'{name}' is given from {low:g} K to {high:g} K, but the run is at {temperature:g} K"
                yield ParameterFault(message, ("rate", name), "nothing is extrapolated; give it there, or as a slope")
                return
            fault = parameter.fault(now)
            if fault:
                shown = _shown(now, parameter)
                yield ParameterFault(f"'{name}' {fault}, not {shown} as at {temperature:g} K", ("rate", name))
                return


def _together(law: RateLaw, values: Mapping[str, Quantity]) -> Iterator[ParameterFault]:
    """What is wrong with parameters that are right one by one."""
    message = law.fault({name: each.value for name, each in values.items()})
    if message:
        yield ParameterFault(message, ("rate",))


def _shown(value: float | tuple[float, ...], parameter: Parameter) -> str:
    """A value in words, for messages."""
    if isinstance(value, tuple):
        return f"{len(value)} values"
    unit = DIMENSIONS[parameter.dimension].unit
    return f"{value:g}{'' if unit == '1' else f' {unit}'}"
