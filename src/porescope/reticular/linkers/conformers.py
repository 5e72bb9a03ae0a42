"""Shapes of a molecule: a few low-energy conformers, planar and twisted ones among them.

Embedding is RDKit's ETKDG (S. Riniker and G. A. Landrum, J. Chem. Inf. Model. 55 (2015) 2562,
https://doi.org/10.1021/acs.jcim.5b00654), relaxed with MMFF94 (T. A. Halgren, J. Comput. Chem. 17
(1996) 490) or, where that lacks an element, UFF. Of each relaxed shape the bonds between flat
groups are also turned flat and upright, as crystals often have them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Float
from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers
from rdkit.Geometry import Point3D
from rdkit.rdBase import BlockLogs

from porescope.errors import ConvergenceError

_FLAT = Chem.HybridizationType.SP2
_OPEN_BONDS = 2
"""Double bonds of which both forms are made."""
_CLASH = 0.62
"""Atoms nearer than this share of the sum of their van der Waals radii clash."""
_PORPHYRIN = "[n,N]1~[c,C]2~[c,C]~[c,C]~[c,C]1~[c,C,n,N]~[c,C]3~[n,N]~[c,C](~[c,C]~[c,C]3)" + (
    "~[c,C,n,N]~[c,C]4~[n,N]~[c,C](~[c,C]~[c,C]4)~[c,C,n,N]~[c,C]5~[n,N]~[c,C](~[c,C]~[c,C]5)"
    "~[c,C,n,N]2"
)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Shape:
    """One conformer."""

    positions: Float[np.ndarray, "atoms 3"]
    """Cartesian coordinates of all atoms of the molecule [Å]."""
    energy_ev: float
    """Energy above the lowest shape by the force field; turned shapes have that of theirs."""


def shapes_of(mol: Chem.Mol, *, n_shapes: int, seed: int) -> list[Shape]:
    """Distinct low-energy shapes of a molecule, lowest first, then those turned flat or upright.

    Parameters
    ----------
    mol:
        Sanitised molecule with all its hydrogen atoms explicit.
    n_shapes:
        Most relaxed shapes to be kept before turning.
    seed:
        Seed of the embedding.

    Raises
    ------
    ConvergenceError
        Where the molecule cannot be embedded.
    """
    work = Chem.Mol(mol)
    turned = rotatable_bonds(work)
    settings = rdDistGeom.ETKDGv3()  # pyright: ignore[reportCallIssue]
    settings.randomSeed = seed
    settings.useSmallRingTorsions = True
    core = _porphyrin_core(work)
    if core:
        fixed = {a: Point3D(*p) for a, p in core.items()}
        settings.SetCoordMap(fixed)  # pyright: ignore[reportCallIssue]
        settings.useRandomCoords = True
    count = _n_embedded(work, turned)
    with BlockLogs():
        found = list(rdDistGeom.EmbedMultipleConfs(work, count, settings))
        if not found:
            settings.useRandomCoords = True
            found = list(rdDistGeom.EmbedMultipleConfs(work, count, settings))
        if not found:
            raise ConvergenceError(
                f"expected a linker that has a shape in space, got {Chem.MolToSmiles(mol)!r}, "
                "which cannot be embedded; check its rings and stereochemistry"
            )
        energies = _relaxed(work, fixed=list(core))
    order = np.argsort(energies, kind="stable")
    heavy = np.array([a.GetAtomicNum() > 1 for a in mol.GetAtoms()])
    lowest = float(energies[order[0]])
    kept: list[Shape] = []
    marks: list[np.ndarray] = []
    for index in order.tolist():
        positions = work.GetConformer(found[index]).GetPositions()
        mark = distance_mark(positions[heavy])
        if is_new_shape(mark, marks):
            marks.append(mark)
            energy = (float(energies[index]) - lowest) * 0.0433641
            kept.append(Shape(positions=positions, energy_ev=energy))
        if len(kept) == n_shapes:
            break
    return _with_turned(work, kept, marks, turned)


def isomers_of(mol: Chem.Mol) -> list[Chem.Mol]:
    """Both forms of each double bond whose geometry the SMILES leaves open, a few in all.

    Parameters
    ----------
    mol:
        Sanitised molecule with all its hydrogen atoms explicit.
    """
    open_bonds = [
        info.centeredOn
        for info in Chem.FindPotentialStereo(mol)
        if info.type == Chem.StereoType.Bond_Double
        and info.specified == Chem.StereoSpecified.Unspecified
    ][:_OPEN_BONDS]
    found = []
    for way in product(
        (Chem.BondStereo.STEREOTRANS, Chem.BondStereo.STEREOCIS), repeat=len(open_bonds)
    ):
        isomer = Chem.RWMol(mol)
        for index, stereo in zip(open_bonds, way, strict=True):
            bond = isomer.GetBondWithIdx(index)
            ends = [
                min(
                    (n.GetIdx() for n in atom.GetNeighbors() if n.GetIdx() != other.GetIdx()),
                    key=lambda i: (isomer.GetAtomWithIdx(i).GetAtomicNum() == 1, i),
                )
                for atom, other in (
                    (bond.GetBeginAtom(), bond.GetEndAtom()),
                    (bond.GetEndAtom(), bond.GetBeginAtom()),
                )
            ]
            bond.SetStereoAtoms(*ends)
            bond.SetStereo(stereo)
        found.append(isomer.GetMol())
    return found


def rotatable_bonds(mol: Chem.Mol) -> list[tuple[int, int, int, int]]:
    """Axes outside rings about which a shape can turn, each as the four atoms of a torsion.

    Single bonds between atoms with neighbours off the axis; of a straight chain, as of an alkyne,
    the atoms at its two ends.

    Parameters
    ----------
    mol:
        Sanitised molecule.
    """
    straight = Chem.HybridizationType.SP
    found = []
    for bond in mol.GetBonds():
        one, other = bond.GetBeginAtom(), bond.GetEndAtom()
        if bond.IsInRing() or bond.GetBondType() != Chem.BondType.SINGLE:
            continue
        if one.GetHybridization() == straight:
            one, other = other, one
        came = one
        while other.GetHybridization() == straight and other.GetDegree() == 2:
            onward = [n for n in other.GetNeighbors() if n.GetIdx() != came.GetIdx()]
            came, other = other, onward[0]
        if other.GetHybridization() == straight or one.GetHybridization() == straight:
            continue
        chain = (one.GetIdx(), other.GetIdx(), came.GetIdx(), bond.GetBeginAtomIdx())
        barred = {*chain, bond.GetEndAtomIdx()}
        ends = []
        for atom in (one, other):
            near = [n.GetIdx() for n in atom.GetNeighbors() if n.GetAtomicNum() > 1]
            ends.append([n for n in near if n not in barred])
        if ends[0] and ends[1]:
            axis = sorted([(one.GetIdx(), ends[0][0]), (other.GetIdx(), ends[1][0])])
            torsion = (axis[0][1], axis[0][0], axis[1][0], axis[1][1])
            if torsion not in found:
                found.append(torsion)
    return found


def _beyond(mol: Chem.Mol, torsion: tuple[int, int, int, int]) -> list[int]:
    """Atoms on the far side of a torsion's axis."""
    _, start, end, _ = torsion
    path = set(Chem.GetShortestPath(mol, start, end)) - {end}
    met, queue = {end}, [end]
    for i in queue:
        for n in mol.GetAtomWithIdx(i).GetNeighbors():
            if n.GetIdx() not in met and n.GetIdx() not in path:
                met.add(n.GetIdx())
                queue.append(n.GetIdx())
    return queue


def dihedral(positions: Float[np.ndarray, "4 3"]) -> float:
    """Torsion of four points, of which the second and the third need not be bonded [rad].

    Parameters
    ----------
    positions:
        The points [Å].
    """
    axis = positions[2] - positions[1]
    axis = axis / np.linalg.norm(axis)
    one = positions[0] - positions[1]
    other = positions[3] - positions[2]
    one = one - (one @ axis) * axis
    other = other - (other @ axis) * axis
    return float(np.arctan2(np.cross(one, other) @ axis, one @ other))


def rotation_about(axis: Float[np.ndarray, "3"], *, angle: float) -> Float[np.ndarray, "3 3"]:
    """Matrix that turns column vectors about an axis.

    Parameters
    ----------
    axis:
        Direction; its length does not matter.
    angle:
        Turn by the right-hand rule [rad].
    """
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross


def _relaxed(mol: Chem.Mol, *, fixed: list[int]) -> Float[np.ndarray, "shapes"]:
    """Relax every conformer in place; energies [kcal/mol]."""
    energies = []
    known = rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol)
    for conformer in mol.GetConformers():
        index = conformer.GetId()
        if known:
            kinds = rdForceFieldHelpers.MMFFGetMoleculeProperties(mol)
            field = rdForceFieldHelpers.MMFFGetMoleculeForceField(mol, kinds, confId=index)
        elif rdForceFieldHelpers.UFFHasAllMoleculeParams(mol):
            field = rdForceFieldHelpers.UFFGetMoleculeForceField(mol, confId=index)
        else:
            field = None
        if field is None:
            energies.append(0.0)
            continue
        field.Initialize()
        for atom in fixed:
            field.AddFixedPoint(atom)
        field.Minimize(maxIts=400)
        energies.append(field.CalcEnergy())
    return np.array(energies, dtype=np.float64)


def _with_turned(
    mol: Chem.Mol,
    shapes: list[Shape],
    marks: list[np.ndarray],
    torsions: list[tuple[int, int, int, int]],
) -> list[Shape]:
    """The shapes, and those with the bonds between flat groups at 0 or 180 and at 90 degrees."""
    flat = [
        t
        for t in torsions
        if mol.GetAtomWithIdx(t[1]).GetHybridization() == _FLAT
        and mol.GetAtomWithIdx(t[2]).GetHybridization() == _FLAT
    ]
    found = list(shapes)
    if not flat:
        return found
    heavy = np.array([a.GetAtomicNum() > 1 for a in mol.GetAtoms()])
    radii = np.array([_RADII.get(a.GetAtomicNum(), 1.8) for a in mol.GetAtoms()])
    near = Chem.GetDistanceMatrix(mol) < 4
    sides = [_beyond(mol, t) for t in flat]
    for shape in shapes:
        for upright in (False, True):
            positions = shape.positions.copy()
            for torsion, side in zip(flat, sides, strict=True):
                now = dihedral(positions[list(torsion)])
                target = np.pi * round(now / np.pi)
                if upright and _is_aryl_bond(mol, torsion):
                    target = 0.5 * np.pi * (1.0 if now >= 0 else -1.0)
                start = positions[torsion[1]]
                matrix = rotation_about(positions[torsion[2]] - start, angle=target - now)
                positions[side] = (positions[side] - start) @ matrix.T + start
            distances = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
            close = distances < _CLASH * (radii[:, None] + radii[None])
            mark = distance_mark(positions[heavy])
            if np.any(close & ~near) or not is_new_shape(mark, marks):
                continue
            marks.append(mark)
            found.append(Shape(positions=positions, energy_ev=shape.energy_ev))
    return found


_RADII = {1: 1.10, 6: 1.70, 7: 1.55, 8: 1.52, 9: 1.47, 15: 1.80, 16: 1.80, 17: 1.75, 35: 1.85}
"""Van der Waals radii [Å]: M. Mantina et al., J. Phys. Chem. A 113 (2009) 5806."""


def _is_aryl_bond(mol: Chem.Mol, torsion: tuple[int, int, int, int]) -> bool:
    """Whether the bond joins a ring to a ring or to carbon, so that it may stand upright."""
    return any(mol.GetAtomWithIdx(i).GetIsAromatic() for i in torsion[1:3]) and all(
        mol.GetAtomWithIdx(i).GetAtomicNum() in (6, 7) for i in torsion[1:3]
    )


def distance_mark(
    positions: Float[np.ndarray, "atoms 3"],
) -> Float[np.ndarray, "pairs"]:
    """Sorted distances [Å]: they tell shapes apart whatever the pose and the order of equal atoms.

    Parameters
    ----------
    positions:
        Cartesian coordinates [Å].
    """
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
    return np.sort(distances[np.triu_indices(len(positions), 1)])


def is_new_shape(
    mark: Float[np.ndarray, "pairs"],
    known: list[np.ndarray],
    *,
    tolerance: float = 0.06,
) -> bool:
    """Whether some sorted distance differs from that of every known shape.

    Parameters
    ----------
    mark:
        From :func:`distance_mark`.
    known:
        Marks of other shapes.
    tolerance:
        Least difference of a new shape [Å].
    """
    return all(np.abs(mark - k).max(initial=0.0) > tolerance for k in known)


def _n_embedded(mol: Chem.Mol, torsions: list[tuple[int, int, int, int]]) -> int:
    """Embedded shapes: more where saturated atoms can turn, fewer where the molecule is large."""
    loose = sum(
        any(mol.GetAtomWithIdx(i).GetHybridization() != _FLAT for i in t[1:3]) for t in torsions
    )
    most = 16 if mol.GetNumAtoms() < 60 else 6 if mol.GetNumAtoms() < 120 else 3
    return min(most, 3 + 3 * loose)


def _porphyrin_core(mol: Chem.Mol) -> dict[int, list[float]]:
    """Places of a porphyrin's ring atoms in the fourfold shape that a metal gives it [Å].

    Mean geometry of metalloporphyrins: N at 2.04, alpha carbon 1.37 from it, 1.44 to beta carbon,
    1.35 between these, 1.40 to the meso atom (W. R. Scheidt and Y. J. Lee, Struct. Bonding 64
    (1987) 1, https://doi.org/10.1007/BFb0036789).
    """
    pattern = Chem.MolFromSmarts(_PORPHYRIN)
    matches = mol.GetSubstructMatches(pattern, uniquify=True)
    if not matches:
        return {}
    match = matches[0]
    n = (2.04, 0.0)
    alpha = [(2.85, y) for y in (1.10, -1.10)]
    beta = [(4.22, y) for y in (0.675, -0.675)]
    meso = (2.43, 2.43)
    spots: list[tuple[float, float]] = []
    quarter = np.array([[0.0, -1.0], [1.0, 0.0]])

    def turn(point: tuple[float, float], times: int) -> tuple[float, float]:
        x, y = np.linalg.matrix_power(quarter, times) @ np.array(point)
        return float(x), float(y)

    low, high = alpha[1], alpha[0]
    spots += [n, low, beta[1], beta[0], high, meso]
    for k in (1, 2, 3):
        spots += [turn(p, k) for p in (low, n, high, beta[0], beta[1])]
        spots += [turn(meso, k)]
    return {a: [x, y, 0.0] for a, (x, y) in zip(match, spots, strict=True)}
