"""A made-up answer of ``solve``, so that what is shown can be tested without a search."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from porescope.crystal.structure import Crystal
from porescope.crystal.symmetry import P1
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.radiation import Radiation
from porescope.workflows.solution import (
    Candidate,
    FittedCurve,
    Phase,
    SolveResult,
    UnexplainedPeak,
)

WAVELENGTH = 1.540593


def sodalite(*, a: float = 8.83) -> Crystal:
    """The silica sodalite cage: 12 Si on (1/4, 0, 1/2) and 24 O on (0, y, y) of Im-3m."""
    centring = np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]])
    silicon = np.array([[0.25, 0.0, 0.5], [0.75, 0.0, 0.5]])
    silicon = np.concatenate([np.roll(silicon, k, axis=1) for k in range(3)])
    y = 0.65
    signs = np.array([[s, t] for s in (y, -y) for t in (y, -y)])
    oxygen = np.concatenate([np.roll(np.c_[np.zeros(4), signs], k, axis=1) for k in range(3)])
    frac = np.concatenate(
        [(sites[None] + centring[:, None]).reshape(-1, 3) for sites in (silicon, oxygen)]
    )
    n_silicon = 2 * len(silicon)
    numbers = np.where(np.arange(len(frac)) < n_silicon, 14, 8)
    return Crystal(
        lattice=a * np.eye(3),
        frac=frac % 1.0,
        numbers=numbers.astype(np.int64),
        occupancy=np.ones(len(frac)),
        u_iso=np.full(len(frac), np.nan),
        space_group=P1,
        name="SOD",
    )


def _positions(a: float) -> tuple[np.ndarray, tuple[str, ...]]:
    """Angles [°] and indices of the body-centred cubic reflections below 60°."""
    found: dict[int, str] = {}
    for h in range(8):
        for k in range(h + 1):
            for ll in range(k + 1):
                n = h * h + k * k + ll * ll
                if 0 < n < 40 and (h + k + ll) % 2 == 0:
                    found.setdefault(n, f"{h} {k} {ll}")
    order = sorted(found)
    d = a / np.sqrt(order)
    two_theta = 2 * np.rad2deg(np.arcsin(WAVELENGTH / (2 * d)))
    keep = two_theta < 60
    return two_theta[keep], tuple(found[n] for n, k in zip(order, keep, strict=True) if k)


def _curve(
    grid: np.ndarray, observed: np.ndarray, *, a: float, seed: int, error: float
) -> FittedCurve:
    ticks, hkl = _positions(a)
    rng = np.random.default_rng(7)
    heights = 9000.0 * rng.random(len(ticks)) ** 3 + 200.0
    heights *= 1.0 + error * np.random.default_rng(seed).normal(size=len(ticks))
    background = 300.0 + 900.0 * np.exp(-grid / 9.0) + 120.0 * np.exp(-(((grid - 24) / 7) ** 2))
    peaks = sum(
        h * np.exp(-4 * np.log(2) * ((grid - t) / 0.16) ** 2)
        for h, t in zip(heights, ticks, strict=True)
    )
    return FittedCurve(
        two_theta_deg=grid,
        observed=observed,
        calculated=background + peaks,
        background=background,
        ticks_two_theta_deg=ticks,
        ticks_hkl=hkl,
    )


def synthetic_result(
    *,
    n_candidates: int = 6,
    n_points: int = 2600,
    none_of_these: float = 0.04,
    with_crystal: bool = True,
    name: str = "synthetic",
) -> SolveResult:
    """An answer with the look of a real one; every number in it is invented."""
    grid = np.linspace(8.0, 60.0, n_points)
    rng = np.random.default_rng(11)
    truth = _curve(grid, grid, a=8.83, seed=0, error=0.0)
    bump = 700.0 * np.exp(-4 * np.log(2) * ((grid - 26.64) / 0.16) ** 2)
    observed = rng.poisson(truth.calculated + bump).astype(np.float64)
    radiation = Radiation(wavelengths=(WAVELENGTH, 1.544427), weights=(1.0, 0.5), name="CuKa")
    pattern = Pattern(
        two_theta_deg=grid,
        intensity=observed,
        sigma=np.sqrt(observed + 1.0),
        radiation=radiation,
        name=name,
        source_format="xy",
    )
    weights = np.array([0.6 * 0.35**k for k in range(n_candidates)])
    weights *= (1.0 - none_of_these) / max(weights.sum(), 1e-9)
    names = ("SOD", "SOD (aluminosilicate)", "LTA", "ANA", "CHA", "RHO", "FAU", "MFI")
    candidates = tuple(
        Candidate(
            rank=k + 1,
            id=f"iza-{names[k % 8].split()[0].lower()}-{k:04d}",
            name=names[k % 8] if k < 8 else f"ABEX{k:02d}",
            group="SOD" if k < 2 else f"group-{k}",
            source="library:zeolites-iza",
            formula="O2Si",
            cell=(8.83 + 0.05 * k, 8.83 + 0.05 * k, 8.83 + 0.05 * k, 90.0, 90.0, 90.0),
            space_group="I m -3 m",
            rwp=0.062 + 0.05 * k,
            rwp_le_bail=0.051 + 0.04 * k,
            peaks_explained=max(0.2, 0.985 - 0.11 * k),
            probability=float(weights[k]),
            strain_percent=(0.31 - 0.2 * k, 0.31 - 0.2 * k, 0.31 - 0.2 * k),
            curve=_curve(grid, observed, a=8.83 + 0.05 * k, seed=k, error=0.06 * (k + 1)),
            crystal=sodalite(a=8.83 + 0.05 * k) if with_crystal and k % 3 != 2 else None,
            doi="10.1007/978-94-009-0871-9" if k % 2 == 0 else "",
            licence="CC BY 4.0",
            status="ok" if k < 4 else "the cell ran into its bound of 4 %",
        )
        for k in range(n_candidates)
    )
    return SolveResult(
        pattern=pattern,
        radiation=radiation,
        candidates=candidates,
        none_of_these=none_of_these if candidates else 1.0,
        unexplained_peaks=(
            UnexplainedPeak(
                two_theta_deg=26.64, d=3.3434, relative_intensity=0.081, assigned_to="quartz"
            ),
            UnexplainedPeak(two_theta_deg=31.72, d=2.8187, relative_intensity=0.012),
        ),
        phases=(Phase(id="cod-quartz", name="quartz", formula="O2Si", share_of_intensity=0.06),),
        steps=(
            "Read 2 600 points from 8.00 to 60.00° in steps of 0.02°; Cu Kα from the file.",
            "Background by asymmetric least squares; noise estimated from the counts.",
            "Found 19 peaks above three standard uncertainties.",
            "Searched 33 412 frameworks, every axis free by ±4 %; fitted the best 20.",
        ),
        warnings=("The scan starts at 8°: reflections below are unknown.",),
        verdict=(
            "This is SOD: 84 % sure; a little quartz stands beside it."
            if candidates
            else "None of the frameworks in the library made this pattern."
        ),
        methods=(
            "The pattern was identified with porescope 0.1.0 by comparing its peaks with "
            "33 412 frameworks and fitting the best 20 (Le Bail and fixed structure factors)."
        ),
        n_searched=33412,
        seconds=8.4,
        version="0.1.0",
        settings={"elements": "Si, O", "phases": "2"},
    )


def named(result: SolveResult, name: str) -> SolveResult:
    """The same answer for a pattern of another name."""
    return replace(result, pattern=replace(result.pattern, name=name))
