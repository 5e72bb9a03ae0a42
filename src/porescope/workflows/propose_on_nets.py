"""Frameworks of curated nodes and linkers on the nets of the catalogue: proposals without a model.

Templates cover what is known in some form. What has never been made from such a node is placed on
the nets whose angles suit the blocks, with interpenetrating copies where there is room.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

from porescope.datasets.template_store import TemplateEntry
from porescope.errors import ConfigError
from porescope.reticular.assembly import Assembly, crystal_of_assembly
from porescope.reticular.block import Block
from porescope.reticular.fit_assembly import AssemblyFitConfig, fit_assembly
from porescope.reticular.nets.fitting import fitting_nets_of_blocks
from porescope.reticular.nodes.library import covalent_nodes, nodes_of_metal
from porescope.reticular.placing import PlacingConfig, place_on_net
from porescope.reticular.placing_copies import interpenetrated, stacked
from porescope.reticular.smiles import linker_key
from porescope.workflows.hypothetical_nets import COMMON_NETS
from porescope.workflows.proposal import ROOM, Proposal, ProposeConfig
from porescope.workflows.propose_build import overlaps

N_NETS = 4
"""Nets in space that are tried for each node and form of the linkers; more where few nodes suit."""
N_LAYERS = 1
"""Nets of layers that are tried before them."""
N_TRIED = 32
"""Placings in all."""
CARBOXYLATES = "(CO2)"
"""What the names of nodes hold that only carboxylates close."""
_COPIES = (2, 3)
"""Interpenetrating nets that are tried where there is room."""
_FREE = 25.0
"""Volume for each atom beyond which there is room for another net [Å³]."""
_MOST_PORTS = 12
_MOST_ATOMS = 800
"""Larger cells take too long to close for a guess."""


def propose_on_nets(
    *,
    metals: Sequence[str],
    linkers: dict[str, list[Block]],
    config: ProposeConfig,
) -> Iterator[Proposal]:
    """Assemble nodes of a metal and linkers on suitable nets.

    Parameters
    ----------
    metals:
        Symbol of the metal; none for covalent frameworks.
    linkers:
        Forms and shapes of each linker, by its SMILES.
    config:
        Limits; those on nets and atoms are used.
    """
    tried = 0
    ways = list(_ways(metals, linkers))
    n_nets = max(N_NETS, N_TRIED // max(len(ways), 1) - N_LAYERS)
    for node, others in ways:
        for net in _nets(node, others, config, n_nets=n_nets):
            tried += 1
            if tried > N_TRIED:
                return
            for start in place_on_net(
                net, nodes=node, linkers=others, config=PlacingConfig(n_best=1)
            ):
                yield from _closed(net, node, others, start, linkers=linkers, config=config)


def _ways(
    metals: Sequence[str], linkers: dict[str, list[Block]]
) -> Iterator[tuple[list[Block], list[Block]]]:
    """Nodes and linkers that go together: the first shape of each form of the linkers."""
    forms = [_forms(found) for found in linkers.values()]
    if metals:
        if len(forms) > 2 or len(metals) != 1:
            return
        try:
            known = nodes_of_metal(metals[0])
        except ConfigError:
            return
        nodes = [n for n in known if n.rank == 0 and 3 <= n.n_ports <= _MOST_PORTS]
        if len(forms) == 2:
            # nodes with ends of two kinds first: paddlewheels that take pillars
            nodes.sort(key=lambda n: len(set(n.numbers[n.port_atoms].tolist())) == 1)
        for chosen in product(*(form[:2] for form in forms)):
            acid = any("carboxylate" in form.name for form in chosen)
            for node in nodes:
                if acid or CARBOXYLATES not in node.name:
                    yield [node], list(chosen)
        return
    if not all(forms):
        return
    firsts = [form[0] for form in forms]
    if len(firsts) == 1:
        # of the rings that could join one molecule with itself only boroxine forms from its ends
        rings: list[Block] = [n for n in covalent_nodes() if n.name == "boroxine"]
        if "boronic" in firsts[0].name:
            yield rings, firsts
        return
    knots = [b for b in firsts if b.n_ports > 2]
    if knots:
        yield knots[:1], [b for b in firsts if b is not knots[0]]


def _forms(blocks: Sequence[Block]) -> list[Block]:
    """The first shape of each set of bound groups; what has one end joins nothing."""
    found: dict[str, Block] = {}
    for block in blocks:
        if block.n_ports > 1:
            found.setdefault(block.name, block)
    return list(found.values())


def _nets(
    node: Sequence[Block], others: Sequence[Block], config: ProposeConfig, *, n_nets: int
) -> list[str]:
    try:
        if config.nets:
            found = fitting_nets_of_blocks(node, linkers=others)
            return [net.name for net in found if net.name in config.nets]
        spatial = fitting_nets_of_blocks(node, linkers=others, dimensions=(3,), max_vertices=24)
        flat = fitting_nets_of_blocks(node, linkers=others, dimensions=(2,), max_vertices=6)
    except ConfigError:
        return []
    spatial.sort(key=lambda net: net.name not in COMMON_NETS)
    return [net.name for net in (*flat[:N_LAYERS], *spatial[:n_nets])]


def _closed(
    net: str,
    node: Sequence[Block],
    others: Sequence[Block],
    start: Assembly,
    *,
    linkers: dict[str, list[Block]],
    config: ProposeConfig,
) -> Iterator[Proposal]:
    """The closed framework, and copies of it that run through one another."""
    if not len(start.links) or start.n_atoms > min(config.max_atoms, _MOST_ATOMS):
        return
    closed = fit_assembly(start, config=AssemblyFitConfig(give_up=1.5 * config.rms_gap))
    if closed.rms_gap > config.rms_gap or closed.largest_gap > config.largest_gap:
        return
    for copies, assembly in _arrangements(closed.assembly):
        if assembly.n_atoms > config.max_atoms:
            continue
        crystal = crystal_of_assembly(assembly)
        if crystal.volume < ROOM * crystal.n_atoms or overlaps(crystal, assembly):
            continue
        label = f"{net} net with {node[0].name or node[0].formula}"
        entry = _entry(label, net, copies, assembly, linkers)
        yield Proposal(
            id=f"assembled:{entry.id}",
            crystal=replace(crystal, name=f"assembled on {net}"),
            assembly=assembly,
            template=entry,
            rms_gap=closed.rms_gap,
            misfit=0.0,
            same_metal=True,
            same_linker=False,
        )


def _arrangements(assembly: Assembly) -> Iterator[tuple[int, Assembly]]:
    links = assembly.links
    if not links[:, 6].any():
        for stacking in ("AA", "AB"):
            yield 1, stacked(assembly, stacking=stacking)
        return
    yield 1, assembly
    volume = crystal_of_assembly(assembly).volume
    for copies in _COPIES:
        if volume / (copies * assembly.n_atoms) > _FREE / 2:
            yield from ((copies, each) for each in interpenetrated(assembly, n_nets=copies)[:1])


def _entry(
    label: str,
    net: str,
    copies: int,
    assembly: Assembly,
    linkers: dict[str, list[Block]],
) -> TemplateEntry:
    """What stands for the template of a framework that has none."""
    id = label + (f" x{copies}" if copies > 1 else "")
    return TemplateEntry(
        row=-1,
        id=id,
        metals=(),
        linkers=tuple(linkers),
        keys=tuple(linker_key(s) for s in linkers),
        sites=(),
        net_name=net,
        net_key="",
        interpenetration=copies,
        net_hash="",
        n_atoms=assembly.n_atoms,
        caps=(),
        shape=id,
    )
