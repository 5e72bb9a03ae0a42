"""``porescope evaluate``."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

from porescope.io.cif_write import cif_text
from predict_toys import points_settings, weights_file
from property_toys import some_frameworks


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "cifs").mkdir()
    lines = ["name,co2_1bar_mol_per_kg"]
    for i, crystal in enumerate(some_frameworks(3)):
        (tmp_path / "cifs" / f"f{i}.cif").write_text(cif_text(crystal))
        lines.append(f"f{i},{i}")
    path = tmp_path / "own.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_errors_on_a_table_of_ones_own(porescope, table: Path, tmp_path: Path) -> None:
    target = ("co2_1bar_mol_per_kg", "mol/kg")
    weights = weights_file(
        tmp_path / "w.safetensors", targets=(target,), settings=points_settings()
    )
    words = ("evaluate", "-m", weights, "-d", table, "-s", tmp_path / "cifs")
    done = porescope(*words, "--out", tmp_path / "errors.csv")
    assert done.code == 0, done.err
    assert max(len(line) for line in done.out.splitlines()) <= 80
    assert "co2_1bar_mol_per_kg [mol/kg], weights w" in done.out
    with (tmp_path / "errors.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["which"], row["n"]) for row in rows] == [("all", "3")]


def test_what_is_missing_is_said_at_once(porescope, table: Path, tmp_path: Path) -> None:
    cifs = tmp_path / "cifs"
    for words, told in (
        (("-p", "nothing", "-d", table), "no property 'nothing'"),
        (("-d", table), "name a property or a model"),
        (("-m", tmp_path / "no", "-d", table), "there are no weights"),
        (("-p", "nothing"), "--data FILE or --set NAME"),
    ):
        done = porescope("evaluate", "-s", cifs, *words)
        assert done.code == 2
        assert told in done.err
