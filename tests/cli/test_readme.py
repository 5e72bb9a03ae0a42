"""What README.md shows is what happens."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from porescope.workflows.solution import SolveResult

ROOT = Path(__file__).parents[2]


def _python_block() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- python -->\n```python\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


def test_python_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    block = _python_block()
    assert len([line for line in block.splitlines() if line.strip()]) <= 12
    names: dict[str, object] = {}
    exec(block, names)
    result = names["result"]
    assert isinstance(result, SolveResult)
    assert result.candidates[0].name == "ZIF-8"
    assert result.none_of_these < 0.5
    assert "ZIF-8" in capsys.readouterr().out


def test_tables_are_what_their_rows_give() -> None:
    checked = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "tables.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_tables_say_what_a_row_says() -> None:
    spec = importlib.util.spec_from_file_location("tables", ROOT / "benchmarks" / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    text = "<!-- table speed_search -->\nold\n<!-- end table -->"
    assert "old" not in tables.filled(text)


def test_transcript_of_a_new_user_ran_the_first_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"<!-- setup-and-run -->\n```sh\n(.*?)```", text, re.DOTALL)
    assert block is not None
    transcript = (Path(__file__).parent / "new_user_transcript.txt").read_text(encoding="utf-8")
    assert block[1].strip() in transcript
    assert "This is ZIF-8" in transcript
