"""Pictures of the page on taking frameworks apart and putting them together.

    python benchmarks/reticular_pictures.py

Builds MOF-5 from a node, a linker and a net, takes it apart, puts a longer linker in, and builds
HKUST-1; writes docs/gallery/reticular_NAME.png. Nothing but the package is read. Needs Chromium to
turn a drawing into a picture, and Pillow to make it small.
"""

from __future__ import annotations

import numpy as np

from ball_and_stick import SIZE, Ball, Scene, Stick, drawn, halves, joined, mixed, picture
from porescope.crystal.elements import covalent_radii, is_metal
from porescope.crystal.structure import Crystal
from porescope.crystal.symmetry import find_symmetry, standardise
from porescope.reticular.assembly import Assembly, bonds_of_assembly, crystal_of_assembly
from porescope.reticular.block import Block
from porescope.reticular.fit_assembly import fit_assembly
from porescope.reticular.linkers.from_smiles import linkers_from_smiles
from porescope.reticular.nodes.library import nodes_of_metal
from porescope.reticular.placing import place_on_net
from porescope.reticular.relax import relax
from porescope.reticular.substitute import substituted
from porescope.reticular.taken_apart import TakenApart
from porescope.reticular.taking_apart.framework import take_apart
from porescope.reticular.template import Template, template_of
from porescope.workflows.propose import scaled

BENZENE = "OC(=O)c1ccc(cc1)C(=O)O"
BIPHENYL = "OC(=O)c1ccc(cc1)-c1ccc(cc1)C(=O)O"
TRIMESIC = "OC(=O)c1cc(cc(c1)C(=O)O)C(=O)O"
ELEMENTS = {1: "#e5e7eb", 6: "#4b5563", 8: "#dc2626", 29: "#c2722d", 30: "#7c83b8"}
NODE, LINKER, OTHER, EDGE = "#ea8a1f", "#2f6fdb", "#8b3fc7", "#9ca3af"
NODE_RADIUS, LINKER_RADIUS = 1.5, 1.0
"""Balls of a net [Å]."""


def closed_and_relaxed(start: Assembly) -> tuple[Assembly, Crystal]:
    """Links closed, symmetry found, atoms and cell relaxed."""
    closed = fit_assembly(start)
    crystal = find_symmetry(crystal_of_assembly(closed.assembly), symprec=0.2, symmetrise=True)
    found = relax(crystal, bonds_of_assembly(closed.assembly))
    print(
        f"gap {closed.rms_gap:.3f} Å, {found.crystal.space_group.symbol}, "
        f"{found.crystal.parameters[0]:.2f} Å, {found.n_steps} steps"
    )
    return closed.assembly, found.crystal


def on_net(net: str, *, metal: str, node: str, n_ports: int, smiles: str) -> Crystal:
    """A framework of a curated node and a linker on a net, relaxed."""
    fitting = [n for n in nodes_of_metal(metal) if n.n_ports == n_ports and node in n.name]
    linkers = linkers_from_smiles(smiles, n_conformers=4, seed=0)
    starts = place_on_net(net, nodes=fitting[:1], linkers=linkers[:1])
    if not starts:
        raise SystemExit(f"{node} and {smiles} do not fit on {net}")
    return closed_and_relaxed(starts[0])[1]


def with_linker(template: Template, smiles: str) -> tuple[Assembly, Crystal]:
    """The template with another linker: as it lies there, and relaxed."""
    (old,) = template.linker_smiles
    made = substituted(template, linkers={old: linkers_from_smiles(smiles, n_conformers=4, seed=0)})
    if made is None:
        raise SystemExit(f"{smiles} does not fit on {template.id}")
    return closed_and_relaxed(scaled(made.assembly, made.scale))


def images_in_box(
    assembly: Assembly, low: np.ndarray, high: np.ndarray
) -> list[tuple[int, np.ndarray]]:
    """Nodes with their centres in a box of fractions, and what is linked to these only."""
    inverse = np.linalg.inv(assembly.lattice)
    kinds = [assembly.blocks[int(k)].kind for k in assembly.kinds]
    centres = [assembly.piece_positions(i).mean(axis=0) @ inverse for i in range(len(kinds))]
    cells = np.stack(np.meshgrid(*[np.arange(-2, 3)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    inside = {
        (piece, *cell)
        for piece, kind in enumerate(kinds)
        if kind == "node"
        for cell in cells.tolist()
        if np.all(centres[piece] + cell > low) and np.all(centres[piece] + cell < high)
    }
    wanted = set(inside)
    for piece, kind in enumerate(kinds):
        if kind != "linker":
            continue
        ends = [
            (other, sign * np.array(row[4:]))
            for row in assembly.links.tolist()
            for mine, other, sign in ((row[0], row[2], 1), (row[2], row[0], -1))
            if mine == piece
        ]
        for cell in cells:
            if all((other, *(cell + step).tolist()) in inside for other, step in ends):
                wanted.add((piece, *cell.tolist()))
    return [(row[0], np.array(row[1:]) @ assembly.lattice) for row in sorted(wanted)]


def pieces_scene(
    assembly: Assembly,
    images: list[tuple[int, np.ndarray]],
    *,
    apart: float = 1.0,
    colours: dict[str, str] | None = None,
) -> Scene:
    """Pieces as balls and sticks, moved apart, by kind or by element."""
    middle = np.mean([shift + assembly.piece_positions(i).mean(axis=0) for i, shift in images], 0)
    scenes = []
    for piece, shift in images:
        block = assembly.blocks[int(assembly.kinds[piece])]
        places = assembly.piece_positions(piece) + shift
        places = places + (apart - 1.0) * (places.mean(axis=0) - middle)
        scenes.append(
            block_scene(block, places, colour=None if colours is None else colours[block.kind])
        )
    scene = joined(*scenes)
    if apart == 1.0:
        scene = joined(scene, links_scene(assembly, images, colours=colours))
    return scene


def block_scene(block: Block, places: np.ndarray, *, colour: str | None) -> Scene:
    """One piece."""
    tints = [colour or ELEMENTS.get(int(z), "#10b981") for z in block.numbers]
    radii = [radius_of(int(z)) for z in block.numbers]
    if colour is not None:
        tints = [
            mixed(t, "#ffffff", 0.65) if z == 1 else mixed(t, "#111827", 0.25 * is_metal()[int(z)])
            for t, z in zip(tints, block.numbers.tolist(), strict=True)
        ]
    balls = list(zip(places, radii, tints, strict=True))
    sticks = []
    for a, b in block.bonds.tolist():
        trims = (0.8 * radii[a], 0.8 * radii[b])
        sticks += halves(places[a], places[b], tints[a], tints[b], trims=trims)
    return Scene(balls=balls, sticks=sticks)


def links_scene(
    assembly: Assembly,
    images: list[tuple[int, np.ndarray]],
    *,
    colours: dict[str, str] | None,
) -> Scene:
    """The bonds between pieces that are both there."""
    inverse = np.linalg.inv(assembly.lattice)
    there = {(piece, *np.rint(shift @ inverse).astype(int).tolist()) for piece, shift in images}
    sticks = []
    for piece, shift in images:
        cell = np.rint(shift @ inverse).astype(int)
        for row in assembly.links.tolist():
            if row[0] != piece or (row[2], *(cell + row[4:]).tolist()) not in there:
                continue
            ends, tints, radii = [], [], []
            for who, port, move in ((piece, row[1], cell), (row[2], row[3], cell + row[4:])):
                block = assembly.blocks[int(assembly.kinds[who])]
                atom = int(block.port_atoms[port])
                ends.append(assembly.piece_positions(who)[atom] + move @ assembly.lattice)
                radii.append(radius_of(int(block.numbers[atom])))
                plain = ELEMENTS.get(int(block.numbers[atom]), "#10b981")
                tints.append(plain if colours is None else colours[block.kind])
            trims = (0.8 * radii[0], 0.8 * radii[1])
            sticks += halves(ends[0], ends[1], tints[0], tints[1], trims=trims)
    return Scene(balls=[], sticks=sticks)


def net_scene(taken: TakenApart, low: np.ndarray, high: np.ndarray) -> Scene:
    """The net in a box: vertices at the centres of pieces, edges where linkers were."""
    assembly = taken.assembly
    inverse = np.linalg.inv(assembly.lattice)
    images = images_in_box(assembly, low, high)
    joints = {
        (piece, *np.rint(shift @ inverse).astype(int).tolist()): assembly.piece_positions(
            piece
        ).mean(axis=0)
        + shift
        for piece, shift in images
    }
    balls: list[Ball] = []
    sticks: list[Stick] = []
    for key, place in joints.items():
        block = assembly.blocks[int(assembly.kinds[key[0]])]
        ends = []
        for row in assembly.links.tolist():
            for mine, other, sign in ((row[0], row[2], 1), (row[2], row[0], -1)):
                if mine == key[0]:
                    far = (other, *(np.array(key[1:]) + sign * np.array(row[4:])).tolist())
                    if far in joints:
                        ends.append(joints[far])
        if block.kind == "node":
            balls.append((place, NODE_RADIUS, NODE))
        elif len(ends) == 2:
            trims = (1.1 * NODE_RADIUS, 1.1 * NODE_RADIUS)
            sticks += halves(ends[0], ends[1], EDGE, EDGE, trims=trims, width=0.6)
        else:
            balls.append((place, LINKER_RADIUS, LINKER))
            trims = (1.1 * LINKER_RADIUS, 1.1 * NODE_RADIUS)
            for end in ends:
                sticks += halves(place, end, EDGE, EDGE, trims=trims, width=0.6)
    return Scene(balls=balls, sticks=sticks)


def radius_of(number: int) -> float:
    """Radius of a ball [Å]."""
    return 0.28 if number == 1 else 0.32 + 0.22 * float(covalent_radii()[number])


def one_cube(assembly: Assembly) -> list[tuple[int, np.ndarray]]:
    """Eight nodes of a cubic net, and the linkers between them."""
    return images_in_box(assembly, *cube_box(assembly))


def cube_box(assembly: Assembly) -> tuple[np.ndarray, np.ndarray]:
    """Fractions between which two nodes lie along each axis."""
    kinds = np.array([assembly.blocks[int(k)].kind for k in assembly.kinds])
    piece = int(np.flatnonzero(kinds == "node")[0])
    corner = assembly.piece_positions(piece).mean(axis=0) @ np.linalg.inv(assembly.lattice)
    return corner - 0.05, corner + 0.55


def conventional(crystal: Crystal) -> Crystal:
    """The same crystal in P1, in its conventional cell."""
    return standardise(crystal, symprec=0.05).without_symmetry()


def pictures() -> None:
    """All of them."""
    view, whole = (28.0, 18.0), (0.0, 0.0, *SIZE)
    kinds = {"node": NODE, "linker": LINKER, "cap": EDGE, "guest": EDGE}
    mof5 = conventional(on_net("pcu", metal="Zn", node="Zn4O(CO2)6", n_ports=6, smiles=BENZENE))
    taken = take_apart(mof5)
    parts, box = one_cube(taken.assembly), cube_box(taken.assembly)
    picture("reticular_crystal", drawn(pieces_scene(taken.assembly, parts), view=view, at=whole))
    apart = pieces_scene(taken.assembly, parts, apart=1.45, colours=kinds)
    picture("reticular_pieces", drawn(apart, view=view, at=whole))
    net = net_scene(taken, box[0], box[1])
    picture("reticular_net", drawn(net, view=view, at=(0.0, 0.0, 480.0, 440.0)), size=(480, 440))
    longer, relaxed = with_linker(template_of(taken, id="MOF-5"), BIPHENYL)
    apart = pieces_scene(longer, one_cube(longer), apart=1.3, colours=kinds | {"linker": OTHER})
    picture("reticular_other_linker", drawn(apart, view=view, at=whole))
    new = take_apart(conventional(relaxed)).assembly
    picture("reticular_new", drawn(pieces_scene(new, one_cube(new)), view=view, at=whole))
    hkust1()


def hkust1() -> None:
    """HKUST-1: pieces of half a cell beside the net on which they lie."""
    crystal = on_net("tbo", metal="Cu", node="paddlewheel", n_ports=4, smiles=TRIMESIC)
    taken = take_apart(conventional(crystal))
    print(taken.net_name, taken.assembly.n_pieces)
    view, low, high = (7.0, 9.0), np.full(3, -0.05), np.array([1.05, 0.55, 1.05])
    parts = images_in_box(taken.assembly, low, high)
    kinds = {"node": NODE, "linker": LINKER}
    left = pieces_scene(taken.assembly, parts, colours=kinds)
    right = net_scene(taken, low, high)
    size = (1100, 560)
    picture(
        "reticular_hkust1",
        drawn(left, view=view, at=(0.0, 0.0, 550.0, 560.0))
        + drawn(right, view=view, at=(550.0, 0.0, 550.0, 560.0)),
        size=size,
    )


if __name__ == "__main__":
    pictures()
