"""``screen`` as the user calls it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "workflows"))

from screen_doubles import make_files

from porescope.apps.cli import screen as screen_command
from porescope.apps.cli.failure import EXPECTED, report_failure
from porescope.workflows import screen as screen_workflow

pytest.importorskip("pyarrow")


@pytest.fixture
def run(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Call the command with made-up rows; gives the exit code and both outputs."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    made = screen_workflow.screen

    def with_doubles(*words: object, **options: object) -> object:
        return made(*words, row_maker="screen_doubles:make_row", **options)  # type: ignore[arg-type]

    monkeypatch.setattr(screen_workflow, "screen", with_doubles)
    app = typer.Typer(rich_markup_mode=None)
    app.command()(screen_command.screen)
    command = typer.main.get_command(app)

    def call(*words: str | Path) -> tuple[int, str, str]:
        capfd.readouterr()
        try:
            code = command.main(args=[str(word) for word in words], standalone_mode=False)
        except EXPECTED as error:
            code = report_failure(error)
        captured = capfd.readouterr()
        return int(code or 0), captured.out, captured.err

    return call


def test_a_folder_with_failures(run, tmp_path: Path) -> None:
    folder = make_files(tmp_path / "cifs", "good a", "crash b", "good ccc", "good a")
    code, out, _ = run(folder, "--out", tmp_path / "out", "--jobs", "2")
    assert code == 1
    assert "4 structures: 3 complete, 1 failed" in out
    assert "1 × its process ended with code …" in out
    assert "1 of the same content as another file" in out
    assert all(len(line) <= 80 for line in out.splitlines())
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {
        "journal.jsonl",
        "settings.json",
        "results.parquet",
        "results.csv",
        "report.html",
    }
    code, out, _ = run(folder, "--out", tmp_path / "out")
    assert code == 1
    assert "4 from an earlier run" in out


def test_all_good_and_all_bad(run, tmp_path: Path) -> None:
    good = make_files(tmp_path / "good", "good a")
    assert run(good, "--out", tmp_path / "one")[0] == 0
    bad = make_files(tmp_path / "bad", "crash a", "crash bb")
    assert run(bad, "--out", tmp_path / "two")[0] == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--gas", "CO2", "--at", "298K,0.15"), "the pressure '0.15' has no unit"),
        (("--gas", "CO2", "--at", "298"), "expected a temperature and a pressure"),
        (("--gas", "CO2"), "henry needs a state"),
        (("--gas", "Argo", "--at", "298K,1bar"), "there is no gas 'Argo'"),
        (("--property", "colour"), "'colour' is none of geometry, void, henry"),
        (("--field", "NoField"), "NoField"),
        (("--scheduler", "slurm"), "no scheduler 'slurm'"),
        (("--error", "much"), "--error: expected a share"),
    ],
)
def test_bad_options_are_one_line(run, tmp_path: Path, words, message) -> None:
    folder = make_files(tmp_path / "cifs", "good a")
    code, out, err = run(folder, "--out", tmp_path / "out", *words)
    assert code == 2
    assert out == ""
    assert message in err
    assert len(err.strip().splitlines()) <= 2
    assert not (tmp_path / "out" / "results.csv").exists()


def test_bad_places(run, tmp_path: Path) -> None:
    code, _, err = run(tmp_path / "nowhere", "--out", tmp_path / "out")
    assert code == 2
    assert "there is no folder" in err
    folder = make_files(tmp_path / "cifs", "good a")
    file = tmp_path / "file"
    file.write_text("x")
    code, _, err = run(folder, "--out", file)
    assert code == 2
    assert "name a folder" in err
    code, _, err = run(folder, tmp_path, "--out", tmp_path / "out")
    assert code == 2
    assert "name one folder, or several files" in err


def test_other_settings_in_the_same_folder(run, tmp_path: Path) -> None:
    folder = make_files(tmp_path / "cifs", "good a")
    run(folder, "--out", tmp_path / "out")
    code, _, err = run(folder, "--out", tmp_path / "out", "--field", "DREIDING")
    assert code == 2
    assert "other settings (field was UFF and is DREIDING)" in err
    code, _, _ = run(folder, "--out", tmp_path / "out", "--field", "DREIDING", "--restart")
    assert code == 0
