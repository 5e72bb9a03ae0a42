"""Makers of rows that do what a file's first word says, for tests of the screening."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from porescope.workflows.screen_settings import empty_row, settings_from_record


def make_row(file: str, record: Mapping[str, Any]) -> dict[str, Any]:
    word, _, rest = Path(file).read_text("utf-8").partition(" ")
    match word:
        case "crash":
            os._exit(3)
        case "abort":
            os.abort()
        case "hang":
            time.sleep(60.0)
        case "fault":
            raise KeyError(rest.strip())
        case "slow":
            time.sleep(0.08)
    print("an engine that talks")
    with open(Path(file).parent / "calls.txt", "a", encoding="utf-8") as stream:
        stream.write(json.dumps(Path(file).name) + "\n")
    settings = settings_from_record(record)
    row = empty_row(settings) | {"file": file, "name": Path(file).stem, "status": "ok"}
    size = len(rest)
    return row | {"lcd_angstrom": 3.0 + size, "n_channels": size, "seconds": 0.5}


def make_files(folder: Path, *words: str) -> Path:
    """One CIF for each text, ``a.cif`` and on."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(words):
        (folder / f"{number:03d}.cif").write_text(text, "utf-8")
    return folder


def calls(folder: Path) -> list[str]:
    """Files that were computed, in the order in which they ended."""
    path = folder / "calls.txt"
    return (
        [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        if path.is_file()
        else []
    )
