"""What stands in every results row: commit, date, hardware."""

from __future__ import annotations

import datetime
import platform
import subprocess
from pathlib import Path


def run_facts() -> dict[str, str]:
    """Commit, date, version and hardware of this run."""
    root = Path(__file__).parents[1]
    commit = subprocess.run(
        ["git", "-C", str(root), "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return {
        "commit": commit or "unknown",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "hardware": hardware(),
    }


def hardware() -> str:
    """Processor and number of cores."""
    import os

    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{model}, {os.cpu_count()} cores"
