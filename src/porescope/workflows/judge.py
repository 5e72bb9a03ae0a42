"""Is a predicted structure right? A ladder of rungs, all of them reported.

What is compared is the framework: atoms of finite molecules in the pores are left out of both
structures, and hydrogen is left out where coordinates or bonds are compared, because X-rays hardly
see it and experimental files often lack it. Both structures are reduced to primitive cells first.

=========  ========================================================================================
loose      the structure matcher of pymatgen, ltol 0.3, stol 0.9, angle_tol 10: atoms moved at
           random by 2 Å still pass, so it is there only to be compared with published numbers
standard   ltol 0.3, stol 0.5, angle_tol 10
strict     ltol 0.1, stol 0.3, angle_tol 5
net        the same periodic bond graph with the same elements, whatever the coordinates
bare net   the same once single atoms that hang on a metal alone are taken off both: water,
           hydroxide and halide at the ends of the coordination sphere
cell       each edge of the reduced primitive cell within 1 %, each angle within 1°
pattern    the ten strongest lines of either structure paired one to one within 0.2° 2θ at Cu Kα
=========  ========================================================================================
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import KDTree

from porescope.crystal.bonds import bonds_of
from porescope.crystal.elements import is_metal
from porescope.crystal.graph import framework_atoms, net_hash
from porescope.crystal.lattice import niggli_lattice, same_lattice
from porescope.crystal.orbits import wrapped
from porescope.crystal.space_group import P1
from porescope.crystal.structure import Crystal
from porescope.diffraction.peak_matching import main_peak_match
from porescope.diffraction.radiation import radiation_from_name
from porescope.diffraction.simulate import powder_lines
from porescope.diffraction.structure_factors import reflections_of
from porescope.errors import ConfigError
from porescope.workflows.structure_match import TOLERANCES, StructureMatching

CELL_LENGTH_TOLERANCE = 0.01
"""Relative tolerance of the reduced cell's edges."""
CELL_ANGLE_TOLERANCE_DEG = 1.0
"""Tolerance of the reduced cell's angles [°]."""
SAME_PLACE = 0.3
"""A translation that brings each atom this near to one of its kind is one of the lattice [Å]."""
PATTERN_RANGE_DEG = (3.0, 40.0)
"""Range of 2θ at Cu Kα in which lines are compared [°]."""
ONE_PEAK_DEG = 0.1
"""Lines nearer than this are seen as one peak [°]."""
_BELOW_ONE = 1.0 - 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The rungs that a predicted structure reaches; ``None`` where the time was up."""

    loose: bool | None
    """Matches within ltol 0.3, stol 0.9, angle_tol 10."""
    standard: bool | None
    """Matches within ltol 0.3, stol 0.5, angle_tol 10."""
    strict: bool | None
    """Matches within ltol 0.1, stol 0.3, angle_tol 5."""
    rmse: float
    """Root mean square distance of paired atoms over (V/N)^(1/3) on the strictest rung that is
    reached; NaN where none is."""
    net: bool
    """Same bond graph."""
    bare_net: bool
    """Same bond graph without single atoms that hang on one metal."""
    cell: bool
    """Same reduced primitive cell."""
    main_peaks: float
    """Share of the main peaks that are paired, 0 to 1."""
    pattern: bool
    """Whether all main peaks are paired."""
    rwp: float
    """Weighted profile residual of the predicted structure's fit, as given; NaN if none was."""
    seconds: float
    """Time that judging took [s]."""


def judge(
    predicted: Crystal,
    *,
    truth: Crystal,
    matching: StructureMatching | None = None,
    observed: Float[np.ndarray, "peaks 2"] | None = None,
    rwp: float = math.nan,
) -> Judgement:
    """All rungs of one predicted structure.

    Parameters
    ----------
    predicted:
        The structure, in its fitted cell.
    truth:
        What it should be, in the cell that made the pattern.
    matching:
        The process that runs the structure matcher, shared by many calls; one is started and
        ended for this call if none is given.
    observed:
        Positions (2θ at Cu Kα [°]) and intensities of measured peaks that the predicted lines
        are compared with; by default the lines of the true structure.
    rwp:
        Weighted profile residual of the fit, to stand beside the rungs.

    Raises
    ------
    ConfigError
        Where one of the two has no atoms.
    """
    for crystal, word in ((predicted, "predicted"), (truth, "true")):
        if not crystal.n_atoms:
            raise ConfigError(f"expected atoms in the {word} structure, got none")
    started = time.perf_counter()
    other = bare_framework(truth)
    one = _comparable(predicted, other)
    if matching is None:
        with StructureMatching() as own:
            matches, rmse = _matches(one, other, own)
    else:
        matches, rmse = _matches(one, other, matching)
    theirs = powder_peaks(truth) if observed is None else observed
    main_peaks = main_peak_match(powder_peaks(predicted), theirs)
    return Judgement(
        loose=matches["loose"],
        standard=matches["standard"],
        strict=matches["strict"],
        rmse=rmse,
        net=net_hash(one) == net_hash(other),
        bare_net=net_hash(without_ends(one)) == net_hash(without_ends(other)),
        cell=same_lattice(
            one.lattice,
            other=other.lattice,
            length_tolerance=CELL_LENGTH_TOLERANCE,
            angle_tolerance_deg=CELL_ANGLE_TOLERANCE_DEG,
        ),
        main_peaks=main_peaks,
        pattern=main_peaks >= 1.0,
        rwp=rwp,
        seconds=time.perf_counter() - started,
    )


def _matches(
    one: Crystal, other: Crystal, matching: StructureMatching
) -> tuple[dict[str, bool | None], float]:
    """Rungs of the matcher, and the error on the strictest that is reached.

    A rung holds all that the stricter ones hold, so the search ends at the first match.
    """
    found: dict[str, bool | None] = {}
    rmse = math.nan
    if not np.array_equal(np.sort(one.numbers), np.sort(other.numbers)):
        return dict.fromkeys(TOLERANCES, False), rmse
    for rung in TOLERANCES:
        if True in found.values():
            found[rung] = True
            continue
        match = matching.match(one, truth=other, rung=rung)
        found[rung] = match.matches
        rmse = match.rmse
    return found, rmse


def bare_framework(crystal: Crystal) -> Crystal:
    """The framework without hydrogen and without finite molecules, in its primitive cell.

    Parameters
    ----------
    crystal:
        A structure; where nothing in it is endless, all of it counts. Of places that exclude one
        another, those that are at least half occupied are kept.
    """
    keep = framework_atoms(crystal)
    if not keep.any():
        keep = np.ones(crystal.n_atoms, dtype=bool)
    keep &= crystal.occupancy >= 0.5
    heavy = keep & (crystal.numbers != 1)
    return primitive_by_translations(_taken(crystal, heavy if heavy.any() else keep))


def _comparable(predicted: Crystal, truth: Crystal) -> Crystal:
    """The predicted framework; all of it where only so it has the composition of the true one.

    Where the coordinates are so wrong that bonds are broken, some of a framework looks like
    guests; the matcher, which knows no bonds, is still asked about the whole.
    """
    framework = bare_framework(predicted)
    wanted = np.sort(truth.numbers)
    if not np.array_equal(np.sort(framework.numbers), wanted):
        heavy = (predicted.numbers != 1) & (predicted.occupancy >= 0.5)
        if heavy.any():
            whole = primitive_by_translations(_taken(predicted, heavy))
            if np.array_equal(np.sort(whole.numbers), wanted):
                return whole
    return framework


def without_ends(crystal: Crystal) -> Crystal:
    """The framework without single atoms that are bound to one metal alone.

    Parameters
    ----------
    crystal:
        A framework without hydrogen.
    """
    bonds = bonds_of(crystal)
    degree = np.bincount(bonds.first, minlength=crystal.n_atoms)
    metal = is_metal()[crystal.numbers]
    on_metal = np.zeros(crystal.n_atoms, dtype=bool)
    on_metal[bonds.first[metal[bonds.second]]] = True
    return _taken(crystal, ~((degree == 1) & on_metal & ~metal))


def _taken(crystal: Crystal, keep: Bool[np.ndarray, "atoms"]) -> Crystal:
    """Some of the atoms in P1, full and without displacements."""
    n_atoms = int(keep.sum())
    return Crystal(
        lattice=crystal.lattice,
        frac=crystal.frac[keep],
        numbers=crystal.numbers[keep],
        occupancy=np.ones(n_atoms),
        u_iso=np.full(n_atoms, np.nan),
        name=crystal.name,
    )


def primitive_by_translations(crystal: Crystal, *, tolerance: float = SAME_PLACE) -> Crystal:
    """The smallest cell of a crystal, reduced; images of an atom are averaged.

    Unlike a search for the whole symmetry this does not fail where atoms are displaced by some
    tenths of an ångström.

    Parameters
    ----------
    crystal:
        A structure; its symmetry is dropped.
    tolerance:
        Largest distance between an atom and the image of another one [Å].
    """
    lattice, to_reduced = niggli_lattice(crystal.lattice)
    frac = wrapped(crystal.frac @ np.linalg.inv(to_reduced))
    plain = replace(crystal, lattice=lattice, frac=frac, space_group=P1, orbit=None)
    shifts, partners = _translations(plain, tolerance)
    if len(shifts) == 1:
        return plain
    points = np.concatenate([shifts, np.eye(3)])
    basis = _shortest_basis(points, lattice, n_cells=len(shifts))
    # Each class of atoms that the translations join becomes one atom at their mean place.
    first = np.flatnonzero(partners.min(axis=0) == np.arange(plain.n_atoms))
    if basis is None or len(first) * len(shifts) != plain.n_atoms:
        return plain
    offset = frac[partners[:, first]] - frac[first] - shifts[:, None, :]
    offset -= np.rint(offset)
    places = frac[first] + offset.mean(axis=0)
    reduced, _ = niggli_lattice(basis @ lattice)
    return replace(
        _taken(plain, np.isin(np.arange(plain.n_atoms), first)),
        lattice=reduced,
        frac=wrapped(places @ lattice @ np.linalg.inv(reduced)),
    )


def _translations(
    crystal: Crystal, tolerance: float
) -> tuple[Float[np.ndarray, "shifts 3"], Int[np.ndarray, "shifts atoms"]]:
    """Translations within the cell that map the atoms on one another, and the atoms' partners."""
    frac, numbers = crystal.frac, crystal.numbers
    kinds, counts = np.unique(numbers, return_counts=True)
    rare = np.flatnonzero(numbers == kinds[np.argmin(counts)])
    edges = np.linalg.norm(crystal.lattice, axis=1)
    tree = KDTree(np.minimum(frac, _BELOW_ONE) * edges, boxsize=edges)
    shifts, partners = [np.zeros(3)], [np.arange(crystal.n_atoms)]
    for other in rare[1:].tolist():
        shift = frac[other] - frac[rare[0]]
        partner, delta = _partners(crystal, frac, numbers, tree, shift)
        if delta is None or np.abs(delta @ crystal.lattice).max() > 3.0 * tolerance:
            continue
        shift = shift + delta.mean(axis=0)
        partner, delta = _partners(crystal, frac, numbers, tree, shift)
        if delta is None or len(np.unique(partner)) < len(partner):
            continue
        if np.linalg.norm(delta @ crystal.lattice, axis=1).max() <= tolerance:
            shifts.append(wrapped(shift[None])[0])
            partners.append(partner)
    return np.array(shifts), np.array(partners)


def _partners(crystal, frac, numbers, tree, shift):
    """For each atom the nearest one of its kind after a shift, and how far it is off."""
    images = np.minimum(wrapped(frac + shift), _BELOW_ONE)
    edges = np.linalg.norm(crystal.lattice, axis=1)
    _, near = tree.query(images * edges, k=min(6, len(frac)))
    near = np.asarray(near).reshape(len(frac), -1)
    delta = frac[near] - images[:, None, :]
    delta -= np.rint(delta)
    distance = np.linalg.norm(delta @ crystal.lattice, axis=2)
    distance[numbers[near] != numbers[:, None]] = np.inf
    best = np.argmin(distance, axis=1)
    rows = np.arange(len(frac))
    if not np.all(np.isfinite(distance[rows, best])):
        return near[rows, best], None
    return near[rows, best], delta[rows, best]


def _shortest_basis(
    points: Float[np.ndarray, "points 3"], lattice: Float[np.ndarray, "3 3"], *, n_cells: int
) -> Float[np.ndarray, "3 3"] | None:
    """Three of the lattice points that span a cell of 1/n of the volume, short ones first."""
    steps = np.stack(np.meshgrid(*[[-1.0, 0.0, 1.0]] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    every = (points[:, None, :] + steps).reshape(-1, 3)
    length = np.linalg.norm(every @ lattice, axis=1)
    every = every[np.argsort(length, kind="stable")]
    every = every[np.linalg.norm(every @ lattice, axis=1) > 0.5][:300]
    for i in range(len(every)):
        for j in range(i):
            cross = np.cross(every[i], every[j])
            volume = np.abs(every[:j] @ cross)
            fits = np.flatnonzero(np.abs(volume * n_cells - 1.0) < 0.2)
            if len(fits):
                return np.array([every[fits[0]], every[j], every[i]])
    return None


def powder_peaks(crystal: Crystal) -> Float[np.ndarray, "peaks 2"]:
    """Peaks that a structure should show: 2θ at Cu Kα [°] and integrated intensities.

    Parameters
    ----------
    crystal:
        A structure, guests and hydrogen included.
    """
    radiation = radiation_from_name("CuKa")
    low, high = PATTERN_RANGE_DEG
    d_min = radiation.wavelength / (2.0 * math.sin(math.radians(0.5 * high)))
    lines = powder_lines(
        reflections_of(crystal, d_min=d_min, radiation=radiation), radiation=radiation
    )
    order = np.argsort(lines.two_theta_deg)
    angle, intensity = lines.two_theta_deg[order], lines.intensity[order]
    seen = (angle > low) & (intensity > 1e-4 * intensity.max(initial=0.0))
    angle, intensity = angle[seen], intensity[seen]
    if not len(angle):
        return np.zeros((0, 2))
    group = np.concatenate([[0], np.cumsum(np.diff(angle) > ONE_PEAK_DEG)])
    total = np.bincount(group, weights=intensity)
    return np.stack([np.bincount(group, weights=intensity * angle) / total, total], axis=1)


def moved_at_random(crystal: Crystal, *, rng: np.random.Generator, distance: float) -> Crystal:
    """The crystal with each atom moved the same way far in a direction of its own: noise.

    Parameters
    ----------
    crystal:
        A structure; its symmetry is dropped.
    rng:
        Source of the directions.
    distance:
        How far each atom moves [Å].
    """
    step = rng.normal(size=(crystal.n_atoms, 3))
    step *= distance / np.linalg.norm(step, axis=1, keepdims=True)
    frac = crystal.frac + step @ np.linalg.inv(crystal.lattice)
    return replace(crystal.without_symmetry(), frac=frac)
