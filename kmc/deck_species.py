# SPDX-License-Identifier: BSD-3-Clause
"""The sections of a deck that say what its species are, on the lattice and in the solution. Floor 1."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from kmc.deck_section import Section, Text
from kmc.deck_values import quantity

Phase = Literal["electrode", "liquid", "dissolved", "solid", "gas"]

MAX_COUNT = 10**12
"""Largest number of molecules of a species at the start; more of them would not fluctuate anyway."""


def _text_of(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class CrystalDeck(Section):
    """A crystal structure, for the molar volume."""

    spacegroup: Annotated[Text, BeforeValidator(_text_of)] = Field(
        description="international symbol or number", examples=["C2/c"]
    )
    cell: list[Annotated[float, Field(gt=0.0, lt=1000.0, allow_inf_nan=False)]] = Field(
        description="a, b, c [angstrom], alpha, beta, gamma [degree]",
        min_length=6,
        max_length=6,
        examples=[[8.359, 4.974, 6.194, 90, 114.79, 90]],
    )
    sites: dict[
        str,
        list[
            Annotated[list[Annotated[float, Field(allow_inf_nan=False)]], Field(min_length=3, max_length=3)]
        ],
    ] = Field(
        description="fractional coordinates of the inequivalent atoms, per element",
        examples=[{"Li": [[0.1965, 0.4488, 0.8344]]}],
    )
    source: str | None = Field(None, description="publication of the structure", examples=["Idemoto 1998"])


class SpeciesDeck(Section):
    """What can be on a site."""

    phase: Phase = Field(description="electrode, liquid, dissolved, solid or gas", examples=["solid"])
    formula: Text | None = Field(None, description="of one formula unit", examples=["C4H4Li2O6"])
    charge: int = Field(0, ge=-99, le=99, description="of a site [e]", examples=[-1])
    units_per_site: int = Field(1, ge=1, le=1000, description="formula units on a site", examples=[2])
    molar_volume: quantity("molar volume", above=0.0) | None = Field(
        None, description="of the formula unit", examples=["95.8 cm^3/mol"]
    )
    density: quantity("density", above=0.0) | None = Field(
        None, description="instead of the molar volume", examples=["1.69 g/cm^3"]
    )
    crystal: CrystalDeck | None = Field(
        None,
        description="instead of the molar volume",
        examples=[
            {
                "spacegroup": "Fm-3m",
                "cell": [4.03, 4.03, 4.03, 90, 90, 90],
                "sites": {"Li": [[0, 0, 0]], "F": [[0.5, 0.5, 0.5]]},
            }
        ],
    )
    guest: dict[str, Annotated[int, Field(ge=1, le=1000)]] = Field(
        default_factory=dict,
        description="atoms added to a site, for example interstitial lithium",
        examples=[{"Li": 1}],
    )
    colour: Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")] | None = Field(
        None, description="#rrggbb for pictures", examples=["#0072b2"]
    )
    label: str | None = Field(None, description="name for pictures", examples=["LEDC with Li"])


class SolutionDeck(Section):
    """A species that is on no site: held at an activity, finite in the compartment, or only produced and counted."""

    formula: Text | None = Field(
        None,
        description="of one molecule or ion; processes of a species without one are not balanced",
        examples=["C3H4LiO3"],
    )
    charge: int = Field(0, ge=-99, le=99, description="[e]", examples=[1])
    phase: Literal["dissolved", "gas"] = Field("dissolved", description="dissolved or gas", examples=["gas"])
    activity: quantity("dimensionless", least=0.0) | None = Field(
        None, description="held at this activity, however much is consumed", examples=["0.067 +- 0.02"]
    )
    count: Annotated[int, Field(ge=0, le=MAX_COUNT)] | None = Field(
        None, description="finite: molecules in the compartment at the start", examples=[500]
    )
    concentration: quantity("concentration", least=0.0) | None = Field(
        None, description="finite: instead of the count, which is the nearest whole number", examples=["1 mol/L"]
    )
