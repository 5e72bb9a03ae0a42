"""The very same tasks on a Dask cluster."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from screen_doubles import make_files

from porescope.errors import ConfigError
from porescope.workflows.screen import screen

pytest.importorskip("distributed")
pytest.importorskip("pyarrow")

_SCHEDULER = """
import sys, distributed
if __name__ == "__main__":
    cluster = distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=True, dashboard_address=None
    )
    print(cluster.scheduler_address, flush=True)
    sys.stdin.read()
    cluster.close()
"""


def test_a_cluster_gives_the_rows_of_processes(tmp_path: Path) -> None:
    folder = make_files(tmp_path / "cifs", "good a", "crash b", "good ccc", "fault d", "good a")
    reports = [
        screen(
            folder,
            out=tmp_path / scheduler,
            tasks=("geometry",),
            row_maker="screen_doubles:make_row",
            scheduler=scheduler,
            jobs=2,
        )
        for scheduler in ("processes", "dask")
    ]
    for first, second in zip(*(report.rows for report in reports), strict=True):
        different = {"seconds"} if first["status"] == "failed" else set()
        assert {k: v for k, v in first.items() if k not in different} == {
            k: v for k, v in second.items() if k not in different
        }
    assert reports[1].count("ok") == 3


def test_a_cluster_that_runs_elsewhere(tmp_path: Path) -> None:
    """Workers in processes of their own, reached by the address of their scheduler."""
    script = tmp_path / "cluster.py"
    script.write_text(_SCHEDULER, "utf-8")
    folder = make_files(tmp_path / "cifs", *[f"good {'x' * n}" for n in range(5)], "crash y")
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).parent), "PATH": "/usr/bin:/bin"},
    ) as cluster:
        assert cluster.stdout is not None
        address = cluster.stdout.readline().strip()
        report = screen(
            folder,
            out=tmp_path / "out",
            tasks=("geometry",),
            row_maker="screen_doubles:make_row",
            scheduler=f"dask:{address}",
        )
        cluster.communicate("", timeout=30)
    assert [row["status"] for row in report.rows] == [*["ok"] * 5, "failed"]
    assert [row["n_channels"] for row in report.rows[:5]] == [0, 1, 2, 3, 4]


def test_nobody_at_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import distributed

    def refuse(*_: object, **__: object) -> None:
        raise OSError("timed out")

    monkeypatch.setattr(distributed, "Client", refuse)
    folder = make_files(tmp_path / "cifs", "good a")
    begin = time.monotonic()
    with pytest.raises(ConfigError, match="no Dask scheduler answers at tcp://nobody:1"):
        screen(folder, out=tmp_path / "out", tasks=("geometry",), scheduler="dask:tcp://nobody:1")
    assert time.monotonic() - begin < 10.0
