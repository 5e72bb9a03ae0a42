"""Making split files."""

import json
from pathlib import Path

import numpy as np
import pytest

from porescope.crystal.structure import Crystal
from porescope.datasets.library import SHIPPED
from porescope.datasets.splits_build import (
    entry_of,
    library_entries,
    read_blocks,
    read_taken_apart,
    with_blocks,
)
from porescope.errors import ConfigError, ParseError


def test_entries_of_the_library_prefer_the_experiment() -> None:
    entries = library_entries(SHIPPED)
    assert len(entries) > 33_000
    assert [e.source for e in entries[:1] + entries[-1:]] == ["core-mof-2019", "iza"]
    assert {e.code for e in entries if e.source == "iza"} >= {"MFI", "FAU"}
    assert len({e.id for e in entries}) == len(entries)


def test_an_entry_of_a_crystal() -> None:
    crystal = Crystal(
        lattice=np.eye(3) * 3.0,
        frac=np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]),
        numbers=np.array([14, 1]),
        occupancy=np.ones(2),
        u_iso=np.full(2, np.nan),
    )
    entry = entry_of(crystal, id="a", source="made")
    assert entry.volume_per_atom == pytest.approx(27.0)
    assert entry.formula == "HSi"


def test_blocks_of_a_journal(tmp_path: Path) -> None:
    journal = tmp_path / "take_apart.jsonl"
    rows = [
        {
            "name": "ABAYOU_clean",
            "status": "ok",
            "nodes": {"Zn4O(CO2)6 (C6O13Zn4, 6)": 2, "(HOZn, 3)": 1},
            "linkers": {"O=C(O)c1ccc(C(=O)O)cc1 (C6H4, 2)": 6},
        },
        {"name": "b", "status": "unknown part", "nodes": {}, "linkers": {}},
    ]
    journal.write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"name": "torn')
    (blocks,) = read_taken_apart(journal).values()
    assert blocks[1:] == ("node C6O13Zn4", "node OZn")
    assert blocks[0].startswith("linker ")
    assert list(read_taken_apart(journal)) == ["ABAYOU"]
    entries = library_entries(SHIPPED)
    found = with_blocks(entries, {"ABAYOU": blocks})
    assert [e.blocks for e in found if e.id == "ABAYOU"] == [blocks]
    assert sum(bool(e.blocks) for e in found) == 1


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no journal"):
        read_taken_apart(tmp_path / "a.jsonl")
    with pytest.raises(ConfigError, match="no work file"):
        read_blocks(tmp_path / "a.work")
    (tmp_path / "b.work").write_text("no database" * 100)
    with pytest.raises(ParseError, match="no work file of templates"):
        read_blocks(tmp_path / "b.work")
