"""Pore geometry by Zeo++, in a child process that may die without harm."""

from __future__ import annotations

import json
import math
import selectors
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import util
from importlib.metadata import version
from typing import Any, Literal

import gemmi
import numpy as np

from porescope.adsorption.pore_geometry import N2_PROBE_RADIUS, PoreGeometry
from porescope.adsorption.pore_radii import ZEO_RADII, radii_of_atoms
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError, ConvergenceError, MissingExtraError


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeoSettings:
    """How Zeo++ is run."""

    accuracy: Literal["", "LOW", "MED", "DEF", "HI"] = "DEF"
    """How many small spheres stand for an atom; "" for none, which is fast, and wrong by tenths of
    an ångström where radii differ. DEF is what the flag -ha of the program does."""
    surface_samples: int = 2000
    """Points on each atom."""
    volume_samples: int = 50_000
    """Points in the cell."""
    time_limit: float = 300.0
    """Time for one structure [s], tries together."""
    tries: int = 4
    """First try and those with moved atoms."""
    jiggle: float = 1e-3
    """How far atoms are moved along each axis at most after a failure [Å]."""
    seed: int = 1
    """Seed of these moves."""


class ZeoPool:
    """A child process with Zeo++ that serves many structures, and is replaced when it dies."""

    def __init__(self) -> None:
        if util.find_spec("pyzeo") is None:
            raise MissingExtraError("pyzeo", extra="zeo")
        self._child: subprocess.Popen[str] | None = None
        self.n_started = 0

    def __enter__(self) -> ZeoPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, job: dict[str, Any], *, time_limit: float) -> dict[str, Any]:
        """Measure one structure.

        Raises
        ------
        ConvergenceError
            Zeo++ ended its process, or took too long.
        """
        child = self._running()
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(json.dumps(job) + "\n")
            child.stdin.flush()
        except BrokenPipeError as error:
            self.close()
            raise ConvergenceError("Zeo++ ended before it took the structure") from error
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ)
            if not selector.select(timeout=max(time_limit, 0.1)):
                self.close()
                raise ConvergenceError(f"Zeo++ was stopped after {time_limit:.0f} s")
        line = child.stdout.readline()
        if not line:
            self.close()
            raise ConvergenceError("Zeo++ ended its process without a result")
        return json.loads(line)

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue

    def _running(self) -> subprocess.Popen[str]:
        if self._child is None or self._child.poll() is not None:
            self.close()
            self._child = subprocess.Popen(
                [sys.executable, "-m", "porescope.adsorption.zeo_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
            )
            self.n_started += 1
        return self._child


def zeo_pore_geometry(
    crystal: Crystal,
    *,
    probe_radius: float = N2_PROBE_RADIUS,
    radii: Mapping[str, float] | None = None,
    settings: ZeoSettings | None = None,
    pool: ZeoPool | None = None,
    by_grid: PoreGeometry | None = None,
) -> PoreGeometry:
    """Measure the pores of a crystal with Zeo++.

    Source: Willems et al., https://doi.org/10.1016/j.micromeso.2011.08.020.

    Parameters
    ----------
    crystal:
        The structure; every atom counts, however it is occupied.
    probe_radius:
        Radius of the probe [Å].
    radii:
        Radius of each element [Å]; the default table of Zeo++ where it is left out.
    settings:
        How Zeo++ is run.
    pool:
        A child to use again; a new one, which ends afterwards, where it is left out.
    by_grid:
        The result of the grid: what Zeo++ does not give (dimensions of channels, sizes, occupiable
        volume) is taken from it, and an answer that contradicts it is no answer.

    Raises
    ------
    ConvergenceError
        Zeo++ gave no answer that holds, in any of the tries.
    MissingExtraError
        The package ``pyzeo`` is not installed.
    """
    settings = settings or ZeoSettings()
    if pool is None:
        with ZeoPool() as own:
            return zeo_pore_geometry(
                crystal,
                probe_radius=probe_radius,
                radii=radii,
                settings=settings,
                pool=own,
                by_grid=by_grid,
            )
    if crystal.n_atoms == 0:
        raise ConfigError("expected a crystal with atoms, and it has none: check the file")
    if not crystal.volume > 1e-3:
        raise ConfigError(
            f"expected a cell with a volume, and it has {crystal.volume:g} Å³: check the cell"
        )
    job = _job(crystal, probe_radius=probe_radius, radii=radii, settings=settings)
    rng = np.random.default_rng(settings.seed)
    reasons: list[str] = []
    for attempt in range(settings.tries):
        if attempt:
            moved = crystal.cart + rng.uniform(-1.0, 1.0, (crystal.n_atoms, 3)) * settings.jiggle
            job["frac"] = _wrapped(moved @ np.linalg.inv(crystal.lattice))
        try:
            answer = pool.ask(job, time_limit=settings.time_limit / settings.tries)
            _check(answer, crystal=crystal, by_grid=by_grid)
        except ConvergenceError as error:
            reasons.append(str(error))
            if "stopped after" in str(error):
                break
            continue
        moves = () if not attempt else (f"atoms moved by up to {settings.jiggle:g} Å",)
        return _geometry(
            answer,
            crystal=crystal,
            probe_radius=probe_radius,
            radii=radii,
            settings=settings,
            by_grid=by_grid,
            warnings=moves,
        )
    raise ConvergenceError(
        f"Zeo++ gave no usable answer in {len(reasons)} tries: {reasons[-1]}; use the grid instead"
    )


def _job(
    crystal: Crystal,
    *,
    probe_radius: float,
    radii: Mapping[str, float] | None,
    settings: ZeoSettings,
) -> dict[str, Any]:
    values = radii_of_atoms(crystal.numbers, radii=radii)
    symbols = [gemmi.Element(int(z)).name for z in crystal.numbers]
    return {
        "cell": [float(p) for p in crystal.parameters],
        "frac": _wrapped(crystal.frac),
        "symbols": symbols,
        "radii": {s: float(r) for s, r in zip(symbols, values, strict=True)},
        "probe_radius": float(probe_radius),
        "accuracy": settings.accuracy,
        "surface_samples": settings.surface_samples,
        "volume_samples": settings.volume_samples,
    }


def _wrapped(frac: np.ndarray) -> list[list[float]]:
    return (frac - np.floor(frac)).tolist()


def _check(answer: dict[str, Any], *, crystal: Crystal, by_grid: PoreGeometry | None) -> None:
    """Refuse an answer that cannot be true."""
    included, free, along = answer["diameters"]
    numbers = [included, free, along, *answer["surface"].values(), *answer["volume"].values()]
    if answer["n_atoms"] != crystal.n_atoms:
        raise ConvergenceError(
            f"Zeo++ read {answer['n_atoms']} atoms where there are {crystal.n_atoms}"
        )
    if not all(math.isfinite(x) and x >= 0.0 for x in numbers):
        raise ConvergenceError("Zeo++ answered with numbers that are negative or not finite")
    if not free <= along + 1e-3 or not along <= included + 1e-3:
        raise ConvergenceError(
            f"Zeo++ answered with diameters out of order: free {free:g}, along the path {along:g}, "
            f"included {included:g} Å"
        )
    volume = answer["volume"].get("Unitcell_volume", math.nan)
    if not abs(volume / crystal.volume - 1.0) < 1e-2:
        raise ConvergenceError(f"Zeo++ took a cell of {volume:g} Å³ for {crystal.volume:g} Å³")
    if by_grid is not None and included == 0.0 and by_grid.largest_included_diameter > 0.5:
        raise ConvergenceError("Zeo++ found no free space where there is some")


def _geometry(
    answer: dict[str, Any],
    *,
    crystal: Crystal,
    probe_radius: float,
    radii: Mapping[str, float] | None,
    settings: ZeoSettings,
    by_grid: PoreGeometry | None,
    warnings: tuple[str, ...],
) -> PoreGeometry:
    included, free, along = answer["diameters"]
    surface, volume = answer["surface"], answer["volume"]
    n_channels = int(volume["n_channels"])
    dimensions = ()
    if by_grid is not None and by_grid.n_channels == n_channels:
        dimensions = by_grid.channel_dimensions
    accuracy = f"high accuracy {settings.accuracy}" if settings.accuracy else "standard accuracy"
    result = PoreGeometry(
        largest_free_diameter=free,
        largest_included_diameter=included,
        included_along_free_path_diameter=along,
        accessible_area=surface["ASA_A^2"],
        non_accessible_area=surface["NASA_A^2"],
        accessible_volume=volume["AV_A^3"],
        non_accessible_volume=volume["NAV_A^3"],
        occupiable_volume=None,
        n_channels=n_channels,
        channel_dimensions=dimensions,
        n_pockets=int(volume["n_pockets"]),
        volume=crystal.volume,
        density=crystal.density,
        probe_radius=probe_radius,
        radii_table=ZEO_RADII if radii is None else "given by the caller",
        engine="zeo++",
        engine_version=f"pyzeo {version('pyzeo')}, {accuracy}",
        warnings=warnings,
    )
    if by_grid is None:
        return result
    return replace(result, occupiable_volume=by_grid.occupiable_volume, sizes=by_grid.sizes)
