"""Screening: one row for each file whatever happens, and nothing twice."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from screen_doubles import calls, make_files

from porescope.adsorption.state_point import StatePoint
from porescope.errors import ConfigError
from porescope.io.result_tables import read_parquet
from porescope.workflows.screen import ScreenProgress, ScreenReport, screen

pytest.importorskip("pyarrow")


def screened(folder: Path, out: Path, **options: Any) -> ScreenReport:
    chosen: dict[str, Any] = {"tasks": ("geometry",), "row_maker": "screen_doubles:make_row"}
    return screen(folder, out=out, **(chosen | options))


def by_file(report: ScreenReport) -> dict[str, dict[str, Any]]:
    return {row["file"]: row for row in report.rows}


def test_crashes_faults_and_hangs_cost_one_row_each(tmp_path: Path) -> None:
    texts = ("good a", "crash b", "abort c", "fault d", "hang e", "good ff")
    folder = make_files(tmp_path / "cifs", *texts)
    report = screened(folder, tmp_path / "out", jobs=2, time_limit=1.5)
    rows = by_file(report)
    assert [row["status"] for row in report.rows] == ["ok", *["failed"] * 4, "ok"]
    assert rows["001.cif"]["message"] == "its process ended with code 3"
    assert rows["002.cif"]["message"] == "its process was ended by SIGABRT"
    assert rows["003.cif"]["message"] == "its process ended with code 1: KeyError: 'd'"
    assert "stopped after 1.5 s" in rows["004.cif"]["message"]
    names = [column.name for column in report.columns]
    assert all(list(row) == names or set(row) == set(names) for row in report.rows)
    assert rows["005.cif"]["lcd_angstrom"] == 5.0


def test_tables_say_the_same(tmp_path: Path) -> None:
    folder = make_files(tmp_path / "cifs", "good a", "crash b", "good ccc")
    report = screened(folder, tmp_path / "out")
    rows, settings = read_parquet(tmp_path / "out" / "results.parquet")
    assert rows == list(report.rows)
    assert settings == report.settings == json.loads((tmp_path / "out/settings.json").read_text())
    with (tmp_path / "out" / "results.csv").open(encoding="utf-8", newline="") as stream:
        table = list(csv.DictReader(stream))
    assert [row["lcd_angstrom"] for row in table] == ["4.0", "", "6.0"]
    assert list(table[0]) == [column.name for column in report.columns]


def test_same_content_is_computed_once(tmp_path: Path) -> None:
    folder = make_files(tmp_path / "cifs", "good a", "good bb", "good a")
    make_files(folder / "deep", "good a")
    seen: list[ScreenProgress] = []
    report = screened(folder, tmp_path / "out", progress=seen.append)
    assert sorted(calls(folder)) == ["000.cif", "001.cif"]
    rows = by_file(report)
    assert rows["002.cif"]["same_as"] == rows["deep/000.cif"]["same_as"] == "000.cif"
    assert rows["002.cif"]["lcd_angstrom"] == rows["000.cif"]["lcd_angstrom"]
    assert rows["deep/000.cif"]["name"] == "000"
    assert report.n_duplicates == 2
    assert (seen[-1].done, seen[-1].total) == (4, 4)


def test_another_run_computes_only_what_is_new(tmp_path: Path) -> None:
    folder = make_files(tmp_path / "cifs", "good a", "crash b")
    screened(folder, tmp_path / "out")
    make_files(folder / "new", "good ccc")
    report = screened(folder, tmp_path / "out")
    assert report.n_resumed == 2
    assert calls(folder) == ["000.cif"]
    assert calls(folder / "new") == ["000.cif"]
    (folder / "001.cif").rename(folder / "renamed.cif")
    assert by_file(screened(folder, tmp_path / "out"))["renamed.cif"]["status"] == "failed"
    assert screened(folder, tmp_path / "out", resume=False).n_resumed == 0
    assert calls(folder) == ["000.cif", "000.cif"]


def test_failed_rows_are_tried_again_when_asked(tmp_path: Path) -> None:
    folder = make_files(tmp_path / "cifs", "good a", "hang b")
    assert screened(folder, tmp_path / "out", time_limit=1.0).count("failed") == 1
    report = screened(folder, tmp_path / "out", time_limit=1.0, retry_failed=True)
    assert report.n_resumed == 1
    assert calls(folder) == ["000.cif"]


def test_other_settings_are_refused(tmp_path: Path) -> None:
    folder = make_files(tmp_path / "cifs", "good a")
    screened(folder, tmp_path / "out")
    with pytest.raises(ConfigError, match=r"other settings \(field was UFF and is DREIDING\)"):
        screened(folder, tmp_path / "out", field="DREIDING")
    with pytest.raises(ConfigError, match="properties was"):
        screened(folder, tmp_path / "out", tasks=("geometry", "histogram"))
    screened(folder, tmp_path / "out", field="DREIDING", resume=False)


def test_a_torn_line_is_dropped_and_a_broken_one_named(tmp_path: Path) -> None:
    folder = make_files(tmp_path / "cifs", "good a", "good bb")
    whole = screened(folder, tmp_path / "out")
    journal = tmp_path / "out" / "journal.jsonl"
    content = journal.read_bytes()
    journal.write_bytes(content[:-20])
    assert screened(folder, tmp_path / "out").rows == whole.rows
    journal.write_bytes(b"{torn\n" + content)
    with pytest.raises(ValueError, match=r"journal\.jsonl:1: expected one JSON record"):
        screened(folder, tmp_path / "out")


_RUN = """
import sys
sys.path.insert(0, {doubles!r})
from porescope.workflows.screen import screen
screen({folder!r}, out={out!r}, tasks=("geometry",), row_maker="screen_doubles:make_row", jobs=2)
"""


def started(folder: Path, out: Path) -> subprocess.Popen[bytes]:
    """A screening in a process of its own, some files into its work."""
    code = _RUN.format(doubles=str(Path(__file__).parent), folder=str(folder), out=str(out))
    process = subprocess.Popen(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, start_new_session=True
    )
    deadline = time.monotonic() + 60.0
    while len(calls(folder)) < 4:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    return process


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_goes_on_and_gives_the_same_table(
    tmp_path: Path, number: signal.Signals
) -> None:
    texts = [f"slow {'x' * n}" for n in range(12)]
    folder = make_files(tmp_path / "cifs", *texts)
    process = started(folder, tmp_path / "out")
    os.kill(process.pid, number)
    _, said = process.communicate(timeout=20)
    assert (tmp_path / "out" / "results.parquet").exists() is False
    if number == signal.SIGINT:
        assert b"12 files are finished; the same command goes on from there" in said
    kept = len((tmp_path / "out" / "journal.jsonl").read_bytes().splitlines())
    assert 1 <= kept < 12
    time.sleep(0.2)
    n_before = len(calls(folder))
    time.sleep(0.3)
    assert len(calls(folder)) == n_before, "the children must end with their parent"
    resumed = screened(folder, tmp_path / "out", jobs=2)
    assert 1 <= resumed.n_resumed < 12
    assert len(calls(folder)) == n_before + 12 - resumed.n_resumed
    whole = screened(folder, tmp_path / "whole", jobs=2)
    assert resumed.rows == whole.rows
    first, second = (tmp_path / place / "results.csv" for place in ("out", "whole"))
    assert first.read_bytes() == second.read_bytes()


def test_two_runs_cannot_share_a_folder(tmp_path: Path) -> None:
    folder = make_files(tmp_path / "cifs", *[f"slow {'x' * n}" for n in range(40)])
    process = started(folder, tmp_path / "out")
    try:
        with pytest.raises(ConfigError, match="another run is writing to"):
            screened(folder, tmp_path / "out")
    finally:
        process.kill()
        process.communicate()


def test_bad_options(tmp_path: Path) -> None:
    folder = make_files(tmp_path / "cifs", "good a")
    out = tmp_path / "out"
    state = StatePoint(temperature=298.0, pressure_pa=1e5)
    with pytest.raises(ConfigError, match=r"no \.cif file"):
        screened(_empty(tmp_path), out)
    with pytest.raises(ConfigError, match="there is no folder"):
        screened(tmp_path / "nowhere", out)
    with pytest.raises(ConfigError, match="no gas 'Unobtainium'"):
        screened(folder, out, tasks=("henry",), gases=("Unobtainium",), states=(state,))
    with pytest.raises(ConfigError, match="henry needs a state, such as 298K"):
        screened(folder, out, tasks=("henry",), gases=("CH4",))
    with pytest.raises(ConfigError, match="henry needs a gas"):
        screened(folder, out, tasks=("henry",))
    with pytest.raises(ConfigError, match="no scheduler 'slurm'"):
        screened(folder, out, scheduler="slurm")
    with pytest.raises(ConfigError, match="one job or more"):
        screened(folder, out, jobs=0)
    assert not out.exists() or not list(out.iterdir())


def _empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder
