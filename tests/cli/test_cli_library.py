"""``porescope library``: add, list, info, remove; and a folder as library of ``solve``."""

from __future__ import annotations

import json

import pytest
from synthetic import sodalite

from porescope.io.cif_write import write_cif


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PORESCOPE_LIBRARY", str(tmp_path / "user.sqlite"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cifs = tmp_path / "cifs"
    cifs.mkdir()
    write_cif(sodalite(), cifs / "sod.cif")
    (cifs / "broken.cif").write_text("data_x\nnothing here\n", encoding="utf-8")
    return cifs


def test_add_list_info_remove(porescope, folder, tmp_path) -> None:
    db = tmp_path / "user.sqlite"
    added = porescope("library", "add", folder, "--jobs", "1")
    assert (added.code, added.err) == (0, "")
    assert "1 framework added, 1 unreadable" in " ".join(added.out.split())
    assert "broken.cif: " in added.out
    again = porescope("library", "add", folder, "--jobs", "1")
    assert "0 frameworks added" in " ".join(again.out.split())
    listed = porescope("library", "list", "--library", db)
    assert "O2Si" in listed.out
    assert "user:cifs" in listed.out
    none = porescope("library", "list", "--library", db, "--contains", "U")
    assert "no framework fits" in none.out
    info = porescope("library", "info", "--library", db)
    assert "1 card of 1 framework," in info.out
    assert "broken.cif" in info.out
    wrong = porescope("library", "remove", "nothing-of-that-name")
    assert wrong.code == 2
    assert "nothing-of-that-name" in wrong.err
    gone = porescope("library", "remove", "user:cifs")
    assert gone.out == "removed 1 framework\n"


def test_install_says_what_there_is(porescope, folder) -> None:
    assert "iza" in porescope("library", "install").out
    wrong = porescope("library", "install", "no-such-collection")
    assert wrong.code == 2
    assert "no-such-collection" in wrong.err


def test_wrong_folders(porescope, folder, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    for place, said in ((tmp_path / "no", "no folder"), (tmp_path / "empty", "no .cif file")):
        shown = porescope("library", "add", place)
        assert shown.code == 2
        assert said in shown.err


def test_solve_searches_a_folder(porescope, folder, tmp_path) -> None:
    scan = tmp_path / "scan.xy"
    words = ("--out", scan, "--range", "8", "70", "--fwhm", "0.15")
    assert porescope("simulate", folder / "sod.cif", *words).code == 0
    out = tmp_path / "r"
    shown = porescope("solve", scan, "--library", folder, "--out", out)
    assert (shown.code, shown.err) == (0, "")
    record = json.loads((out / "candidates.json").read_text(encoding="utf-8"))
    first = record["candidates"][0]
    assert first["formula"] == "O2Si"
    assert first["cell"][0] == pytest.approx(8.83, abs=0.01)
    assert (out / first["cif"]).exists()
    nothing = porescope("solve", scan, "--library", tmp_path / "none", "--out", tmp_path / "q")
    assert nothing.code == 2
    assert "--library" in nothing.err
