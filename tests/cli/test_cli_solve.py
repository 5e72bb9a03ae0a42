"""``porescope solve``: what it writes, what it says, and what it does with bad input."""

from __future__ import annotations

import csv
import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("made_up_answers")

REQUIRED = {
    "rank",
    "id",
    "name",
    "group",
    "source",
    "formula",
    "cell",
    "space_group",
    "rwp",
    "peaks_explained",
    "probability",
    "cif",
}


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_writes_what_the_format_promises(porescope, pattern_file, tmp_path) -> None:
    out = tmp_path / "deep" / "result"
    shown = porescope("solve", pattern_file, "--out", out)
    assert (shown.code, shown.err) == (0, "")
    record = json.loads((out / "candidates.json").read_text(encoding="utf-8"))
    top = {"candidates", "none_of_these", "wavelength", "unexplained_peaks", "version", "seconds"}
    assert top | {"file", "phases", "warnings", "steps", "methods"} <= set(record)
    assert record["file"] == str(pattern_file)
    assert len(record["candidates"]) == 10
    total = record["none_of_these"] + sum(c["probability"] for c in record["candidates"])
    assert total == pytest.approx(1.0, abs=1e-4)
    for candidate in record["candidates"]:
        assert set(candidate) >= REQUIRED
        assert len(candidate["cell"]) == 6
        if candidate["cif"] is not None:
            assert (out / candidate["cif"]).read_text(encoding="utf-8").startswith(("data_", "#"))
    assert [c["cif"] is None for c in record["candidates"][:3]] == [False, False, True]
    rows = np.loadtxt(out / "fit_01.csv", delimiter=",", skiprows=1)
    assert rows.shape == (600, 5)
    assert np.allclose(rows[:, 1] - rows[:, 2], rows[:, 4], atol=0.01)
    assert (out / "report.html").stat().st_size < 2.5e6
    assert not list(tmp_path.rglob(".porescope-partial-*"))


def test_the_screen_is_one_page_of_80_columns(porescope, pattern_file, tmp_path) -> None:
    shown = porescope("solve", pattern_file, "--out", tmp_path / "r")
    lines = shown.out.splitlines()
    assert len(lines) <= 32
    assert max(len(line.rstrip()) for line in lines) <= 80
    text = re.sub(r"\s+", " ", shown.out)
    assert "This is SOD" in text
    assert "none of these" in text
    assert "quartz (O2Si), 6 % of the peak intensity" in text
    assert "2 more" in text
    assert "report.html" in text
    assert "cannot tell these apart: SOD, SOD (aluminosilicate)" in text


def test_a_new_run_replaces_the_old_one_and_nothing_else(porescope, pattern_file, tmp_path) -> None:
    out = tmp_path / "r"
    out.mkdir()
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    (out / "candidate_77.cif").write_text("old", encoding="utf-8")
    (out / "fit_77.csv").write_text("old", encoding="utf-8")
    assert porescope("solve", pattern_file, "--out", out).code == 0
    names = {path.name for path in out.iterdir()}
    assert "notes.txt" in names
    assert not {"candidate_77.cif", "fit_77.csv"} & names


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (KeyboardInterrupt(), "stopped; nothing was written"),
    ],
)
def test_earlier_results_stay_when_writing_fails(
    porescope, pattern_file, tmp_path, monkeypatch, failure, said
) -> None:
    out = tmp_path / "r"
    assert porescope("solve", pattern_file, "--out", out).code == 0
    before = snapshot(out)

    def fail(*_args: object, **_options: object) -> str:
        raise failure

    monkeypatch.setattr("porescope.apps.report.page.report_html", fail)
    shown = porescope("solve", pattern_file, "--out", out)
    assert shown.code == (130 if isinstance(failure, KeyboardInterrupt) else 2)
    assert said in shown.err
    assert "Traceback" not in shown.err
    assert snapshot(out) == before
    assert not list(tmp_path.rglob(".porescope-partial-*"))


def test_several_files(porescope, pattern_file, tmp_path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    twin = other / "scan.dat"
    twin.write_bytes(pattern_file.read_bytes())
    out = tmp_path / "all"
    shown = porescope("solve", pattern_file, twin, "--out", out)
    assert shown.code == 0
    assert {path.name for path in out.iterdir()} == {"scan", "scan-2", "summary.csv"}
    with (out / "summary.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["file"] for row in rows] == [str(pattern_file), str(twin)]
    assert {row["status"] for row in rows} == {"ok"}
    assert rows[0]["name"] == "SOD"
    assert max(len(line.rstrip()) for line in shown.out.splitlines()) <= 80


def test_one_of_several_fails(porescope, pattern_file, tmp_path, monkeypatch) -> None:
    from porescope.apps.cli import solve_files
    from porescope.errors import ParseError

    bad = tmp_path / "bad.xy"
    bad.write_text("x", encoding="utf-8")
    good = solve_files._run

    def answer(file: Path, **options: object) -> object:
        if file.name == "bad.xy":
            raise ParseError("no pattern", path=file)
        return good(file, **options)

    monkeypatch.setattr(solve_files, "_run", answer)
    shown = porescope("solve", pattern_file, bad, "--out", tmp_path / "all")
    assert shown.code == 1
    assert "  bad.xy: no pattern" in shown.out
    assert {path.name for path in (tmp_path / "all").iterdir()} == {"scan", "summary.csv"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name a pattern"),
        (("missing.xy",), "no such file"),
        (("{folder}",), "is a folder"),
        (("{scan}", "--elements", "Zn,Qq"), "'Qq' is no element"),
        (("{scan}", "--neutron"), "--neutron needs the wavelength"),
        (("{scan}", "--wavelength", "copper-ish"), "copper-ish"),
        (("{scan}", "--range", "40", "10"), "the smaller first"),
        (("{scan}", "--out", "{scan}"), "is a file"),
        (("{scan}", "--out", "{scan}/below"), "is a file"),
    ],
)
def test_bad_input_is_one_line(porescope, pattern_file, tmp_path, words, said) -> None:
    filled = [word.format(folder=tmp_path, scan=pattern_file) for word in words]
    if "--out" not in words:
        filled += ["--out", str(tmp_path / "r")]
    shown = porescope("solve", *filled)
    assert shown.code == 2
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1
    assert said in shown.err
    assert not (tmp_path / "r").exists()


def test_a_name_that_steers_the_terminal_is_made_harmless(porescope, tmp_path) -> None:
    shown = porescope("solve", tmp_path / "evil\x1b[31m\nname.xy", "--out", tmp_path / "r")
    assert shown.code == 2
    assert "\x1b" not in shown.err
    assert shown.err.count("\n") == 1


SLOW = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from porescope.apps.cli import main, solve_files
def slow(file, **options):
    print("working", flush=True)
    time.sleep(60)
solve_files._run = slow
main.main()
"""


def test_ctrl_c_leaves_nothing(pattern_file, tmp_path) -> None:
    out = tmp_path / "r"
    words = ["solve", str(pattern_file), "--out", str(out)]
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err.strip() == "stopped; nothing was written"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scan.xy"]


@pytest.fixture
def nobody(tmp_path) -> Iterator[None]:
    """Root may write everywhere: go on as nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == "root" and len(folder.parts) > 2:
            folder.chmod(folder.stat().st_mode | 0o055)
    yield
    os.seteuid(0)


@pytest.mark.usefixtures("nobody")
def test_no_permission(porescope, pattern_file, tmp_path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    assert porescope("solve", pattern_file, "--out", tmp_path / "first").code == 0
    if os.geteuid() == 0:
        os.seteuid(65534)
    shown = porescope("solve", pattern_file, "--out", locked / "r")
    assert shown.code == 2
    assert shown.err.startswith("error: no permission")
    assert shown.err.count("\n") == 1
    assert not list(locked.iterdir())
