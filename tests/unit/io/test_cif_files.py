"""Files that a list of files and folders stands for."""

from __future__ import annotations

from pathlib import Path

import pytest

from porescope.errors import ConfigError
from porescope.io.cif_files import cifs_below, structure_files


def test_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    paths = [tmp_path / name for name in ("b.cif", "below/a.CIF", "other.txt")]
    for path in paths:
        path.write_text("", encoding="utf-8")
    assert cifs_below(tmp_path) == paths[:2]
    assert structure_files([tmp_path / "below", tmp_path]) == [paths[1], paths[0]]
    assert structure_files([paths[2], str(paths[0])]) == [paths[2], paths[0]]


def test_nothing_there(tmp_path: Path) -> None:
    for sources, message in (
        ([], "name a CIF"),
        ([tmp_path], "no .cif file"),
        ([tmp_path / "x.cif"], "no file or folder"),
    ):
        with pytest.raises(ConfigError, match=message):
            structure_files(sources)
    with pytest.raises(ConfigError, match="no folder"):
        cifs_below(tmp_path / "x")
