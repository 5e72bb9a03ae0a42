"""``predict`` as the user calls it."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from predict_toys import sodalite_file, weights_file

pytest.importorskip("torch")
pytest.importorskip("safetensors")

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a structure and weights, which is the current one."""
    monkeypatch.chdir(tmp_path)
    sodalite_file(tmp_path)
    targets = (("co2_mol_per_kg", "mol/kg"), ("n2_mol_per_kg", "mol/kg"))
    weights_file(tmp_path / "toy.safetensors", targets=targets)
    return tmp_path


def test_one_structure(porescope, here: Path) -> None:
    code, out, err = _parts(porescope("predict", "sodalite.cif", "--model", "toy"))
    assert (code, err) == (0, "")
    assert re.search(r"co2_mol_per_kg +-?[\d.]+ mol/kg", out)
    assert "symmetry-unique points" in out
    assert "is not known" in out
    assert all(len(line) <= 80 for line in out.splitlines())
    assert not (here / "porescope-predict").exists()


def test_a_map_with_a_ratio_and_a_density(porescope, here: Path) -> None:
    words = ("predict", "sodalite.cif", "-m", "toy", "-p", "co2", "--map", "--spacing", "1.5")
    code, out, _ = _parts(porescope(*words, "--against", "n2"))
    assert code == 0
    folder = here / "porescope-predict"
    assert {path.name for path in folder.iterdir()} == {
        "sodalite.json",
        "sodalite.cube",
        "sodalite.ratio.cube",
        "sodalite.atoms.csv",
        "sodalite.html",
    }
    assert "mean [mol/kg]" in out
    assert "co2_mol_per_kg over n2_mol_per_kg" in out
    with (folder / "sodalite.atoms.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 36
    assert "ratio" in rows[0]
    page = (folder / "sodalite.html").read_text(encoding="utf-8")
    assert "{{" not in page.split('<script type="text/plain"')[0]
    assert re.findall(r"(?:src|href)=.?https?:", page.split("<script")[0]) == []
    density = folder / "sodalite.cube"
    code, out, _ = _parts(porescope(*words, "--density", density, "--json", "--out", "again"))
    record = json.loads(out)
    assert code == 0
    assert record["density"]["pearson"] > 0.99
    assert record["density"]["density_class"] == record["density"]["map_class"]


def test_a_folder(porescope, here: Path) -> None:
    sodalite_file(here / "cifs", name="a.cif")
    sodalite_file(here / "cifs", name="b.cif", occupancy=0.5)
    (here / "known.csv").write_text("name,co2_mol_per_kg\na,2.5\n", encoding="utf-8")
    words = ("predict", "cifs", "-m", "toy", "-p", "co2", "--rank-sites", "--spacing", "1.5")
    code, out, _ = _parts(porescope(*words, "--truth", "known.csv", "--out", "out"))
    assert code == 1
    assert "2 structures: 1 predicted, 1 failed" in out
    assert "b.cif: b is disordered" in out
    with (here / "out" / "predictions.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["status"] for row in rows] == ["ok", "failed"]
    assert rows[0]["known_value"] == "2.5"
    assert (here / "out" / "sites.csv").read_text().count("\n") == 2
    page = (here / "out" / "report.html").read_text(encoding="utf-8")
    assert "Sites that contribute most" in page
    assert "<circle" in page
    code, out, _ = _parts(porescope(*words, "--out", "out", "--json"))
    assert [row["status"] for row in json.loads(out)["structures"]] == ["ok", "failed"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nothing.cif", "-m", "toy"), "no file or folder nothing.cif"),
        (("empty", "-m", "toy"), "no .cif file in empty"),
        (("disordered.cif", "-m", "toy"), "is disordered"),
        (("unknown.cif", "-m", "toy"), "unknown.cif"),
        (("sodalite.cif", "-m", "none"), "there are no weights none"),
        (("sodalite.cif", "-p", "taste"), "there is no property 'taste'"),
        (("sodalite.cif",), "name a property or a model"),
        (("sodalite.cif", "-m", "toy", "-p", "taste"), "choose one of co2_mol_per_kg"),
        (("sodalite.cif", "-m", "retrieval"), "trained for retrieval"),
        (("sodalite.cif", "-m", "toy", "--column", "x"), "give both"),
        (("sodalite.cif", "sodalite.cif", "-m", "toy", "--truth", "no.csv"), "no.csv"),
    ],
)
def test_one_clear_sentence(porescope, here: Path, words: tuple[str, ...], message: str) -> None:
    (here / "empty").mkdir()
    sodalite_file(here, name="disordered.cif", occupancy=0.5)
    text = (here / "sodalite.cif").read_text(encoding="utf-8")
    (here / "unknown.cif").write_text(text.replace("Si 0.25", "Xx 0.25").replace("T1", "Xx1"))
    weights_file(here / "retrieval.safetensors", preset="small", settings={}, targets=())
    code, out, err = _parts(porescope("predict", *words))
    assert code == 2
    assert out == ""
    assert len(err.strip().splitlines()) <= 2
    assert err.startswith("error: ")
    assert message in err
    assert "Traceback" not in err


def test_every_option_is_described(porescope) -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    section = text.split("\n## predict\n")[1].split("\n## ")[0]
    options = set(re.findall(r"(--[a-z][a-z-]+)", porescope("predict", "--help").out))
    assert [option for option in sorted(options - {"--help"}) if option not in section] == []


def _parts(outcome) -> tuple[int, str, str]:
    return outcome.code, outcome.out, outcome.err
