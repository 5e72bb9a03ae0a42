"""The reference page names every command and every option."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
COMMANDS = [
    ("solve",),
    ("similar",),
    ("simulate",),
    ("build",),
    ("take-apart",),
    ("index",),
    ("pores",),
    ("predict",),
    ("evaluate",),
    ("screen",),
    ("adsorb", "henry"),
    ("adsorb", "isotherm"),
    ("adsorb", "grid"),
    ("adsorb", "fit"),
    ("adsorb", "iast"),
    ("adsorb", "charges"),
    ("adsorb", "gases"),
    ("adsorb", "fields"),
    ("dataset", "hypothetical"),
    ("library", "add"),
    ("library", "list"),
    ("library", "remove"),
    ("library", "install"),
    ("library", "info"),
    ("library", "build"),
    ("library", "map"),
    ("train", "retrieval"),
    ("train", "property"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_option_is_described(porescope, command) -> None:
    text = PAGE.read_text(encoding="utf-8")
    section = text.split(f"\n## {command[0]}\n")[1].split("\n## ")[0]
    assert f"`{command[-1]}" in section or f"porescope {command[-1]}" in section
    options = set(re.findall(r"(--[a-z][a-z-]+)", porescope(*command, "--help").out))
    assert [option for option in sorted(options - {"--help"}) if option not in section] == []


def test_every_option_on_the_page_exists(porescope) -> None:
    text = PAGE.read_text(encoding="utf-8")
    known = set(re.findall(r"(--[a-z][a-z-]+)", porescope("--help").out))
    for command in COMMANDS:
        known |= set(re.findall(r"(--[a-z][a-z-]+)", porescope(*command, "--help").out))
    assert set(re.findall(r"(--[a-z][a-z-]+)", text)) - known == set()
