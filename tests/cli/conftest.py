"""Fixtures for the command line: a made-up answer, and a way to run commands."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left on the screen."""

    code: int
    out: str
    err: str


@pytest.fixture
def porescope(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Outcome]:
    """Run one command in this process, 80 columns wide."""
    from porescope.apps.cli.main import run

    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")

    def call(*words: str | Path) -> Outcome:
        capfd.readouterr()
        code = run([str(word) for word in words])
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture
def pattern_file(tmp_path: Path) -> Path:
    """A file with a few hundred points that reads as a pattern."""
    from synthetic import synthetic_result

    pattern = synthetic_result(n_points=600).pattern
    path = tmp_path / "scan.xy"
    rows = zip(pattern.two_theta_deg, pattern.intensity, strict=True)
    path.write_text("".join(f"{x:.4f} {y:.1f}\n" for x, y in rows), encoding="utf-8")
    return path


@pytest.fixture
def made_up_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """``solve`` answers at once, with an invented result named after the file."""
    from synthetic import named, synthetic_result

    from porescope.apps.cli import solve_files

    def answer(file: Path, **_options: object) -> object:
        return named(synthetic_result(n_candidates=10, n_points=600), file.stem)

    monkeypatch.setattr(solve_files, "_run", answer)
