"""``porescope train property``."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")
pytest.importorskip("sklearn")

from porescope.apps.cli.property_table import units_from_words
from porescope.errors import ConfigError
from porescope.io.cif_write import cif_text
from property_toys import some_frameworks

SMALL = (
    *("--preset", "cgcnn", "--setting", "width=8", "--setting", "layers=1"),
    *("--setting", "head_width=8", "--setting", "most_neighbours=4", "--device", "cpu"),
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Sixty frameworks with their densities, beside a row and a file without partner."""
    cifs = tmp_path / "cifs"
    cifs.mkdir()
    lines = ["name,density"]
    for i, crystal in enumerate(some_frameworks(60, scale=0.002)):
        (cifs / f"f{i}.cif").write_text(cif_text(crystal))
        lines.append(f"f{i},{crystal.density}")
    (cifs / "alone.cif").write_text(cif_text(crystal))
    path = tmp_path / "own.csv"
    path.write_text("\n".join([*lines, "nowhere,1.0"]) + "\n")
    return path


def test_a_baseline_that_is_better_is_named(porescope, table: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = (
        *("train", "property", "--data", table, "--structures", tmp_path / "cifs"),
        *("--target", "density", "--unit", "g/cm³", "--out", run, "--epochs", 2, *SMALL),
        *("--baseline", "mean", "--baseline", "composition"),
    )
    paused = porescope(*words, "--time-limit", 0.001)
    assert paused.code == 0, paused.err
    assert "Paused at step 1 of" in paused.out
    done = porescope(*words)
    assert done.code == 0, done.err
    assert max(len(line) for line in done.out.splitlines()) <= 80
    assert "density [g/cm³], " in done.out
    shown = [line.split()[0] for line in done.out.splitlines() if line.strip()]
    # The density follows from the elements and from nothing that two passes learn.
    assert shown.index("composition") < shown.index("cgcnn")
    assert "the baseline 'composition' is better than the model" in " ".join(done.out.split())
    assert "left out" in done.out
    told = (run / "left_out.txt").read_text().splitlines()
    assert told == ["nowhere: no structure", "alone: no labels"]
    assert (run / "test.csv").is_file()
    assert (run / "best.safetensors").is_file()
    other = porescope(*words, "--learning-rate", 0.5)
    assert other.code == 2
    assert "learning_rate" in other.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "give a table: either --data FILE or --set NAME"),
        (("--data", "own.csv", "--set", "iza_hydrogen"), "give a table: either"),
        (("--data", "nowhere.csv"), "there is no table nowhere.csv"),
        (("--set", "iza_hydrogen"), "needs the folder of its table"),
        (("--set", "width=3"), "--setting width=3"),
        (("--set", "moon", "--labels", "."), "no labels called 'moon'; choose one of qmof_band"),
        (("--set", "iza_hydrogen", "--labels", ".", "--unit", "g/L"), "leave --unit out"),
        (("--data", "own.csv"), "at least one target is needed"),
        (("--data", "own.csv", "-t", "density"), "does not name its unit"),
        (("--data", "own.csv", "-t", "a_ev", "-u", "b=eV"), "'b' is no --target"),
        (("--data", "own.csv", "-t", "a_ev", "--split", "coin"), "no split 'coin'"),
        (("--data", "own.csv", "-t", "a_ev", "--baseline", "luck"), "no baseline 'luck'"),
        (("--data", "own.csv", "-t", "a_ev", "-p", "small"), "'small' is trained for retrieval"),
        (("--data", "own.csv", "-t", "a_ev", "--setting", "hue=1"), "no setting 'hue'"),
        (("--data", "own.csv", "-t", "a_ev", "--learning-rate", "0"), "must be above 0"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    porescope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words, said
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.csv").write_text("name,density\nf0,1\n")
    outcome = porescope("train", "property", "--structures", ".", *words)
    assert outcome.code == 2
    assert said in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert not (tmp_path / "runs").exists()


def test_too_few_structures_are_refused(porescope, table: Path, tmp_path: Path) -> None:
    table.write_text("name,density\nf0,1\nf1,2\n")
    words = ("--data", table, "--target", "density", "--unit", "g/cm³", "--out", tmp_path / "run")
    outcome = porescope("train", "property", "--structures", tmp_path / "cifs", *words)
    assert outcome.code == 2
    assert "at least 50 structures with a value are needed" in outcome.err
    assert "59 structures without labels" in outcome.err


def test_units_of_several_targets() -> None:
    assert units_from_words(["g/L"], targets=["a", "b"]) == {"a": "g/L", "b": "g/L"}
    assert units_from_words(["b=eV", "g/L"], targets=["a", "b"]) == {"a": "g/L", "b": "eV"}
    with pytest.raises(ConfigError, match="2 times without a column"):
        units_from_words(["g/L", "eV"], targets=["a", "b"])
    with pytest.raises(ConfigError, match="'a' has two units"):
        units_from_words(["a=g/L", "a=eV"], targets=["a"])
