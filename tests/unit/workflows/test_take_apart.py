"""A table of frameworks that survives interruptions."""

from __future__ import annotations

import csv
import tarfile
from pathlib import Path

import numpy as np
import pytest

from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError
from porescope.io.cif import write_cif
from porescope.reticular.silica import silica_framework
from porescope.workflows.take_apart import row_of_file, rows_of_journal, take_all_apart


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "cifs"
    folder.mkdir()
    write_cif(silica_framework("SOD"), folder / "sodalite.cif")
    lone = Crystal(
        lattice=np.eye(3) * 8.0,
        frac=np.array([[0.0, 0.0, 0.0]]),
        numbers=np.array([47]),
        occupancy=np.ones(1),
        u_iso=np.full(1, np.nan),
    )
    write_cif(lone, folder / "silver.cif")
    (folder / "torn.cif").write_text("data_torn\n_cell_length_a 3\n")
    return folder


def test_rows_for_good_strange_and_torn_files(tmp_path: Path) -> None:
    folder, out = _folder(tmp_path), tmp_path / "out"
    rows = {row["name"]: row for row in take_all_apart(folder, out=out)}
    assert rows["sodalite"]["status"] == "ok"
    assert rows["sodalite"]["same_graph"]
    assert rows["silver"]["status"] == "unknown part"
    assert rows["silver"]["problems"][0] == "unknown guest: Ag"
    assert rows["torn"]["status"] == "failed"
    with (out / "take_apart.csv").open(newline="", encoding="utf-8") as stream:
        table = list(csv.DictReader(stream))
    assert [row["name"] for row in table] == ["silver", "sodalite", "torn"]
    assert "Si tetrahedron (Si, 4)" in table[1]["nodes"]


def test_a_stopped_run_goes_on(tmp_path: Path) -> None:
    folder, out = _folder(tmp_path), tmp_path / "out"
    take_all_apart([folder / "silver.cif", folder / "torn.cif"], out=out)
    journal = out / "take_apart.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-5])
    assert len(rows_of_journal(journal)) == 1
    told: list[str] = []
    rows = take_all_apart(folder, out=out, progress=lambda now: told.append(now.current))
    assert len(told) == 2
    assert [row["name"] for row in rows] == ["silver", "sodalite", "torn"]
    assert len(rows_of_journal(journal)) == 3


def test_archives_are_unpacked(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    archive = tmp_path / "set.tar.xz"
    with tarfile.open(archive, "w:xz") as stream:
        stream.add(folder / "silver.cif", arcname="set/silver.cif")
    (row,) = take_all_apart(archive, out=tmp_path / "out")
    assert row["file"] == "set/silver.cif"


def test_one_row_without_processes(tmp_path: Path) -> None:
    row = row_of_file(str(_folder(tmp_path) / "sodalite.cif"), {})
    assert row["net_name"] in ("sod", "SOD")
    assert row["charge"] == 0


def test_nothing_to_take_apart(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no \.cif file"):
        take_all_apart(tmp_path, out=tmp_path / "out")
    with pytest.raises(ConfigError, match="one process"):
        take_all_apart(tmp_path, out=tmp_path / "out", processes=0)
