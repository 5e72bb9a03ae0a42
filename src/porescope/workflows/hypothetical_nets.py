"""Closed assemblies of nodes and linkers on the nets of the catalogue."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product

import gemmi
import numpy as np

from porescope.errors import ConfigError
from porescope.reticular.assembly import Assembly, crystal_of_assembly
from porescope.reticular.block import Block
from porescope.reticular.crowding import overlaps
from porescope.reticular.fit_assembly import fit_assembly
from porescope.reticular.linkers.from_smiles import linkers_from_smiles
from porescope.reticular.nets.catalogue import net_named, net_names
from porescope.reticular.nodes.library import nodes_of_metal
from porescope.reticular.placing import PlacingConfig, connection_counts, place_on_net
from porescope.workflows.hypothetical_making import MakingConfig, Parent, templates_in
from porescope.workflows.hypothetical_recipes import Recipe, seed_of

COMMON_NETS = (
    "pcu", "dia", "fcu", "bcu", "tbo", "nbo", "pto", "pts", "ftw", "csq", "scu", "reo", "spn",
    "acs", "srs", "ths", "cds", "lvt", "sod", "rht", "flu", "she", "the", "rtl", "pyr", "ith",
    "qom", "bor", "ctn", "soc", "nia", "stp", "shp", "sqc", "bct", "sqp", "toc", "mtn", "rho",
    "crb", "ant", "apo", "tfz", "ssb", "ssa", "fof", "pth", "qtz", "lon", "ssc", "hea", "hms",
    "lcy", "ptr", "ptt", "tfb", "xww", "ntt", "agw", "zyg", "urr", "txt", "pek", "ana", "gis",
)  # fmt: skip
"""Nets that frameworks often have; they are tried before the others."""
_LARGEST_NET = 40
"""Edges of a net's cell beyond which it is not tried."""
_LARGEST_GAP = 0.9
_RMS_GAP = 0.45
_MOST_PORTS = 12
_MOST_NODES = 4
"""Nodes of known frameworks beside the curated ones."""
_VOLUME_PER_ATOM = 6.0
"""Least volume for each atom of the cell [Å³]; close packed organic crystals have about 10."""
_WIDTH = 3.0
"""Least distance between opposite faces of the cell [Å]."""
_MOST_NETS = 24
"""Nets that are tried for one node with the same linkers."""


def parents_on_nets(recipe: Recipe, *, config: MakingConfig) -> Iterator[Parent]:
    """Frameworks of a metal's nodes and the linkers, net by net, in an order the seed fixes.

    Parameters
    ----------
    recipe:
        Metal and linkers.
    config:
        Limits.

    Raises
    ------
    ConfigError
        Where no node of the metal is known, or no net joins it with the linkers.
    """
    nodes = _nodes(recipe.metal, config.templates)
    choices = [_shapes(smiles) for smiles in recipe.linkers]
    generator = np.random.default_rng(seed_of(recipe, seed=config.seed))
    tried = 0
    ways = [(node, linkers) for node in nodes for linkers in product(*choices)]
    queues = []
    for node, linkers in ways:
        counts = connection_counts([node], linkers)
        if counts is None:
            continue
        sizes = [node.n_atoms, *(block.n_atoms for block in linkers)]
        names = [
            name
            for name in nets_of(counts[0], counts[1])
            if _atoms_on(name, sizes, [*counts[0], *counts[1]]) <= config.max_atoms
        ]
        queues.append((node, linkers, _order(names, generator)))
    # One net of each pair of node and linkers at a time, so that all get their turn.
    for turn in range(_MOST_NETS):
        for node, linkers, names in queues:
            if turn < len(names):
                tried += 1
                yield from _closed(names[turn], node, linkers, config)
    if not tried:
        raise ConfigError(
            f"no net of the catalogue joins a node of {recipe.metal} with {', '.join(recipe.names)}"
        )


@lru_cache(maxsize=64)
def _nodes(metal: str, templates: str) -> tuple[Block, ...]:
    """Curated nodes of a metal, then others that known frameworks have, the commonest first."""
    try:
        curated = [
            node
            for node in nodes_of_metal(metal)
            if 3 <= node.n_ports <= _MOST_PORTS and "rod" not in node.family
        ]
    except ConfigError:
        curated = []
    known = {(node.formula, node.n_ports) for node in curated}
    number = gemmi.Element(metal).atomic_number
    found: Counter[tuple[str, int]] = Counter()
    first: dict[tuple[str, int], Block] = {}
    store = templates_in(templates)
    for entry in store.entries():
        if entry.metals != (number,):
            continue
        assembly = store.template(entry.row).assembly
        endless = _endless(assembly)
        for kind, block in enumerate(assembly.blocks):
            if kind in endless:
                continue
            key = (block.formula, block.n_ports)
            if block.kind == "node" and 3 <= block.n_ports <= _MOST_PORTS and key not in known:
                found[key] += 1
                first.setdefault(key, block)
    return (*curated, *(first[key] for key, _ in found.most_common(_MOST_NODES)))


def _endless(assembly: Assembly) -> set[int]:
    """Blocks of nodes that are linked to nodes: the repeat units of rods and layers."""
    is_node = np.array([block.kind == "node" for block in assembly.blocks])[assembly.kinds]
    links = assembly.links
    both = is_node[links[:, 0]] & is_node[links[:, 2]]
    return set(assembly.kinds[links[both][:, [0, 2]].ravel()].tolist())


@lru_cache(maxsize=256)
def _shapes(smiles: str) -> tuple[Block, ...]:
    """One block for each choice of groups, and a second shape of the first."""
    found: dict[tuple[int, str], Block] = {}
    for block in linkers_from_smiles(smiles, n_conformers=2, seed=0):
        found.setdefault((block.n_ports, block.name), block)
    return tuple(found.values())


@lru_cache(maxsize=1)
def _by_connections() -> dict[tuple[int, ...], tuple[str, ...]]:
    """Names of the nets by the different numbers of edges at their vertices."""
    found: dict[tuple[int, ...], list[tuple[int, str]]] = defaultdict(list)
    for name in net_names(dimension=3):
        net = net_named(name).net
        if net.n_edges <= _LARGEST_NET:
            degrees = tuple(sorted(set(net.degrees().tolist())))
            found[degrees].append((net.n_edges, name))
    return {key: tuple(name for _, name in sorted(names)) for key, names in found.items()}


def nets_of(nodes: Sequence[int], linkers: Sequence[int]) -> tuple[str, ...]:
    """Nets of three dimensions that have the right numbers of connections, small ones first.

    Parameters
    ----------
    nodes, linkers:
        Connections of each block; linkers with two lie on edges.
    """
    wanted = tuple(sorted({*nodes, *(n for n in linkers if n > 2)}))
    return _by_connections().get(wanted, ())


def _atoms_on(name: str, sizes: Sequence[int], connections: Sequence[int]) -> int:
    """Least number of atoms of blocks on a net, by the edges at its vertices.

    Parameters
    ----------
    name:
        The net.
    sizes, connections:
        Atoms and connections of each block; those with two lie on edges.
    """
    net = net_named(name).net
    least = {
        n: min(size for size, c in zip(sizes, connections, strict=True) if c == n)
        for n in set(connections)
    }
    atoms = sum(least[n] for n in net.degrees().tolist())
    return atoms + (net.n_edges * least[2] if 2 in least else 0)


def _order(names: Sequence[str], generator: np.random.Generator) -> list[str]:
    """Common nets first, then the others, each at random."""
    common = [name for name in names if name in COMMON_NETS]
    others = [name for name in names if name not in COMMON_NETS]
    return [part[i] for part in (common, others) for i in generator.permutation(len(part)).tolist()]


def _closed(
    name: str, node: Block, linkers: Sequence[Block], config: MakingConfig
) -> Iterator[Parent]:
    """The best closed assembly on a net, if there is one."""
    starts = place_on_net(
        net_named(name), nodes=[node], linkers=linkers, config=PlacingConfig(n_best=2)
    )
    for start in starts:
        if start.n_atoms > config.max_atoms:
            continue
        closed = fit_assembly(start)
        if closed.rms_gap > _RMS_GAP or closed.largest_gap > _LARGEST_GAP:
            continue
        if _collapsed(closed.assembly):
            continue
        if overlaps(crystal_of_assembly(closed.assembly), closed.assembly):
            continue
        yield Parent(
            assembly=closed.assembly,
            net=name,
            origin=node.name or node.formula,
            rms_gap=closed.rms_gap,
        )
        return


def _collapsed(assembly: Assembly) -> bool:
    """Whether the cell is too small for its atoms, or too flat."""
    volume = abs(float(np.linalg.det(assembly.lattice)))
    crossed = np.cross(assembly.lattice[[1, 2, 0]], assembly.lattice[[2, 0, 1]])
    widths = volume / np.maximum(np.linalg.norm(crossed, axis=1), 1e-9)
    return volume < _VOLUME_PER_ATOM * assembly.n_atoms or float(widths.min()) < _WIDTH
