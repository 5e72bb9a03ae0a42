"""``porescope solve --metal --linker``: frameworks are built, fitted and named."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from synthetic import sodalite

from porescope.crystal.symmetry import find_symmetry
from porescope.datasets.making import CardConfig, card_from_crystal
from porescope.datasets.template_store import TemplateStore
from porescope.diffraction.corrupt import CorruptionConfig, corrupt_pattern
from porescope.io.cif import read_cif
from porescope.io.cif_write import write_cif
from porescope.workflows.candidate_fits import card_reflections, card_space_group
from porescope.workflows.propose import ProposeConfig, propose_frameworks
from small_templates import TEREPHTHALIC, write_small

CLEAN = CorruptionConfig(
    start_deg=(4.0, 4.0),
    end_deg=(40.0, 40.0),
    lost_probability=0.0,
    cell_isotropic=0.0,
    cell_axis=0.0,
    fwhm_deg=(0.12, 0.12),
    march=(1.0, 1.0),
    impurity_peaks=0,
    guest_sigma=0.0,
    peak_counts=(20_000.0, 20_000.0),
)


@pytest.fixture(scope="module")
def small_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("templates") / "small.sqlite"
    return write_small(path, ids=("EDUSIF", "qmof-33eb7e6"))


@pytest.fixture(autouse=True)
def few_templates(small_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few templates in place of the shipped ones, and no nets of the catalogue."""
    monkeypatch.setattr("porescope.datasets.template_store.SHIPPED_TEMPLATES", small_file)
    monkeypatch.setattr("porescope.workflows.propose_on_nets._ways", lambda *_: iter(()))


@pytest.fixture(scope="module")
def scan(small_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Counts of MOF-5 with an edge of 26 Å, Cu Kα."""
    store = TemplateStore(small_file)
    (made,) = propose_frameworks(
        metals=("Zn",),
        linkers=(TEREPHTHALIC,),
        store=store,
        config=ProposeConfig(on_nets=False, n_conformers=2, caps=()),
    )
    store.close()
    crystal = find_symmetry(made.crystal, symprec=0.1, symmetrise=True)
    card = card_from_crystal(crystal, id="x", source="x", config=CardConfig(symprec=0.1))
    lattice = card.lattice * (26.0 / card.cell[0])
    pattern = corrupt_pattern(
        card_reflections(card, lattice=lattice, kind="xray"),
        lattice=lattice,
        rng=np.random.default_rng(1),
        config=CLEAN,
        space_group=card_space_group(card),
    )
    path = tmp_path_factory.mktemp("scan") / "mof5.xy"
    rows = zip(pattern.two_theta_deg, pattern.intensity, strict=True)
    path.write_text("".join(f"{x:.4f} {y:.1f}\n" for x, y in rows), encoding="utf-8")
    return path


@pytest.fixture
def cifs(tmp_path: Path) -> Path:
    """A library of one framework, another one."""
    folder = tmp_path / "cifs"
    folder.mkdir()
    write_cif(sodalite(), folder / "sod.cif")
    return folder


def test_the_built_framework_is_named_and_written(porescope, scan, cifs, tmp_path) -> None:
    out = tmp_path / "result"
    words = ("--metal", "Zn", "--linker", TEREPHTHALIC, "--library", cifs, "--wavelength", "CuKa")
    shown = porescope("solve", scan, *words, "--out", out)
    assert (shown.code, shown.err) == (0, "")
    record = json.loads((out / "candidates.json").read_text(encoding="utf-8"))
    first = record["candidates"][0]
    assert first["id"] == first["source"] == "assembled:EDUSIF"
    assert first["cell"][0] == pytest.approx(26.0, abs=0.03)
    total = record["none_of_these"] + sum(c["probability"] for c in record["candidates"])
    assert total == pytest.approx(1.0, abs=1e-4)
    crystal = read_cif(out / first["cif"])
    assert crystal.formula == "C24H12O13Zn4"
    assert crystal.parameters[0] == pytest.approx(first["cell"][0], abs=2e-3)
    text = re.sub(r"\s+", " ", shown.out)
    assert "EDUSIF" in text
    assert max(len(line.rstrip()) for line in shown.out.splitlines()) <= 80
    assert "assembled" in re.sub(r"\s+", " ", record["methods"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--nets", "pcu"), "add --linker"),
        (("--cap", "O"), "add --linker"),
        (("--solvent", "O"), "add --linker"),
        (("--metal", "Zn", "--linker", "C1("), "'C1('"),
        (("--metal", "Zn", "--linker", ""), "SMILES"),
        (("--metal", "Zn", "--linker", f"{TEREPHTHALIC}.O"), "several molecules"),
        (("--metal", "Qq", "--linker", TEREPHTHALIC), "'Qq' is no element"),
        (("--metal", "Zn", "--linker", TEREPHTHALIC, "--cap", "C1("), "'C1('"),
        (("--metal", "Zn", "--linker", "CCCC"), "none that could connect"),
        (("--metal", "Pu", "--linker", TEREPHTHALIC), "no known kind of framework joins Pu"),
        (("--metal", "Zn", "--linker", TEREPHTHALIC, "--nets", "qqq"), "no net named 'qqq'"),
        (("--metal", "Zn", "--linker", TEREPHTHALIC, "--max-atoms", "1"), "--max-atoms"),
    ],
)
def test_bad_input_is_one_sentence(porescope, scan, cifs, tmp_path, words, said) -> None:
    out = tmp_path / "result"
    shown = porescope(
        "solve", scan, *words, "--library", cifs, "--wavelength", "CuKa", "--out", out
    )
    assert shown.code == 2
    assert said in re.sub(r"\s+", " ", shown.err)
    assert "Traceback" not in shown.err
    assert shown.out == ""
    assert len(shown.err.strip().splitlines()) <= 2
    assert not out.exists()


def test_too_few_atoms_leave_what_the_library_has(porescope, scan, cifs, tmp_path) -> None:
    words = ("--metal", "Zn", "--linker", TEREPHTHALIC, "--max-atoms", "20", "--library", cifs)
    out = tmp_path / "result"
    shown = porescope("solve", scan, *words, "--wavelength", "CuKa", "--out", out)
    assert shown.code == 0
    record = json.loads((out / "candidates.json").read_text(encoding="utf-8"))
    assert not [c for c in record["candidates"] if c["source"].startswith("assembled")]
    assert record["none_of_these"] > 0.9


def test_options_reach_the_workflow(porescope, pattern_file, tmp_path, monkeypatch) -> None:
    from synthetic import synthetic_result

    asked = []

    def answer(file: Path, *, config: object, **_: object) -> object:
        asked.append(config)
        return synthetic_result(n_points=600)

    monkeypatch.setattr("porescope.workflows.solve.solve_pattern", answer)
    words = ("--metal", "zn", "--linker", TEREPHTHALIC, "--linker", "C1CN2CCN1CC2")
    limits = ("--nets", "pcu,dia", "--max-atoms", "200", "--solvent", "O", "--cap", "CC(=O)O")
    shown = porescope("solve", pattern_file, *words, *limits, "--out", tmp_path / "r")
    assert shown.code == 0
    (config,) = asked
    assert config.metals == ("Zn",)
    assert config.linkers == (TEREPHTHALIC, "C1CN2CCN1CC2")
    assert (config.nets, config.max_atoms, config.caps) == (("pcu", "dia"), 200, ("O", "CC(=O)O"))
