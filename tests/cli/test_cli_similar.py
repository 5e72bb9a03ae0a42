"""``porescope similar`` and ``porescope library map``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from porescope.diffraction.corrupt import ideal_pattern
from porescope.io.cif_write import write_cif
from porescope.models import shipped
from tiny_space import TinySpace, own_crystal


@pytest.fixture
def near(porescope, tiny_space: TinySpace, own_cache: Path, monkeypatch: pytest.MonkeyPatch):
    """Ask the small library with the small weights."""
    monkeypatch.setattr(shipped, "WEIGHTS", tiny_space.shipped)

    def call(*words: str | Path):
        return porescope("similar", *words, "--library", tiny_space.library)

    return call


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A measured pattern that does not say its wavelength."""
    pattern = ideal_pattern(own_crystal(3))
    path = tmp_path / "scan.xy"
    columns = np.column_stack([pattern.two_theta_deg, pattern.intensity])
    np.savetxt(path, columns, fmt="%.4f %.2f")
    return path


def test_help_fits_80_columns_and_has_examples(porescope) -> None:
    for words in (("similar",), ("library", "map")):
        shown = porescope(*words, "--help")
        assert shown.code == 0
        assert max(len(line) for line in shown.out.splitlines()) <= 80
        assert "porescope " + " ".join(words) in shown.out.split("Usage:")[1][20:]


def test_a_crystal_is_listed_first_in_80_columns(near, tiny_space: TinySpace) -> None:
    shown = near(tiny_space.cifs / "own-3.cif", "--n", "4")
    assert shown.code == 0
    assert max(len(line) for line in shown.out.splitlines()) <= 80
    assert "own-3.cif: a crystal, compared with 8 cards" in shown.out
    rows = [line.split() for line in shown.out.splitlines() if line.strip()[:1].isdigit()]
    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    assert rows[0][1:3] == ["1.00", "own-3"]
    assert "lines" not in shown.out


def test_a_pattern_needs_its_wavelength_and_gets_both_scores(near, scan: Path) -> None:
    silent = near(scan)
    assert silent.code == 2
    assert "does not say its wavelength" in silent.err
    shown = near(scan, "--wavelength", "CuKa1", "--metal", "Al")
    assert shown.code == 0
    assert "lines" in shown.out
    assert "own-3" in shown.out
    assert "own-1" not in shown.out


def test_names_from_files_do_not_steer_the_terminal(near, tmp_path: Path) -> None:
    path = tmp_path / "[red]odd.cif"
    write_cif(own_crystal(1), path)
    shown = near(path)
    assert shown.code == 0
    assert "[red]odd.cif" in shown.out


def test_the_folder_holds_files_page_and_map(near, scan: Path, tmp_path: Path) -> None:
    out = tmp_path / "near"
    shown = near(scan, "--wavelength", "CuKa1", "--out", out, "--map", "-n", "3")
    assert shown.code == 0
    assert sorted(p.name for p in out.iterdir()) == [
        "map.html",
        "report.html",
        "similar.csv",
        "similar.json",
    ]
    again = near(scan, "--wavelength", "CuKa1", "--out", out)
    assert again.code == 0
    assert not (out / "map.html").exists()
    assert len(json.loads((out / "similar.json").read_text())["frameworks"]) == 8


def test_json_is_for_programs(near, tiny_space: TinySpace) -> None:
    record = json.loads(near(tiny_space.cifs / "own-2.cif", "--json").out)
    assert record["kind"] == "crystal"
    assert record["frameworks"][0]["id"] == "own-2"
    assert record["frameworks"][0]["line_match"] is None
    assert len(record["frameworks"][0]["cell"]) == 6


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere.cif",), "no such file"),
        (("CIF", "--elements", "Zz"), "'Zz' is no element"),
        (("CIF", "--metal", "U"), "no card of the library agrees with U"),
        (("CIF", "--formula", "Qq2"), "is no element"),
        (("CIF", "--map"), "say where with --out"),
        (("CIF", "--weights", "large"), "there are no weights 'large' in this installation"),
        (("CIF", "--n", "0"), "--n"),
        (("FOLDER",), "is a folder; name one CIF"),
        (("SCAN", "--wavelength", "CuKa1", "--range", "5", "5.2"), "at least 20 are needed"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    near, scan: Path, tiny_space: TinySpace, words, said
) -> None:
    places = {"CIF": tiny_space.cifs / "own-1.cif", "FOLDER": tiny_space.cifs, "SCAN": scan}
    outcome = near(*(places.get(word, word) for word in words))
    assert outcome.code == 2
    assert said in outcome.err
    assert outcome.err.startswith("error: ")


def test_without_torch_the_extra_is_named(tiny_space: TinySpace) -> None:
    words = ["similar", str(tiny_space.cifs / "own-1.cif"), "--library", str(tiny_space.library)]
    code = f"""
import sys
class NoTorch:
    def find_spec(name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
sys.meta_path.insert(0, NoTorch)
from porescope.apps.cli.main import run
sys.exit(run({words!r}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "porescope[ml]" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_map_is_one_page(porescope, near, tiny_space: TinySpace, tmp_path: Path) -> None:
    out = tmp_path / "map.html"
    shown = porescope("library", "map", "--out", out, "--library", tiny_space.library)
    assert shown.code == 0
    assert "8 frameworks" in shown.out
    assert "own-3" not in out.read_text(), "the data are packed"
    wrong = porescope("library", "map", "--method", "tsne", "--library", tiny_space.library)
    assert "choose pca or umap" in wrong.err
