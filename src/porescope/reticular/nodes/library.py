"""The curated nodes: metals with their bridges and carboxylates, and the rings of COFs."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from io import StringIO
from typing import Any

import gemmi
import numpy as np

from porescope.crystal.elements import is_metal
from porescope.errors import ConfigError, ParseError
from porescope.reticular.block import Block
from porescope.reticular.nodes import rods, shapes
from porescope.reticular.nodes.building import Parts
from porescope.reticular.taking_apart.node_names import node_name

FORMAT = 1
"""Version of the table of nodes from crystals."""
_TEXTS = ("polyhedron", "capping", "atoms", "name")
_FLAGS = {"ports": bool, "all_hydroxide": bool, "hydroxide": bool, "links": int}
_RODS = ("corner_rod", "MOF-74")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NodeBlock(Block):
    """A node with where its geometry comes from. Its charge counts its carboxylates."""

    family: str
    """Kind of geometry, such as ``paddlewheel``, ``oxo_octahedron`` or ``corner_rod``."""
    metals: tuple[str, ...]
    """Elements of its metals; empty for the rings of COFs."""
    source: str
    """Reference of the structure and of its lengths."""
    rank: int = 0
    """Directions in which it goes on through links to itself: 1 for a rod."""
    n_linkers: int = 0
    """Ports that lead to linkers; the others of a rod lead to its own next unit."""


@lru_cache(maxsize=1)
def nodes() -> tuple[NodeBlock, ...]:
    """All nodes of the library."""
    text = files("porescope.reticular").joinpath("data/nodes.csv").read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return tuple(_node(row) for row in csv.DictReader(StringIO("\n".join(lines))))


def nodes_of_metal(metal: str) -> list[NodeBlock]:
    """Nodes of one element, those with many ports to linkers first.

    Parameters
    ----------
    metal:
        Symbol of the element.

    Raises
    ------
    ConfigError
        Where it is no metal, or the library has no node of it.
    """
    number = gemmi.Element(metal).atomic_number
    found = [n for n in nodes() if metal in n.metals]
    if found:
        return sorted(found, key=lambda n: (-n.n_linkers, n.name))
    if not number:
        raise ConfigError(f"expected the symbol of a metal such as Zn, got {metal!r}")
    known = ", ".join(sorted({m for n in nodes() for m in n.metals}))
    what = "metal with a known node" if is_metal()[number] else "metal"
    raise ConfigError(
        f"expected a {what}, got {metal!r}; nodes are known of {known}; a node can also be taken "
        "from a framework that has it (porescope take-apart)"
    )


def node_named(name: str) -> NodeBlock:
    """A node by its name, such as ``Cu2(CO2)4 paddlewheel``, or by the first part of it.

    Parameters
    ----------
    name:
        Name; of several nodes with one name the first is taken.

    Raises
    ------
    ConfigError
        Where the library has none of that name.
    """
    every = nodes()
    for node in every:
        if name in (node.name, node.name.split(" ")[0], f"{node.name} {node.family}"):
            return node
    near = [n.name for n in every if n.name[:2] == name[:2]][:6]
    raise ConfigError(
        f"expected the name of a node such as 'Zn4O(CO2)6', got {name!r}; "
        f"near it are: {', '.join(near) or 'none'}"
    )


def covalent_nodes() -> list[NodeBlock]:
    """The rings that join covalent frameworks: boroxine, triazine and benzene."""
    return [n for n in nodes() if n.family == "covalent_ring"]


def _node(row: dict[str, str]) -> NodeBlock:
    """One row of the table."""
    settings: dict[str, Any] = {}
    for part in row["parameters"].split(";"):
        key, value = part.split("=")
        if key in _TEXTS:
            settings[key] = value
        else:
            settings[key] = _FLAGS[key](int(value)) if key in _FLAGS else float(value)
    family, metal = row["family"], row["metal"]
    if family == "crystal":
        family = settings["name"]
        parts = _from_crystal(family, metal, scale=settings["scale"])
    elif family == "covalent_ring":
        parts = shapes.covalent_ring(**settings)
    elif family == "corner_rod":
        parts = rods.corner_rod(metal, **settings)
    else:
        parts = getattr(shapes, family)(metal, **settings)
    rank = int(family in _RODS)
    block = _block(parts, charge=int(row["charge"]))
    metals = tuple(sorted({metal} - {""}))
    ported = block.numbers[block.port_atoms]
    n_linkers = block.n_ports if family != "corner_rod" else int((ported == 6).sum())
    if row["family"] == "crystal":
        n_linkers = _crystal_table()[family]["n_linkers"]
    return NodeBlock(
        kind="node",
        numbers=block.numbers,
        positions=block.positions,
        bonds=block.bonds,
        port_atoms=block.port_atoms,
        port_vectors=block.port_vectors,
        charge=block.charge,
        name=node_name(block, rank=rank) if metals else _ring_name(block),
        family=family,
        metals=metals,
        source=row["source"],
        rank=rank,
        n_linkers=n_linkers,
    )


def _ring_name(block: Block) -> str:
    """Boroxine and its kin."""
    return {"B3O3": "boroxine", "C3N3": "triazine"}.get(block.formula, "benzene")


def _block(parts: Parts, *, charge: int) -> Block:
    """The parts about the centre of their ports' atoms."""
    positions = np.array(parts.positions)
    bonds = np.sort(np.array(parts.bonds, dtype=np.int64).reshape(-1, 2), axis=1)
    return Block(
        kind="node",
        numbers=np.array(parts.numbers, dtype=np.int64),
        positions=positions - positions.mean(axis=0),
        bonds=bonds,
        port_atoms=np.array(parts.port_atoms, dtype=np.int64),
        port_vectors=np.array(parts.port_vectors).reshape(-1, 3),
        charge=charge,
    )


@lru_cache(maxsize=1)
def _crystal_table() -> dict[str, dict[str, Any]]:
    text = files("porescope.reticular").joinpath("data/nodes_from_crystals.json").read_text("utf-8")
    table = json.loads(text)
    if table["format"] > FORMAT:
        raise ParseError(
            f"the table of nodes has format {table['format']}, this porescope reads {FORMAT}; "
            "install a newer porescope"
        )
    return table["nodes"]


def _from_crystal(name: str, metal: str, *, scale: float) -> Parts:
    """A node as it stands in a crystal, with another metal in the place of its own."""
    entry = _crystal_table()[name]
    parts = Parts()
    numbers = np.array(entry["numbers"])
    numbers[is_metal()[numbers]] = gemmi.Element(metal).atomic_number
    parts.numbers = numbers.tolist()
    parts.positions = list(scale * np.array(entry["positions"]))
    parts.bonds = [(i, j) for i, j in entry["bonds"]]
    parts.port_atoms = list(entry["port_atoms"])
    parts.port_vectors = list(scale * np.array(entry["port_vectors"]))
    return parts
