"""Geometries of the common nodes, from their symmetry and a few published bond lengths."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from jaxtyping import Float

from porescope.reticular.nodes.building import (
    CARBON_CARBON,
    CARBOXYLATE_CO,
    CARBOXYLATE_HEIGHT,
    CARBOXYLATE_OO,
    OXYGEN_HYDROGEN,
    Parts,
    bridging_oxygen,
)

_X, _Y, _Z = np.eye(3)
POLYHEDRA: dict[str, tuple[tuple[float, float, float], ...]] = {
    "linear": ((0, 0, 1), (0, 0, -1)),
    "trigonal": ((1, 0, 0), (-0.5, 0.8660254, 0), (-0.5, -0.8660254, 0)),
    "tetrahedron": ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)),
    "square": ((1, 0, 0), (0, 1, 0), (-1, 0, 0), (0, -1, 0)),
    "octahedron": ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)),
}
"""Directions of the bonds of single metals."""


_DIVALENT = ("Co", "Ni", "Mg", "Zn", "Cu")
"""Metals whose trimer is taken as divalent."""


def paddlewheel(
    metal: str, *, metal_metal: float, metal_oxygen: float, axial: float = 0.0
) -> Parts:
    """Two metals under four carboxylates, D4h.

    Parameters
    ----------
    metal:
        Element.
    metal_metal, metal_oxygen:
        Lengths [Å].
    axial:
        Length of a bond that leaves each metal along the axis [Å]; 0: none.
    """
    parts = Parts()
    low = parts.add(metal, -0.5 * metal_metal * _Z)
    high = parts.add(metal, 0.5 * metal_metal * _Z)
    for out in (_X, _Y, -_X, -_Y):
        parts.carboxylate(low, high, outward=out, reach=metal_oxygen)
    if axial:
        parts.port(low, -axial * _Z)
        parts.port(high, axial * _Z)
    return parts


def oxo_tetrahedron(metal: str, *, metal_centre: float, metal_oxygen: float) -> Parts:
    """Four metals about oxygen under six carboxylates, Td.

    Parameters
    ----------
    metal:
        Element.
    metal_centre, metal_oxygen:
        Lengths to the central and to the carboxylates' oxygen [Å].
    """
    parts = Parts()
    corners = np.array(POLYHEDRA["tetrahedron"], dtype=np.float64) / np.sqrt(3.0)
    metals = [parts.add(metal, metal_centre * c) for c in corners]
    parts.add("O", np.zeros(3), bonded=metals)
    for i, j in combinations(range(4), 2):
        parts.carboxylate(metals[i], metals[j], outward=corners[i] + corners[j], reach=metal_oxygen)
    return parts


def oxo_octahedron(
    metal: str,
    *,
    metal_metal: float,
    metal_oxide: float,
    metal_hydroxide: float,
    metal_oxygen: float,
    links: int,
    capping: str = "water",
    all_hydroxide: bool = False,
) -> Parts:
    """Six metals with eight oxygen atoms on the faces and carboxylates on the edges.

    Parameters
    ----------
    metal:
        Element.
    metal_metal:
        Length of the octahedron's edge [Å].
    metal_oxide, metal_hydroxide, metal_oxygen:
        Lengths to the oxygen atoms on faces and to the carboxylates [Å].
    links:
        Number of linkers: 12 on all edges, 10 and 8 without two and all four equatorial edges, 6
        on the edges of two opposite faces, or -6 on the six edges around the waist between them.
    capping:
        What stands on the other edges: ``formate``, or ``water`` for water on one metal and
        hydroxide on the next.
    all_hydroxide:
        Whether all faces bear hydroxide, as with trivalent metals.
    """
    parts = Parts()
    radius = metal_metal / np.sqrt(2.0)
    axes = np.array([_X, _Y, _Z, -_X, -_Y, -_Z])
    metals = [parts.add(metal, radius * a) for a in axes]
    for signs in np.array(np.meshgrid([1, -1], [1, -1], [1, -1])).reshape(3, -1).T:
        near = [m for m, a in zip(metals, axes, strict=True) if a @ signs > 0]
        hydroxide = all_hydroxide or signs.prod() < 0
        length = metal_hydroxide if hydroxide else metal_oxide
        # (radius - s)^2 + 2 s^2 = length^2, the outer root.
        s = (radius + np.sqrt(max(3.0 * length**2 - 2.0 * radius**2, 0.0))) / 3.0
        oxygen = parts.add("O", s * signs, bonded=near)
        if hydroxide:
            out = signs / np.sqrt(3.0)
            parts.add("H", parts.positions[oxygen] + OXYGEN_HYDROGEN * out, bonded=[oxygen])
    bare = []
    for i, j in combinations(range(6), 2):
        if axes[i] @ axes[j] < -0.5:
            continue
        out = axes[i] + axes[j]
        if _is_linked(out, links):
            parts.carboxylate(metals[i], metals[j], outward=out, reach=metal_oxygen)
        else:
            bare.append((i, j, out))
    hydroxides = dict.fromkeys(range(6), 0)
    for i, j, out in bare:
        if capping == "formate":
            parts.carboxylate(metals[i], metals[j], outward=out, reach=metal_oxygen, capped=True)
            continue
        # One of the two sites becomes water, the other hydroxide, shared out evenly.
        acid = i if hydroxides[i] <= hydroxides[j] else j
        hydroxides[acid] += 1
        sites = bridging_oxygen(
            parts.positions[metals[i]], parts.positions[metals[j]], outward=out, reach=metal_oxygen
        )
        for k, site in zip((i, j), sites, strict=True):
            parts.water(
                metals[k],
                outward=site - parts.positions[metals[k]],
                reach=metal_oxygen,
                side=np.cross(axes[i], axes[j]),
                n_hydrogens=1 if k == acid else 2,
            )
    return parts


def _is_linked(out: Float[np.ndarray, "3"], links: int) -> bool:
    """Whether the edge in a direction bears a linker."""
    if links == 12:
        return True
    if links == 10:
        return bool(abs(out[2]) > 0.5 or out[0] * out[1] > 0)
    if links == 8:
        return bool(abs(out[2]) > 0.5)
    around_faces = bool(abs(out.sum()) > 1.5)
    return around_faces if links == 6 else not around_faces


def oxo_trimer(
    metal: str,
    *,
    metal_centre: float,
    metal_oxygen: float,
    terminal: float,
    ports: bool = False,
    hydroxide: bool = True,
) -> Parts:
    """Three metals about oxygen under six carboxylates, D3h, with water outside.

    The carboxylates stand so that those on one metal lie in a plane at right angles to its bond
    to the centre.

    Parameters
    ----------
    metal:
        Element.
    metal_centre, metal_oxygen, terminal:
        Lengths to the central, the carboxylates' and the outer oxygen or nitrogen [Å].
    ports:
        Whether the outer places bind linkers instead of water.
    hydroxide:
        Whether one of the three is hydroxide; by default for trivalent metals only, whose node
        has no charge then.
    """
    parts = Parts()
    acid = metal not in _DIVALENT if hydroxide is None else hydroxide
    around = np.array(POLYHEDRA["trigonal"], dtype=np.float64)
    metals = [parts.add(metal, metal_centre * a) for a in around]
    parts.add("O", np.zeros(3), bonded=metals)
    half = 0.5 * metal_centre * np.sqrt(3.0)
    inset = half - 0.5 * CARBOXYLATE_OO
    height = np.sqrt(metal_oxygen**2 - inset**2)
    cosine = np.sqrt(3.0) * inset / height
    sine = np.sqrt(1.0 - cosine**2)
    for i, j in combinations(range(3), 2):
        radial = around[i] + around[j]
        radial = radial / np.linalg.norm(radial)
        for sign in (1.0, -1.0):
            out = cosine * radial + sign * sine * _Z
            parts.carboxylate(metals[i], metals[j], outward=out, reach=metal_oxygen)
    for k, (m, a) in enumerate(zip(metals, around, strict=True)):
        if ports:
            parts.port(m, terminal * a)
        else:
            parts.water(
                m, outward=a, reach=terminal, side=_Z, n_hydrogens=1 if k == 0 and acid else 2
            )
    return parts


def hourglass(metal: str, *, metal_metal: float, inner: float, outer: float, axial: float) -> Parts:
    """Three metals in a row under six carboxylates, D3d, with water at both ends.

    Parameters
    ----------
    metal:
        Element.
    metal_metal, inner, outer, axial:
        Lengths between metals, from the middle and from the outer ones to the carboxylates, and
        to the water at the ends [Å].
    """
    parts = Parts()
    middle = parts.add(metal, np.zeros(3))
    ends = [parts.add(metal, sign * metal_metal * _Z) for sign in (1.0, -1.0)]
    # In the plane of a carboxylate: the inner oxygen at the octahedral angle, the outer one at its
    # length from the outer metal and at the distance of the two from the inner one.
    low = inner * np.array([np.sqrt(2.0 / 3.0), np.sqrt(1.0 / 3.0)])
    centre = np.array([0.0, metal_metal])
    gap = centre - low
    far = float(np.linalg.norm(gap))
    along = (CARBOXYLATE_OO**2 - outer**2 + far**2) / (2.0 * far)
    aside = np.sqrt(max(CARBOXYLATE_OO**2 - along**2, 0.0))
    unit = gap / far
    high = low + along * unit + aside * np.array([unit[1], -unit[0]])
    chord = (high - low) / np.linalg.norm(high - low)
    out = np.array([chord[1], -chord[0]])
    carbon = 0.5 * (low + high) + CARBOXYLATE_HEIGHT * out
    assert abs(np.linalg.norm(carbon - low) - CARBOXYLATE_CO) < 1e-6
    for end, sign in zip(ends, (1.0, -1.0), strict=True):
        for k in range(3):
            angle = 2.0 * np.pi * k / 3.0 + (np.pi / 3.0 if sign < 0 else 0.0)
            radial = np.cos(angle) * _X + np.sin(angle) * _Y
            places = [p[0] * radial + sign * p[1] * _Z for p in (low, high, carbon)]
            one = parts.add("O", places[0], bonded=[middle])
            two = parts.add("O", places[1], bonded=[end])
            c = parts.add("C", places[2], bonded=[one, two])
            parts.port(c, CARBON_CARBON * (out[0] * radial + sign * out[1] * _Z))
        parts.water(end, outward=sign * _Z, reach=axial, side=_X)
    return parts


def single_metal(metal: str, *, polyhedron: str, length: float) -> Parts:
    """One metal whose every bond leads to a linker.

    Parameters
    ----------
    metal:
        Element.
    polyhedron:
        Key of :data:`POLYHEDRA`.
    length:
        Metal-donor length [Å].
    """
    parts = Parts()
    centre = parts.add(metal, np.zeros(3))
    for corner in np.array(POLYHEDRA[polyhedron], dtype=np.float64):
        parts.port(centre, length * corner / np.linalg.norm(corner))
    return parts


def chelated_metal(metal: str, *, polyhedron: str, metal_oxygen: float, oxo: float = 0.0) -> Parts:
    """One metal under chelating carboxylates.

    Parameters
    ----------
    metal:
        Element.
    polyhedron:
        Directions of the carboxylates: ``tetrahedron``, ``trigonal`` or ``square``.
    metal_oxygen:
        Length [Å].
    oxo:
        Length to two oxo groups along the axis, as of uranyl [Å]; 0: none.
    """
    parts = Parts()
    centre = parts.add(metal, np.zeros(3))
    for sign in (1.0, -1.0) if oxo else ():
        parts.add("O", sign * oxo * _Z, bonded=[centre])
    for corner in np.array(POLYHEDRA[polyhedron], dtype=np.float64):
        side = np.cross(corner, _Z) if polyhedron != "tetrahedron" else _s4_side(corner)
        parts.chelating_carboxylate(centre, outward=corner, side=side, reach=metal_oxygen)
    return parts


def _s4_side(corner: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
    """Planes of four chelates in the dodecahedral order of D2d."""
    return np.array([corner[0], corner[1], 0.0]) - 0.5 * corner[2] * _Z


def chloride_square(metal: str, *, metal_chlorine: float, metal_nitrogen: float) -> Parts:
    """Four metals about chloride, each with four bonds to azolates, D4h.

    Parameters
    ----------
    metal:
        Element.
    metal_chlorine, metal_nitrogen:
        Lengths [Å].
    """
    parts = Parts()
    square = np.array(POLYHEDRA["square"], dtype=np.float64)
    metals = [parts.add(metal, metal_chlorine * d) for d in square]
    parts.add("Cl", np.zeros(3), bonded=metals)
    for m, d in zip(metals, square, strict=True):
        across = np.cross(_Z, d)
        for one in (1.0, -1.0):
            for other in (1.0, -1.0):
                direction = one * across + other * _Z
                parts.port(m, metal_nitrogen * direction / np.sqrt(2.0))
    return parts


def covalent_ring(atoms: str, *, length: float, outward: float) -> Parts:
    """A flat ring of six in which every other atom bears a port: boroxine, triazine, benzene.

    Parameters
    ----------
    atoms:
        The atom with the port and the one without, such as ``B O``.
    length:
        Length of the ring's bonds [Å].
    outward:
        Length of the bonds that leave [Å].
    """
    ported, plain = atoms.split()
    parts = Parts()
    ring = []
    for k in range(6):
        direction = np.cos(k * np.pi / 3.0) * _X + np.sin(k * np.pi / 3.0) * _Y
        ring.append(parts.add(ported if k % 2 == 0 else plain, length * direction))
        if k % 2 == 0:
            parts.port(ring[k], outward * direction)
        elif plain == "C":
            parts.add("H", (length + 1.08) * direction, bonded=[ring[k]])
    parts.bonds += [(min(i, j), max(i, j)) for i, j in zip(ring, ring[1:] + ring[:1], strict=True)]
    return parts
