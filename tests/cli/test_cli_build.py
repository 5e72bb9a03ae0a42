"""``porescope build``: what it writes, what it says, and what it does with bad input."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from porescope.io.cif import read_cif
from small_templates import TEREPHTHALIC, write_small


@pytest.fixture(scope="module")
def small_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("templates") / "small.sqlite")


@pytest.fixture(autouse=True)
def few_templates(small_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few templates in place of the shipped ones, and no nets of the catalogue."""
    monkeypatch.setattr("porescope.datasets.template_store.SHIPPED_TEMPLATES", small_file)
    monkeypatch.setattr("porescope.workflows.propose_on_nets._ways", lambda *_: iter(()))


MOF5 = ("build", "--metal", "Zn", "--linker", TEREPHTHALIC, "--net", "pcu", "--cap", "none")


def test_writes_cifs_and_a_record(porescope, tmp_path) -> None:
    out = tmp_path / "deep" / "built"
    shown = porescope(*MOF5, "--no-relax", "-n", "1", "--out", out)
    assert (shown.code, shown.err) == (0, "")
    assert sorted(p.name for p in out.iterdir()) == ["1-pcu-EDUSIF.cif", "built.json"]
    record = json.loads((out / "built.json").read_text(encoding="utf-8"))
    (row,) = record["frameworks"]
    assert (row["rank"], row["file"], row["net"]) == (1, "1-pcu-EDUSIF.cif", "pcu")
    assert (row["formula"], row["n_atoms"], row["status"]) == (
        "C24H12O13Zn4",
        424,
        "assembled",
    )
    assert row["nodes"] == ["Zn4O(CO2)6 tetrahedron about oxygen"]
    assert (row["built_like"], row["known_with_this_metal"]) == ("EDUSIF", True)
    assert row["energy_ev_per_atom"] is None
    crystal = read_cif(out / "1-pcu-EDUSIF.cif")
    assert (crystal.n_atoms, crystal.formula) == (424, "C24H12O13Zn4")
    cell = [row["cell"][k] for k in ("a_a", "b_a", "c_a", "alpha_deg", "beta_deg", "gamma_deg")]
    np.testing.assert_allclose(crystal.parameters, cell, atol=2e-3)
    assert crystal.density == pytest.approx(row["density_g_per_cm3"], abs=1e-3)
    assert not list(tmp_path.rglob(".porescope-partial-*"))


def test_says_what_was_built_in_80_columns(porescope, tmp_path) -> None:
    shown = porescope(*MOF5, "--no-relax", "--out", tmp_path / "built")
    assert shown.code == 0
    assert max(len(line.rstrip()) for line in shown.out.splitlines()) <= 80
    text = re.sub(r"\s+", " ", shown.out)
    for word in ("net", "space group", "pcu", "EDUSIF", "F m -3 m", "Written"):
        assert word in text


def test_json_on_the_screen_is_what_is_written(porescope, tmp_path) -> None:
    out = tmp_path / "built"
    shown = porescope(*MOF5, "--no-relax", "--json", "--out", out)
    assert shown.code == 0
    assert json.loads(shown.out) == json.loads((out / "built.json").read_text(encoding="utf-8"))


def test_relaxing_is_said_with_its_energy(porescope, tmp_path, monkeypatch) -> None:
    from porescope.errors import ConvergenceError

    def fails(*_: object, **__: object) -> None:
        raise ConvergenceError("the force field has no answer")

    monkeypatch.setattr("porescope.workflows.build_framework.relax", fails)
    shown = porescope(*MOF5, "-n", "1", "--out", tmp_path / "built")
    assert shown.code == 0
    assert "Number 1: not relaxed: the force field has no answer" in re.sub(r"\s+", " ", shown.out)
    record = json.loads((tmp_path / "built" / "built.json").read_text(encoding="utf-8"))
    assert record["frameworks"][0]["status"].startswith("not relaxed")


def test_more_frameworks_are_numbered_and_limits_are_kept(porescope, tmp_path) -> None:
    every = ("build", "--metal", "zn", "--linker", TEREPHTHALIC, "--no-relax", "-n", "9", "--json")
    rows = json.loads(porescope(*every, "--out", tmp_path / "a").out)["frameworks"]
    assert [r["rank"] for r in rows] == list(range(1, len(rows) + 1))
    assert len({r["file"] for r in rows}) == len(rows) >= 3
    assert {"EDUSIF", "qmof-33eb7e6"} <= {r["built_like"] for r in rows}
    bare = json.loads(porescope(*every, "--cap", "none", "--out", tmp_path / "b").out)
    assert "qmof-33eb7e6" not in {r["built_like"] for r in bare["frameworks"]}
    small = json.loads(porescope(*every, "--max-atoms", "120", "--out", tmp_path / "c").out)
    assert {r["built_like"] for r in small["frameworks"]} == {"EDUSIF"}


def test_a_framework_without_metal(porescope, tmp_path) -> None:
    shown = porescope(
        "build", "--linker", "OB(O)c1ccc(cc1)B(O)O", "--no-relax", "--json", "-o", tmp_path / "cof"
    )
    assert shown.code == 0
    (row,) = json.loads(shown.out)["frameworks"]
    assert (row["built_like"], row["net"]) == ("COF-5", "hcb")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--metal", "Zn"), "name a linker"),
        (("--metal", "Zn", "--linker", "C1("), "'C1('"),
        (("--metal", "Zn", "--linker", ""), "SMILES"),
        (("--metal", "Zn", "--linker", "CCCC"), "none that could connect"),
        (("--metal", "Zn", "--linker", "OC(=O)c1ccccc1"), "one end"),
        (("--metal", "Qq", "--linker", TEREPHTHALIC), "'Qq' is no element"),
        (("--metal", "Pu", "--linker", TEREPHTHALIC), "no known kind of framework joins Pu"),
        (("--linker", TEREPHTHALIC), "boronic acid"),
        (("--metal", "Zn", "--linker", TEREPHTHALIC, "--net", "qqq"), "no net named 'qqq'"),
        (("--metal", "Zn", "--linker", TEREPHTHALIC, "--net", "fcu"), "on the net fcu"),
        (("--metal", "Zn", "--linker", TEREPHTHALIC, "--max-atoms", "20"), "--max-atoms"),
        (("--metal", "Zn", "--linker", TEREPHTHALIC, "--max-atoms", "1"), "--max-atoms"),
        (("--metal", "Zn", "--linker", TEREPHTHALIC, "--cap", "C1("), "'C1('"),
        (("--metal", "Zn", "--linker", TEREPHTHALIC, "-n", "0"), "--number"),
    ],
)
def test_bad_input_is_one_sentence(porescope, tmp_path, words, said) -> None:
    out = tmp_path / "built"
    shown = porescope("build", *words, "--out", out)
    assert shown.code == 2
    assert said in re.sub(r"[\s│]+", " ", shown.err)
    assert "Traceback" not in shown.err
    assert shown.out == ""
    assert len(shown.err.strip().splitlines()) <= 2
    assert not out.exists()


def test_a_folder_that_cannot_be_written_is_said_before_any_work(porescope, tmp_path) -> None:
    file = tmp_path / "a-file"
    file.write_text("mine", encoding="utf-8")
    shown = porescope(*MOF5, "--out", file / "built")
    assert shown.code == 2
    assert "Traceback" not in shown.err
    assert file.read_text(encoding="utf-8") == "mine"


def test_a_new_run_keeps_what_is_not_its_own(porescope, tmp_path) -> None:
    out = tmp_path / "built"
    out.mkdir()
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    assert porescope(*MOF5, "--no-relax", "-n", "1", "--out", out).code == 0
    assert (out / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_help_shows_an_example(porescope) -> None:
    shown = porescope("build", "--help")
    assert shown.code == 0
    assert "porescope build --metal Zn --linker" in shown.out
