# SPDX-License-Identifier: BSD-3-Clause
"""JSON Schema and reference of decks: every key with meaning, range and an example that is accepted."""

import json
from pathlib import Path

from pydantic import create_model

from kmc.deck import Ramp, json_schema, parse_deck
from kmc.deck_reference import END, START, flow, sections, tables, updated
from kmc.deck_section import Section
from kmc.deck_values import Reading
from kmc.rates import RATE_LAWS
from kmc.yamltext import read_yaml

ROOT = Path(__file__).resolve().parents[1]


# --- schema and reference -----------------------------------------------------------------------------------


def test_json_schema_asks_for_sections_only_where_there_is_no_base():
    schema = json_schema()
    assert schema["properties"]["extends"]["description"]
    assert "required" not in schema
    assert schema["if"] == {"not": {"required": ["extends"]}}
    assert schema["then"]["required"] == ["run", "protocol", "processes"]
    assert schema["then"]["anyOf"] == [{"required": ["lattice", "species"]}, {"required": ["solution"]}]
    inner = schema["then"]["properties"]
    assert inner["run"] == {"required": ["duration"]}
    assert inner["species"]["additionalProperties"]["required"] == ["phase"]
    assert inner["protocol"]["properties"]["potential"]["properties"]["ramp"]["required"] == [
        "start",
        "end",
        "rate",
    ]
    assert "required" not in schema["$defs"]["RunDeck"]
    assert schema["$defs"]["ProcessDeck"]["required"] == ["name", "equation", "rate"]
    assert schema["$defs"]["PotentialRampSection"]["required"] == ["ramp"]
    assert json.loads(json.dumps(schema)) == schema


def test_page_of_the_deck_lists_every_key_as_the_code_has_it():
    page = (ROOT / "docs" / "deck.md").read_text(encoding="utf-8")
    assert page == updated(page), "write it anew: python -m kmc.deck_reference docs/deck.md"
    assert START in page
    assert END in page
    for path, section in sections():
        assert path == "" or f"`{path}`" in page
        for name, field in section.model_fields.items():
            assert f"| `{field.alias or name}` | {field.description}" in page
    assert all(f"**`{law}`**" in page for law in RATE_LAWS)


def test_every_key_has_a_meaning_and_an_example_that_is_accepted():
    adapted = 0
    for path, section in sections():
        for name, field in section.model_fields.items():
            assert field.description, (path, name)
            for example in field.examples or ():
                document = read_yaml(f"key: {flow(example)}\n", "example.yaml")
                reading = Reading(document, RATE_LAWS, tables=frozenset(["graphite"]))
                alone = create_model("Alone", __base__=Section, key=(field.rebuild_annotation(), ...))
                alone.model_validate(document.data, context=reading)
                assert reading.problems == []
                adapted += 1
    assert adapted > 60


def test_page_of_the_deck_shows_decks_that_can_be_read():
    page = (ROOT / "docs" / "deck.md").read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in page.split("```yaml\n")[1:]]
    assert parse_deck(blocks[0]).processes[0].name == "flip"
    deck = parse_deck(blocks[2], directory=ROOT / "inputs")
    assert deck.protocol.potential == Ramp(1.2, 0.1, 5e4)


def test_reference_says_type_range_default_and_example():
    lines = tables().split("\n")
    for key, cells in {
        "seed": [
            "seed of the random numbers",
            "whole number, from 0, up to 9223372036854775807",
            "`1`",
            "`7`",
        ],
        "potential-step": ["renew rates after this change", "potential [V], above 0 V", "`0.005 V`", "`10 mV`"],
    }.items():
        assert f"| `{key}` | {' | '.join(cells)} |" in lines
