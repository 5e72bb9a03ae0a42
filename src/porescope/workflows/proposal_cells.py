"""Assembled frameworks in the cells that indexing found.

What is assembled has nearly the right cell, and where the symmetry is low a search in six numbers
may end beside it. Indexing finds cells from the peaks alone, but says nothing of what is in them.
Where the lattice of a framework lies near a cell that indexes the pattern, or near a superlattice
of it, the framework is strained into that cell and its links are closed again there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.lattice import niggli_lattice, parameters_from_lattice
from porescope.datasets.cards import centring_vectors
from porescope.diffraction.indexing.candidate import IndexingConfig
from porescope.diffraction.indexing.index import index_peaks
from porescope.diffraction.peaks import PeakList
from porescope.errors import ConfigError, ConvergenceError
from porescope.reticular.assembly import (
    Assembly,
    bonds_of_assembly,
    crystal_of_assembly,
    linked_translations,
)
from porescope.reticular.fit_assembly import AssemblyFitConfig, fit_assembly
from porescope.workflows.propose import ROOM, Proposal, overlaps

IN_CELL = ", in indexed cell "
"""What stands between the name of a proposal and the number of the cell that it was put in."""
LEAST_PEAKS = 8
"""Fewer peaks than this are not indexed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellMatchConfig:
    """How near a lattice must lie to an indexed one, and how many are tried."""

    length_tolerance: float = 0.15
    """Largest relative difference of an edge of the reduced cell."""
    angle_tolerance_deg: float = 12.0
    """Largest difference of an angle [°]."""
    volume_tolerance: float = 0.2
    """Largest relative difference of the volume."""
    n_trusted: int = 2
    """Best cells for which chains and layers count that fit in their own directions alone; they may
    lie beside one another in many ways."""
    along: float = 0.08
    """Largest strain in the directions in which chains and layers run on."""
    across: float = 0.5
    """Largest relative difference of the other edges, and largest cosine of an angle's change."""
    max_strain: float = 0.25
    """Largest principal strain."""
    most_copies: int = 4
    """Largest superlattice of an indexed cell, in its volumes."""
    per_proposal: int = 3
    """Most cells that one framework is put in."""
    most: int = 60
    """Most frameworks in cells in all."""
    largest_gap: float = 1.3
    """Largest miss of a link that is forgiven [Å]."""
    rms_gap: float = 0.6
    """Largest root mean square of the misses [Å]."""
    relaxed_atoms: int = 300
    """Atoms of the largest cell whose atoms are relaxed."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CellMatch:
    """A framework's lattice and the cell that it may have."""

    proposal: int
    """Place of the framework."""
    cell: int
    """Place of the indexed cell."""
    lattice: Float[np.ndarray, "3 3"]
    """The framework's lattice, strained to be the cell's or a superlattice of it [Å]."""
    misfit: float
    """Largest strain."""


def indexed_cells(
    peaks: PeakList, *, max_seconds: float = 25.0, config: IndexingConfig | None = None
) -> list[Float[np.ndarray, "3 3"]]:
    """Primitive cells that explain the peaks [Å], the best first; none for too few peaks.

    Parameters
    ----------
    peaks:
        Observed peaks.
    max_seconds:
        Time limit [s].
    config:
        How to search.
    """
    if peaks.n_peaks < LEAST_PEAKS:
        return []
    config = config or IndexingConfig(max_seconds=max_seconds, max_seconds_per_system=10.0)
    found = index_peaks(peaks, config=config)
    return [centring_vectors(cell.centring) @ cell.lattice for cell in found]


def match_cells(
    lattices: Sequence[Float[np.ndarray, "3 3"]],
    cells: Sequence[Float[np.ndarray, "3 3"]],
    *,
    runs: Sequence[Int[np.ndarray, "rank 3"]] = (),
    config: CellMatchConfig | None = None,
) -> list[CellMatch]:
    """Which lattices lie near which indexed cells, the nearest first.

    Parameters
    ----------
    lattices:
        Lattices of frameworks [Å].
    cells:
        Primitive lattices that index the pattern, the best first [Å].
    runs:
        Translations along which each framework is endless, in units of its lattice; all three by
        default.
    config:
        Tolerances.
    """
    config = config or CellMatchConfig()
    targets = list(_targets(cells, config.most_copies))
    found: list[CellMatch] = []
    for place, lattice in enumerate(lattices):
        source = _Source(lattice)
        run = runs[place] if runs else np.eye(3, dtype=np.int64)
        own = []
        for cell, target in targets:
            volume = abs(float(np.linalg.det(target)))
            if abs(np.log(volume / source.volume)) > np.log1p(config.volume_tolerance):
                continue
            strained = source.strained_to(target, config)
            if strained is None and cell < config.n_trusted and 0 < len(run) < 3:
                strained = source.laid_into(target, config, run=run)
            if strained is not None:
                own.append(
                    CellMatch(proposal=place, cell=cell, lattice=strained[0], misfit=strained[1])
                )
        # a good cell with some strain before a poor one with none
        own.sort(key=lambda m: m.misfit + 0.01 * m.cell)
        found += own[: config.per_proposal]
    found.sort(key=lambda m: m.misfit + 0.01 * m.cell)
    return found


def proposals_in_cells(
    proposals: Sequence[Proposal],
    cells: Sequence[Float[np.ndarray, "3 3"]],
    *,
    config: CellMatchConfig | None = None,
) -> list[Proposal]:
    """Frameworks closed again in the indexed cells that their own lattices lie near to.

    Parameters
    ----------
    proposals:
        Assembled frameworks.
    cells:
        Primitive lattices that index the pattern, the best first [Å].
    config:
        Tolerances and numbers.
    """
    config = config or CellMatchConfig()
    runs = [linked_translations(p.assembly) for p in proposals]
    lattices = [p.assembly.lattice for p in proposals]
    matches = match_cells(lattices, cells, runs=runs, config=config)
    found: list[Proposal] = []
    for match in matches:
        if len(found) >= config.most:
            break
        made = _closed(proposals[match.proposal], match, config)
        if made is not None:
            found.append(made)
    return found


def _closed(proposal: Proposal, match: CellMatch, config: CellMatchConfig) -> Proposal | None:
    """A framework strained into a cell, its links closed there and its atoms relaxed."""
    start = strained_assembly(proposal.assembly, match.lattice)
    fit = fit_assembly(start, config=AssemblyFitConfig(max_steps=12, strain=False))
    if fit.rms_gap > config.rms_gap or fit.largest_gap > config.largest_gap:
        return None
    crystal = crystal_of_assembly(fit.assembly)
    if crystal.volume < ROOM * crystal.n_atoms:
        return None
    if crystal.n_atoms <= config.relaxed_atoms:
        from porescope.reticular.relax import RelaxSettings, relax

        settings = RelaxSettings(max_steps=25, max_force=0.1, fixed_symmetry=False, fixed_cell=True)
        try:
            crystal = relax(crystal, bonds_of_assembly(fit.assembly), settings=settings).crystal
        except (ConfigError, ConvergenceError):
            return None
    if not np.all(np.isfinite(crystal.frac)) or overlaps(crystal, fit.assembly):
        return None
    return replace(
        proposal,
        id=f"{proposal.id}{IN_CELL}{match.cell + 1}",
        crystal=replace(crystal, name=proposal.crystal.name),
        assembly=fit.assembly,
        rms_gap=fit.rms_gap,
    )


def strained_assembly(assembly: Assembly, lattice: Float[np.ndarray, "3 3"]) -> Assembly:
    """The blocks carried along into another cell; each keeps its shape and its turn.

    Parameters
    ----------
    assembly:
        Posed blocks.
    lattice:
        The new cell, vector for vector [Å].
    """
    change = np.linalg.inv(assembly.lattice) @ lattice
    return replace(assembly, lattice=lattice, origins=assembly.origins @ change)


class _Source:
    """A lattice with its short vectors."""

    def __init__(self, lattice: Float[np.ndarray, "3 3"]) -> None:
        self.lattice = lattice
        self.volume = abs(float(np.linalg.det(lattice)))
        reduced, self.to_reduced = niggli_lattice(lattice)
        self.vectors = _steps() @ reduced
        self.lengths = np.linalg.norm(self.vectors, axis=1)

    def strained_to(
        self, target: Float[np.ndarray, "3 3"], config: CellMatchConfig
    ) -> tuple[Float[np.ndarray, "3 3"], float] | None:
        """The lattice strained onto a reduced one, and the largest strain; ``None`` if it is far.

        Only the smallest strain of all ways to lay one on the other counts.
        """
        margin = float(np.sin(np.deg2rad(config.angle_tolerance_deg)))
        bases = self._bases(target, length=config.length_tolerance, cosine=margin)
        if not len(bases):
            return None
        strains = _strains(bases, target)
        best = int(np.argmin(strains))
        if strains[best] > config.max_strain:
            return None
        change = np.linalg.inv(bases[best]) @ _unturned(bases[best], target)
        return self.lattice @ change, float(strains[best])

    def laid_into(
        self,
        target: Float[np.ndarray, "3 3"],
        config: CellMatchConfig,
        *,
        run: Int[np.ndarray, "rank 3"],
    ) -> tuple[Float[np.ndarray, "3 3"], float] | None:
        """The same for chains or layers, whose own directions alone must fit.

        The misfit is the strain in these directions with a tenth of the whole one.
        """
        bases = self._bases(target, length=config.across, cosine=config.across)
        if not len(bases):
            return None
        changes = np.linalg.inv(bases) @ target
        # a lattice is its own inverse image, and layers are not to be turned over
        changes = changes * np.sign(np.linalg.det(changes))[:, None, None]
        own = run @ self.lattice
        moved = own @ changes
        metric = np.linalg.inv(own @ own.T) @ (moved @ np.swapaxes(moved, 1, 2))
        strain = np.abs(np.sqrt(np.abs(np.linalg.eigvals(metric))) - 1.0).max(axis=1)
        misfit = strain + 0.1 * _strains(bases, target)
        best = int(np.argmin(misfit))
        if strain[best] > config.along:
            return None
        turn = _turn_onto(moved[best], own)
        return self.lattice @ changes[best] @ turn, float(misfit[best])

    def _bases(
        self, target: Float[np.ndarray, "3 3"], *, length: float, cosine: float
    ) -> Float[np.ndarray, "bases 3 3"]:
        """Bases of the lattice whose edges and angles are nearly those of another one."""
        edges = np.linalg.norm(target, axis=1)
        near = np.abs(self.lengths[None] / edges[:, None] - 1.0) <= length
        rows = [np.flatnonzero(row) for row in near]
        alpha, beta, gamma = np.cos(np.deg2rad(parameters_from_lattice(target)[3:]))
        fits = np.ones([len(row) for row in rows], dtype=bool)
        for i, j, wanted, axis in ((0, 1, gamma, 2), (0, 2, beta, 1), (1, 2, alpha, 0)):
            found = (self.vectors[rows[i]] @ self.vectors[rows[j]].T) / (
                self.lengths[rows[i]][:, None] * self.lengths[rows[j]]
            )
            fits &= np.expand_dims(np.abs(found - wanted) <= cosine, axis)
        first, second, third = np.nonzero(fits)
        steps = np.stack([rows[0][first], rows[1][second], rows[2][third]], axis=1)
        whole = np.rint(np.linalg.det(_steps()[steps]))
        return self.vectors[steps[np.abs(whole) == 1]]


def _turn_onto(
    moved: Float[np.ndarray, "rank 3"], goal: Float[np.ndarray, "rank 3"]
) -> Float[np.ndarray, "3 3"]:
    """The rotation that brings the directions of chains or layers back to where they were."""
    if len(goal) == 2:
        moved = np.vstack([moved, _normal(moved)])
        goal = np.vstack([goal, _normal(goal)])
    left, _, right = np.linalg.svd(moved.T @ goal)
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    return left @ flip @ right


def _normal(plane: Float[np.ndarray, "2 3"]) -> Float[np.ndarray, "3"]:
    normal = np.cross(plane[0], plane[1])
    return normal / np.sqrt(max(float(np.linalg.norm(normal)), 1e-9))


def _strains(
    bases: Float[np.ndarray, "bases 3 3"], target: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, "bases"]:
    """Largest principal strain that makes each basis the target, up to a rotation."""
    change = np.linalg.inv(bases) @ target
    return np.abs(np.linalg.svd(change, compute_uv=False) - 1.0).max(axis=1)


def _unturned(
    basis: Float[np.ndarray, "3 3"], target: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, "3 3"]:
    """The target turned (and reflected, where hands differ) so that only a stretch is left."""
    left, _, right = np.linalg.svd(np.linalg.inv(basis) @ target)
    return target @ (left @ right).T


def _targets(
    cells: Sequence[Float[np.ndarray, "3 3"]], most_copies: int
) -> Iterator[tuple[int, Float[np.ndarray, "3 3"]]]:
    """Reduced primitive lattices of the cells and of their superlattices."""
    for place, primitive in enumerate(cells):
        for copies in range(1, most_copies + 1):
            seen: list[np.ndarray] = []
            for basis in _superlattices(copies):
                lattice = niggli_lattice(basis @ primitive)[0]
                metric = lattice @ lattice.T
                if any(np.allclose(metric, other, rtol=1e-3, atol=0.05) for other in seen):
                    continue
                seen.append(metric)
                yield place, lattice


@lru_cache(maxsize=8)
def _superlattices(copies: int) -> Int[np.ndarray, "superlattices 3 3"]:
    """All sublattices of an index, as bases in Hermite form."""
    found = []
    for a in range(1, copies + 1):
        for b in range(1, copies // a + 1):
            if copies % (a * b):
                continue
            c = copies // (a * b)
            found += [
                [[a, x, y], [0, b, z], [0, 0, c]]
                for x in range(b)
                for y in range(c)
                for z in range(c)
            ]
    return np.array(found, dtype=np.int64)


@lru_cache(maxsize=1)
def _steps() -> Int[np.ndarray, "steps 3"]:
    """Short lattice vectors in units of a reduced basis."""
    return np.stack(np.meshgrid(*[np.arange(-2, 3)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
