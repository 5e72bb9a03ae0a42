"""From a trial cell to a candidate: symmetry of the metric, centring, zero shift, merit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from jaxtyping import Float

from porescope.crystal.lattice import parameters_from_lattice
from porescope.diffraction.indexing import forms
from porescope.diffraction.indexing.candidate import (
    CellCandidate,
    Centring,
    IndexingConfig,
    Method,
    primitive_cell,
)
from porescope.diffraction.indexing.lines import LineList, shifted
from porescope.diffraction.indexing.merit import _evidence, figures_of_merit
from porescope.diffraction.indexing.reduce import (
    conventional_forms,
    reduced_cell,
    same_lattice,
    standard_setting,
    sublattices,
)
from porescope.diffraction.indexing.refine import _assign, _refine

CUTS = np.array([4.0, 3.0, 2.5, 2.0, 2.0, 2.0, 2.0])
"""Misfits, in standard uncertainties, at which lines lose half of their say, pass by pass."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Settled:
    """A cell refined under the constraints of its Bravais lattice."""

    parameters: Float[np.ndarray, "free"]
    """Free numbers of the form [1/Å²]."""
    zero_deg: float
    """Zero shift [° 2θ]."""
    system: int
    """System code."""
    centring: int
    """Centring code."""
    evidence: float
    """Log evidence."""
    method: Method
    """How the cell was proposed."""

    @property
    def form(self) -> Float[np.ndarray, "6"]:
        """Reciprocal form [1/Å²]."""
        return forms.form_from_parameters(self.parameters, system=self.system)

    @property
    def lattice(self) -> Float[np.ndarray, "3 3"]:
        """Conventional cell, rows a, b, c [Å]."""
        return forms.lattice_from_form(self.form)

    @property
    def primitive(self) -> Float[np.ndarray, "3 3"]:
        """Primitive cell, rows a, b, c [Å]."""
        return primitive_cell(self.lattice, cast(Centring, forms.CENTRINGS[self.centring]))


def settle(
    lines: LineList,
    parameters: Float[np.ndarray, "free"],
    *,
    system: int,
    centring: int,
    zero_deg: float,
    method: Method,
    config: IndexingConfig,
) -> Settled | None:
    """Refine a cell with its zero shift and weigh it; ``None`` where it falls apart."""
    with_zero = config.zero_sigma_deg > 0.0 and lines.wavelength is not None
    parameters = np.array(parameters, dtype=np.float64)
    spread = max(config.zero_sigma_deg, 1e-6)
    zero, log_det = _refine(
        parameters, zero_deg, system, centring, lines.s, lines.sigma, lines.slope, spread,
        with_zero, CUTS,
    )  # fmt: skip
    if np.isnan(log_det):
        return None
    form = forms.form_from_parameters(parameters, system=system)
    if forms._determinant(form) <= 0.0:
        return None
    straight = shifted(lines, float(zero))
    log_prior = len(parameters) * float(np.log(lines.s[min(4, lines.n_lines - 1)]))
    if with_zero:
        log_prior += float(np.log(spread * np.sqrt(2.0 * np.pi)) + 0.5 * (zero / spread) ** 2)
    evidence, _ = _evidence(
        form, system, centring, straight.s, lines.sigma, lines.impurity,
        len(parameters) + with_zero, log_det, log_prior,
    )  # fmt: skip
    return Settled(
        parameters=parameters,
        zero_deg=float(zero),
        system=system,
        centring=centring,
        evidence=float(evidence),
        method=method,
    )


def settle_lattice(lines: LineList, trial: Settled, *, config: IndexingConfig) -> list[Settled]:
    """All Bravais lattices that a trial cell may stand for, refined and weighed, best first."""
    out: list[Settled] = []
    kinds = [standard_setting(trial.system, trial.centring, trial.lattice)]
    kinds += conventional_forms(trial.primitive)
    seen = set()
    for system, centring, form in kinds:
        for other in {centring, *forms.BRAVAIS[system]}:
            if (system, other) in seen or not _wanted(system, other, config):
                continue
            seen.add((system, other))
            found = settle(
                lines,
                forms.parameters_from_form(form, system=system),
                system=system,
                centring=other,
                zero_deg=trial.zero_deg,
                method=trial.method,
                config=config,
            )
            if found is not None:
                out.append(found)
    out.sort(key=lambda cell: -cell.evidence)
    return out


def settle_derivatives(lines: LineList, cell: Settled, *, config: IndexingConfig) -> list[Settled]:
    """Super- and sublattices of index 2 and 3, refined and weighed."""
    primitive = reduced_cell(cell.primitive)
    reciprocal = np.linalg.inv(primitive).T
    out: list[Settled] = []
    for matrix in (*sublattices(2), *sublattices(3)):
        for lattice in (matrix @ primitive, np.linalg.inv(matrix @ reciprocal).T):
            form = forms.form_from_lattice(reduced_cell(lattice))
            if not config.min_volume <= forms._determinant(form) ** -0.5:
                continue
            trial = Settled(
                parameters=form,
                zero_deg=cell.zero_deg,
                system=forms.TRICLINIC,
                centring=forms.PRIMITIVE,
                evidence=-np.inf,
                method=cell.method,
            )
            out += settle_lattice(lines, trial, config=config)
    return out


def _wanted(system: int, centring: int, config: IndexingConfig) -> bool:
    return forms.system_name(system, centring) in config.systems


def merge(cells: list[Settled], *, n: int) -> list[Settled]:
    """The best cells, each lattice once, the best first."""
    kept: list[Settled] = []
    primitive: list[np.ndarray] = []
    for cell in sorted(cells, key=lambda cell: -cell.evidence):
        lattice = cell.primitive
        if any(
            same_lattice(lattice, other, length_tolerance=0.006, angle_tolerance_deg=0.5)
            for other in primitive
        ):
            continue
        kept.append(cell)
        primitive.append(lattice)
        if len(kept) == n:
            break
    return kept


def candidate_of(
    lines: LineList, cell: Settled, *, status: str, config: IndexingConfig
) -> CellCandidate:
    """Everything that is told about a settled cell."""
    straight = shifted(lines, cell.zero_deg)
    n = lines.n_lines
    miss, hkl = np.empty(n), np.empty((n, 3), dtype=np.int64)
    form = cell.form
    _assign(form, cell.system, cell.centring, straight.s, miss, hkl)
    indexed = np.abs(miss) <= 3.0 * lines.sigma
    hkl[~indexed] = 0
    residual = np.full(n, np.nan)
    if lines.wavelength is not None:
        residual[indexed] = (miss / lines.slope)[indexed]
    last = float(straight.s[-1]) + (abs(float(miss[-1])) if indexed[-1] else 0.0)
    calc, _ = forms.lines_of_form(
        form, system=cell.system, centring=cell.centring, s_max=last * (1.0 + 1e-9)
    )
    m_n, f_n, n_figure = figures_of_merit(straight.s, miss, indexed, residual, calc)
    lattice = cell.lattice
    return CellCandidate(
        lattice=lattice,
        parameters=parameters_from_lattice(lattice),
        esds=_esds(lines, cell, miss, hkl, indexed),
        lattice_system=forms.system_name(cell.system, cell.centring),
        centring=cast(Centring, forms.CENTRINGS[cell.centring]),
        m_n=m_n,
        f_n=f_n,
        n_figure=n_figure,
        n_lines=n,
        n_indexed=int(np.count_nonzero(indexed)),
        n_calculated=len(np.unique(np.round(calc / straight.s[-1], 9))),
        zero_shift_deg=cell.zero_deg,
        evidence=cell.evidence,
        hkl=hkl,
        residual_deg=residual,
        method=cell.method,
        status=status,  # type: ignore[arg-type]
    )


def _esds(
    lines: LineList, cell: Settled, miss: np.ndarray, hkl: np.ndarray, indexed: np.ndarray
) -> Float[np.ndarray, "6"]:
    """Standard uncertainties of the cell from the scatter of the indexed lines."""
    p = len(cell.parameters)
    if np.count_nonzero(indexed) <= p:
        return np.zeros(6)
    rows = np.zeros((len(miss), 6))
    for row, (h, k, l) in zip(rows, hkl, strict=True):
        forms._design(h, k, l, cell.system, row)
    design = rows[indexed, :p] / lines.sigma[indexed, None]
    free = np.count_nonzero(indexed) - p
    scatter = float(np.sum((miss[indexed] / lines.sigma[indexed]) ** 2)) / free
    covariance = np.linalg.pinv(design.T @ design) * scatter
    jacobian = np.zeros((6, p))
    for j in range(p):
        step = np.zeros(p)
        step[j] = 1e-5 * abs(cell.parameters[0])
        ends = [
            parameters_from_lattice(
                forms.lattice_from_form(
                    forms.form_from_parameters(cell.parameters + sign * step, system=cell.system)
                )
            )
            for sign in (1.0, -1.0)
        ]
        jacobian[:, j] = (ends[0] - ends[1]) / (2.0 * step[j])
    esds = np.sqrt(np.maximum(np.diag(jacobian @ covariance @ jacobian.T), 0.0))
    return np.where(esds < 1e-9, 0.0, esds)
