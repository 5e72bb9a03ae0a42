"""The log of a run: CSV always, TensorBoard where it is installed."""

from __future__ import annotations

import csv
import io
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

from porescope.models.checkpoint import write_bytes_whole

STEPS_FILE, VALIDATIONS_FILE = "steps.csv", "validations.csv"


class RunLog:
    """Rows of a run, written as they come.

    A run that goes on from step n forgets the rows after it, which the killed one may have
    written; it will write them again.

    Parameters
    ----------
    folder:
        Folder of the run.
    step:
        Steps done.
    writes:
        False in processes that leave the log to another one: nothing is written.
    """

    def __init__(self, folder: Path, *, step: int = 0, writes: bool = True) -> None:
        self._folder, self._writes = folder, writes
        self._board: Any = None
        if not writes:
            return
        for name in (STEPS_FILE, VALIDATIONS_FILE):
            _forget_after(folder / name, step=step)
        if find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=step)

    def step(self, step: int, values: dict[str, float]) -> None:
        """Write what was seen at a step."""
        self._write(STEPS_FILE, step, values, kind="train")

    def validation(self, step: int, values: dict[str, float]) -> None:
        """Write the metrics of a validation."""
        self._write(VALIDATIONS_FILE, step, values, kind="validation")

    def _write(self, name: str, step: int, values: dict[str, float], *, kind: str) -> None:
        if not self._writes:
            return
        path = self._folder / name
        new = not path.exists() or path.stat().st_size == 0
        with path.open("a", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if new:
                writer.writerow(["step", *values])
            writer.writerow([step, *(f"{value:.6g}" for value in values.values())])
        if self._board is not None:
            for key, value in values.items():
                self._board.add_scalar(f"{kind}/{key}", value, step)

    def __enter__(self) -> RunLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._board is not None:
            self._board.close()


def _forget_after(path: Path, *, step: int) -> None:
    """Leave only the rows up to a step; a row cut short by a kill goes too."""
    if not path.exists():
        return
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    if not rows:
        return
    kept = [rows[0]]
    for row in rows[1:]:
        if len(row) == len(rows[0]) and row[0].isdigit() and int(row[0]) <= step:
            kept.append(row)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(kept if step else [])
    write_bytes_whole(path, text.getvalue().encode())
