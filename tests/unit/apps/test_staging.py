"""Results appear whole or not at all."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from porescope.apps.cli.staging import require_writable_folder, staged_file, staged_folder
from porescope.errors import ConfigError


def test_a_folder_appears_when_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b"
    with staged_folder(target) as staging:
        (staging / "x.txt").write_text("1", encoding="utf-8")
        assert not target.exists()
    assert (target / "x.txt").read_text(encoding="utf-8") == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_failure_leaves_everything_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "r"
    target.mkdir()
    (target / "x.txt").write_text("old", encoding="utf-8")

    def write(path: Path) -> None:
        path.write_text("new", encoding="utf-8")
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"), staged_folder(target) as staging:
        write(staging / "x.txt")
    assert (target / "x.txt").read_text(encoding="utf-8") == "old"
    with pytest.raises(OSError, match="no more"), staged_file(target / "x.txt") as path:
        write(path)
    assert (target / "x.txt").read_text(encoding="utf-8") == "old"
    assert [path.name for path in target.iterdir()] == ["x.txt"]


def test_stale_files_go_and_others_stay(tmp_path: Path) -> None:
    for name in ("fit_07.csv", "fit_notes.txt"):
        (tmp_path / name).write_text("", encoding="utf-8")
    with staged_folder(tmp_path, stale=("fit_[0-9]*.csv",)) as staging:
        (staging / "fit_01.csv").write_text("", encoding="utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fit_01.csv", "fit_notes.txt"]


def test_ctrl_c_waits_for_the_renames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = os.replace
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupted(source: Path, target: Path) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        replace(source, target)

    monkeypatch.setattr(os, "replace", interrupted)

    def two_files() -> None:
        with staged_folder(tmp_path / "r") as staging:
            for name in ("a", "b"):
                (staging / name).write_text("", encoding="utf-8")

    try:
        with pytest.raises(KeyboardInterrupt):
            two_files()
    finally:
        signal.signal(signal.SIGINT, previous)
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == ["a", "b"]


def test_files_have_the_usual_permissions(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("", encoding="utf-8")
    with staged_file(tmp_path / "x.csv") as path:
        path.write_text("", encoding="utf-8")
    assert (tmp_path / "x.csv").stat().st_mode == plain.stat().st_mode
    with staged_folder(tmp_path / "f") as staging:
        (staging / "y").write_text("", encoding="utf-8")
    plain_folder = tmp_path / "plain_folder"
    plain_folder.mkdir()
    assert (tmp_path / "f").stat().st_mode == plain_folder.stat().st_mode


def test_places_that_cannot_hold_results(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="is a file"):
        require_writable_folder(file)
    with pytest.raises(ConfigError, match="is a file"):
        require_writable_folder(file / "below" / "that")
    with pytest.raises(ConfigError, match="does not exist"), staged_file(tmp_path / "no" / "x"):
        pass
    with pytest.raises(ConfigError, match="is a folder"), staged_file(tmp_path):
        pass
    require_writable_folder(tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
