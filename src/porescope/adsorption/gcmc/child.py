"""The process that runs the engine: started, checked, asked, stopped."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from jaxtyping import Float, Int

from porescope.adsorption.gcmc.echo import EngineError, check_echo
from porescope.adsorption.gcmc.job import GcmcJob, JobStage, json_from_job
from porescope.crystal.lattice import lattice_from_parameters
from porescope.errors import MissingExtraError

Progress = Callable[[int, tuple[int, ...]], None]
"""Called with the cycles done of the stage, and the molecules of each gas in the box."""

Positions = tuple[Float[np.ndarray, "_ _ 3"], ...]
"""Cartesian positions in the box [Å], for each gas one row a molecule and a column a bead."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StageResult:
    """What the cycles of one stage gave."""

    molecules: Int[np.ndarray, "cycles gases"]
    """Molecules of each gas at the end of each cycle."""
    energy_k: Float[np.ndarray, "cycles"]
    """Energy of all molecules at the end of each cycle over Boltzmann's constant [K]."""
    positions: Positions
    """Where the molecules are at the end."""
    samples: tuple[Positions, ...]
    """Positions along the way, where they were asked for."""


class GcmcChild:
    """A child process with one box; use it as a context.

    Parameters
    ----------
    job:
        The box.
    wanted_pairs:
        Epsilon [K] and sigma [Å] of framework kinds with gas kinds as the force field gives them,
        against which the engine's own are checked.

    Raises
    ------
    MissingExtraError
        Where raspalib is not installed.
    EngineError
        Where the engine dies, or loads something else than the job.
    """

    def __init__(
        self, job: GcmcJob, *, wanted_pairs: Float[np.ndarray, "kinds beads 2"] | None = None
    ) -> None:
        self.job = job
        self.wanted_pairs = wanted_pairs
        self.lattice = lattice_from_parameters(*job.cell)
        self.engine = ""
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[str] | None = None
        self._words: IO[str] | None = None

    @property
    def box(self) -> Float[np.ndarray, "3 3"]:
        """Vectors of the box as rows [Å], a along x as in the engine."""
        return np.asarray(self.lattice * np.array(self.job.repeats)[:, None])

    def __enter__(self) -> GcmcChild:
        self._start()
        try:
            self._send(json_from_job(self.job))
            echo = self._answer("echo", None)
            check_echo(echo, job=self.job, lattice=self.lattice, wanted=self.wanted_pairs)
        except BaseException:
            self.stop()
            raise
        self.engine = echo["engine"]
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def run(self, stage: JobStage, *, progress: Progress | None = None) -> StageResult:
        """Run the cycles of a stage; an interrupt stops the child."""
        try:
            self._send(json_from_job(stage))
            answer = self._answer("stage", progress)
        except BaseException:
            self.stop()
            raise
        return StageResult(
            molecules=np.array(answer["loadings"], dtype=np.int64).T,
            energy_k=np.array(answer["energies_k"], dtype=np.float64),
            positions=self._molecules(answer["positions"]),
            samples=tuple(self._molecules(each) for each in answer["samples"]),
        )

    def stop(self) -> None:
        """End the child."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout, self._words):
                if pipe is not None and not pipe.closed:
                    # A child that is gone leaves unsent text in the pipe.
                    with contextlib.suppress(BrokenPipeError):
                        pipe.close()
            self._process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _start(self) -> None:
        import importlib.util

        if importlib.util.find_spec("raspalib") is None:
            raise MissingExtraError("raspalib", extra="adsorption")
        worker = Path(__file__).with_name("worker.py")
        environment = {**os.environ, "RASPALIB_QUIET": "1", "OMP_NUM_THREADS": "1"}
        self._folder = tempfile.TemporaryDirectory(prefix="porescope-gcmc-")
        self._words = (Path(self._folder.name) / "words.txt").open("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(worker)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            cwd=self._folder.name,
            env=environment,
            text=True,
            encoding="utf-8",
        )

    def _send(self, message: dict[str, Any]) -> None:
        if self._process is None or self._process.stdin is None:
            raise EngineError("the simulation process is not running: open it again")
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._died() from None

    def _answer(self, kind: str, progress: Progress | None) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            if message["kind"] == kind:
                return message
            if progress is not None and message["kind"] == "progress":
                progress(message["done"], tuple(message["loaded"]))
        raise self._died()

    def _died(self) -> EngineError:
        assert self._process is not None
        assert self._words is not None
        code = self._process.wait()
        self._words.seek(0)
        words = " | ".join(self._words.read().strip().splitlines()[-3:]) or "nothing"
        return EngineError(
            f"the simulation process ended with code {code}; its last words: {words}. What was "
            "saved before can be resumed by the same call"
        )

    def _molecules(self, places: list[list[list[float]]]) -> Positions:
        return tuple(
            np.array(each, dtype=np.float64).reshape(-1, len(gas.sites), 3)
            for each, gas in zip(places, self.job.components, strict=True)
        )
