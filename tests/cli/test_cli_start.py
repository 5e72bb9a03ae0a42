"""Help, version, and what every command does with nonsense."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

COMMANDS = [
    (),
    ("solve",),
    ("simulate",),
    ("index",),
    ("library",),
    ("library", "add"),
    ("library", "list"),
    ("library", "remove"),
    ("library", "install"),
    ("library", "info"),
    ("library", "build"),
    ("library", "map"),
    ("similar",),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_fits_80_columns_and_has_examples(porescope, command) -> None:
    shown = porescope(*command, "--help")
    assert shown.code == 0
    assert max(len(line) for line in shown.out.splitlines()) <= 80
    if command != ("library", "info"):
        assert "porescope " + " ".join(command) in shown.out.split("Usage:")[1][20:]


def test_version(porescope) -> None:
    assert porescope("--version").out == f"porescope {version('porescope')}\n"


def test_start_imports_nothing_heavy() -> None:
    code = (
        "import sys; import porescope.apps.cli.main; "
        "print([m for m in ('numpy', 'scipy', 'numba', 'plotly', 'gemmi', 'rich', 'spglib') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sovle",), "sovle"),
        (("solve", "--rang", "1", "2", "x.xy"), "--rang"),
        (("solve", "x.xy", "--phases", "7"), "--phases"),
        (("simulate",), "CIF"),
        (("library", "add"), "FOLDER"),
    ],
)
def test_wrong_words_give_one_clear_line(porescope, words, said) -> None:
    shown = porescope(*words)
    assert shown.code == 2
    assert shown.out == ""
    lines = shown.err.strip().splitlines()
    assert lines[0].startswith("error: ")
    assert said in lines[0]
    assert lines[-1].startswith("see: porescope")
    assert len(lines) == 2


def test_debug_shows_the_traceback(porescope, tmp_path) -> None:
    shown = porescope("simulate", tmp_path / "none.cif", "--debug")
    assert "Traceback" in shown.err
    assert "error: " in shown.err.splitlines()[-1]
