# SPDX-License-Identifier: BSD-3-Clause
"""Tables of every key of a deck, for `docs/deck.md`. Floor 2.

`python -m kmc.deck_reference docs/deck.md` writes them anew, between the marks of the page. Meanings, ranges,
defaults and examples come from `deck_models`, rate laws from the registry, units from `units`.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from kmc.deck_examples import EXAMPLES, HOST, HOST_NAME
from kmc.deck_forms import FORMS
from kmc.deck_models import DeckSections
from kmc.deck_rate import Rate, bounds_of
from kmc.deck_schema import unit_key
from kmc.deck_section import Section
from kmc.deck_values import Bounds, Kind
from kmc.modifiers import MODIFIERS
from kmc.rates import RATE_LAWS, Parameter
from kmc.units import DIMENSIONS

START, END = "<!-- keys: generated -->", "<!-- keys: end -->"
"""What the generated part of the page stands between."""

_WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false", Rate: "mapping", Any: "value"}
_BOUNDS = {"gt": "above {}", "ge": "from {}", "lt": "below {}", "le": "up to {}"}


def sections() -> Iterator[tuple[str, type[Section]]]:
    """Every mapping of a deck, outer ones first.

    Yields
    ------
    path : str
        Where it stands, as in `protocol.potential.ramp`; NAME for a name that the user gives, [] for the
        items of a list. Empty for the deck itself.
    section : type of Section
    """
    waiting: list[tuple[str, type[Section]]] = [("", DeckSections)]
    while waiting:
        path, section = waiting.pop(0)
        yield path, section
        inner = []
        for name, field in section.model_fields.items():
            inner += _inner(field.annotation, f"{path}.{field.alias or name}".removeprefix("."))
        waiting = inner + waiting


def tables() -> str:
    """Markdown: a table of keys per mapping, then rate laws and dimensions.

    Returns
    -------
    text : str
    """
    merged: dict[type[Section], list[str]] = {}
    for path, section in sections():
        merged.setdefault(section, []).append(path)
    parts = []
    for section, paths in merged.items():
        title = " and ".join(f"`{path}`" for path in paths) if paths != [""] else "The deck"
        rows = [_row(name, field) for name, field in section.model_fields.items()]
        head = "| key | meaning | value | default | example |\n|---|---|---|---|---|"
        parts.append(f"### {title}\n\n{_text(section)}\n\n{head}\n" + "\n".join(rows))
        parts += [_block(text) for path in paths for text in examples_of(path)]
    return "\n\n".join([_host(), *parts, _laws(), _forms(), _modifiers(), _dimensions()])


def examples_of(path: str) -> list[str]:
    """Examples of the section at a path: decks that extend `deck_examples.HOST`."""
    return [text for where, text in EXAMPLES if where == path]


def updated(page: str) -> str:
    """A page with the tables between its marks written anew.

    Parameters
    ----------
    page : str

    Returns
    -------
    page : str
    """
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n\n{tables()}\n\n{END}{after}"


def _text(section: type[Section]) -> str:
    """What a section is for, its paragraphs kept."""
    paragraphs = (section.__doc__ or "").split("\n\n")
    return "\n\n".join(" ".join(each.split()) for each in paragraphs)


def _block(text: str) -> str:
    return f"```yaml\n{text}```"


def _host() -> str:
    return f"The examples below extend this deck, `{HOST_NAME}`, and run as they stand here.\n\n{_block(HOST)}"


def _modifiers() -> str:
    """What acts on a rate constant besides its law."""
    lines = [
        "### Modifiers",
        "",
        "What acts on the rate constant k of a law, site by site or molecule by molecule. `kmc rates` and `kmc check`",
        "show k without them, at activities 1.",
    ]
    for each in MODIFIERS.values():
        keys = ", ".join(f"`{key}`" for key in each.keys)
        lines += ["", f"**`{each.name}`**: {each.equation}  ", f"{each.meaning}  "]
        lines += [f"keys {keys}; without them: {each.default}  ", each.source, "", _block(each.example)]
    return "\n".join(lines)


def _inner(annotation: Any, path: str) -> list[tuple[str, type[Section]]]:
    """Sections within the type of a key, with their paths."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [(path, annotation)]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _inner(arguments[0], path)
    if origin is list:
        return _inner(arguments[0], f"{path}[]")
    if origin is dict:
        return _inner(arguments[1], f"{path}.NAME")
    if origin in (Union, types.UnionType):
        return [found for each in arguments for found in _inner(each, path)]
    return []


def _row(name: str, field: FieldInfo) -> str:
    """Row of one key."""
    cells = [
        f"`{field.alias or name}`",
        field.description or "",
        _type(field.annotation, field.metadata),
        _default(field),
        ", ".join(_code(each) for each in field.examples or ()) or "see below",
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(field: FieldInfo) -> str:
    """What holds where a key is left out."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or isinstance(value, Section) or value in ("", [], {}):
        return "none"
    kind = next((each for each in field.metadata if isinstance(each, Kind)), None)
    unit = DIMENSIONS[kind.dimension].unit if kind is not None else "1"
    return f"`{flow(value)}{'' if unit == '1' else f' {unit}'}`"


def _type(annotation: Any, metadata: list[Any] | tuple = ()) -> str:
    """What a value has to be, in words."""
    kind = next((each for each in metadata if isinstance(each, Kind)), None)
    if kind is not None:
        return _physical(kind)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0], arguments[1:])
    if origin is Literal:
        return " or ".join(f"`{each}`" for each in arguments)
    if origin is list:
        return f"list, each: {_type(arguments[0])}"
    if origin is dict:
        return f"mapping of names to: {_type(arguments[1])}"
    if origin in (Union, types.UnionType):
        words = [_type(each, metadata) for each in arguments if each is not type(None)]
        return " or ".join(dict.fromkeys(words))
    return f"{_WORDS.get(annotation, 'mapping')}{_range(metadata)}"


def _range(metadata: list[Any] | tuple) -> str:
    """Bounds of a plain number."""
    found = [each for item in metadata for each in (*getattr(item, "metadata", ()), item)]
    rules = [
        words.format(getattr(each, name))
        for each in found
        for name, words in _BOUNDS.items()
        if hasattr(each, name)
    ]
    return "".join(f", {rule}" for rule in rules)


def _physical(kind: Kind) -> str:
    """A physical value: dimension, range, whether it keeps a source and may come from a table."""
    unit = DIMENSIONS[kind.dimension].unit
    words = f"{kind.dimension} [{unit}]" if kind.dimension != "dimensionless" else "plain number"
    if kind.is_quantity:
        words += ", may carry `+-` or range, and source"
    words += _limits(kind.bounds, "" if unit == "1" else f" {unit}")
    return words + (", or `table#row`" if kind.reference else "")


def _limits(bounds: Bounds, unit: str) -> str:
    rules = [("above", bounds.above), ("from", bounds.least), ("below", bounds.below), ("up to", bounds.most)]
    return "".join(f", {words} {bound:g}{unit}" for words, bound in rules if bound is not None)


def _code(value: Any) -> str:
    return f"`{flow(value)}`"


def flow(value: Any) -> str:
    """A value as one line of YAML.

    Parameters
    ----------
    value : bool, int, float, str, list or dict

    Returns
    -------
    text : str
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(each) for each in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"' if any(sign in value for sign in "{}[],#\"'") else value
    return f"{value:g}" if isinstance(value, float) else str(value)


def _laws() -> str:
    """Rate laws with their parameters."""
    lines = [
        "### Rate laws",
        "",
        "`rate: {law: NAME, ...}`, with the parameters of that law; each may be `table#row`. Energies and potentials",
        "may depend on temperature, see below. Rate constants are in 1/s, where not said otherwise.",
    ]
    for law in RATE_LAWS.values():
        unit = f" in {law.unit}, for one pair of molecules of the solution" if law.is_volumetric else ""
        lines += ["", f"**`{law.name}`**: `{law.equation}`{unit}  ", f"{law.source}", ""]
        lines += [f"    rate: {law.example}", ""]
        lines += ["| parameter | meaning | value | default |", "|---|---|---|---|"]
        for name, each in law.parameters.items():
            default = (
                "required" if each.required else "none" if each.default is None else f"`{each.default:g}`"
            )
            lines.append(f"| `{name}` | {each.description} | {_parameter(each)} | {default} |")
    return "\n".join(lines)


def _parameter(parameter: Parameter) -> str:
    """What a parameter of a rate law has to be."""
    words = _physical(Kind(parameter.dimension, bounds_of(parameter), True, True))
    if parameter.length is not None:
        least, most = parameter.length
        return f"list of {least if least == most else f'{least} or more'}, each: {words}"
    words += ", may depend on temperature" if parameter.may_vary else ""
    return words + (" or be computed from the image charge" if parameter.image_charge else "")


def _forms() -> str:
    """Mappings from which a value follows."""
    lines = [
        "### Values that depend on temperature or height",
        "",
        "Instead of a number, a parameter of a rate law that is an energy or a potential may be one of these mappings;",
        "each may carry `source` and `method`, each number in it its `+-` or range. Where one value is shown, it is",
        "that at 298.15 K. The mapping with a `radius` is for `outer-reorganization-energy` only.",
        "",
        "| mapping | value |",
        "|---|---|",
    ]
    return "\n".join([*lines, *(f"| `{form.example}` | {form.meaning} |" for form in FORMS)])


def _dimensions() -> str:
    """Dimensions, with the key of `units` and an example."""
    lines = [
        "### Dimensions",
        "",
        "| dimension | key in `units` | internal unit | example |",
        "|---|---|---|---|",
    ]
    for name, each in DIMENSIONS.items():
        key = "" if name == "dimensionless" else f"`{unit_key(name)}`"
        lines.append(f"| {name} | {key} | {'' if each.unit == '1' else each.unit} | `{each.example}` |")
    return "\n".join(lines)


if __name__ == "__main__":
    for file in sys.argv[1:]:
        Path(file).write_text(updated(Path(file).read_text(encoding="utf-8")), encoding="utf-8")
