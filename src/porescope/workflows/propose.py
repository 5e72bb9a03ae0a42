"""Frameworks that could form from a metal and linkers: the third kind of candidate.

Every known framework whose linkers bind with the same ends gives its nodes and the way they are
linked; the linker in question takes the place of the old one, the metal of the old metal, and the
links are closed. What then overlaps, or does not close, is dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice

import gemmi
import numpy as np

from porescope.crystal.elements import covalent_radii
from porescope.datasets.template_store import TemplateEntry, TemplateStore
from porescope.errors import ConfigError
from porescope.reticular.block import Block
from porescope.reticular.linker_match import LinkerSites, linker_sites
from porescope.reticular.nets.catalogue import net_named
from porescope.reticular.smiles import canonical_smiles
from porescope.workflows.proposal import ROOM, Proposal, ProposeConfig
from porescope.workflows.propose_build import (
    Parting,
    Parts,
    Way,
    built,
    built_otherwise,
    overlaps,
    scaled,
)
from porescope.workflows.propose_choice import chosen_templates

__all__ = ["ROOM", "Proposal", "ProposeConfig", "overlaps", "propose_frameworks", "scaled"]

_OTHERWISE = 60
"""Templates on which linkers are also bound through other atoms."""
_MOST_OTHERWISE = 50
"""Proposals with linkers that are bound so."""
_APART = 1.25
"""Atoms of one linker that are four and more bonds apart keep this distance, as a share of the sum
of their radii."""


def propose_frameworks(
    *,
    metals: Sequence[str],
    linkers: Sequence[str],
    store: TemplateStore,
    config: ProposeConfig | None = None,
    without: Callable[[TemplateEntry], bool] | None = None,
    progress: Callable[[float], None] | None = None,
) -> list[Proposal]:
    """Assemble what the metal and the linkers could make.

    Parameters
    ----------
    metals:
        Symbol of the metal; none for covalent frameworks.
    linkers:
        SMILES of the linkers as they go into the pot.
    store:
        Known kinds of frameworks.
    config:
        Limits.
    without:
        Templates for which this is true are left out.
    progress:
        Called with the share that is finished.

    Raises
    ------
    ConfigError
        Where a metal is no element, a SMILES cannot be read or has no connecting group, a net has
        no such name, or no known kind of framework has such linkers.
    """
    from porescope.reticular.linkers.from_smiles import linkers_from_smiles

    config = config or ProposeConfig()
    config = replace(config, nets=tuple(net_named(name).net.name for name in config.nets))
    linkers = _different(linkers)
    wanted = tuple(sorted(_number(m) for m in metals))
    blocks = {
        smiles: linkers_from_smiles(
            smiles,
            n_conformers=config.n_conformers,
            seed=0,
            ends="metal" if wanted else "covalent",
        )
        for smiles in linkers
    }
    blocks = {s: [b for b in found if not _clashes(b)] or found for s, found in blocks.items()}
    sites = {s: [linker_sites(b) for b in found] for s, found in blocks.items()}
    _require_two_ends(blocks)
    chosen = chosen_templates(store.entries(), wanted, sites, without=without, config=config)
    found: list[Proposal] = []
    if config.on_nets:
        from porescope.workflows.propose_on_nets import propose_on_nets

        found += propose_on_nets(metals=metals, linkers=blocks, config=config)
    from porescope.workflows.propose_mixed import propose_mixed

    found += propose_mixed(
        metals=wanted, linkers=blocks, sites=sites, store=store, config=config, without=without
    )
    if not chosen and not found:
        raise ConfigError(_nothing_fits(metals, sites, config))
    found += _on_templates(
        chosen,
        store,
        parts=Parts(blocks=blocks, sites=sites, metals=wanted),
        config=config,
        room=config.max_proposals - len(found),
        progress=progress,
    )
    return found


def _on_templates(
    chosen: Sequence[tuple[TemplateEntry, Way]],
    store: TemplateStore,
    *,
    parts: Parts,
    config: ProposeConfig,
    room: int,
    progress: Callable[[float], None] | None,
) -> list[Proposal]:
    """Frameworks on templates; on the first ones also with linkers bound in other ways."""
    parting = Parting()
    relatives = Counter(entry.shape for entry in store.entries())
    found: list[Proposal] = []
    otherwise = 0
    for index, (entry, way) in enumerate(chosen):
        if progress is not None:
            progress(index / len(chosen))
        if len(found) >= room:
            break
        template = store.template(entry.row)
        one = built(template, entry, way, parts=parts, config=config, parting=parting)
        made = [] if one.proposal is None else [one.proposal]
        if index < _OTHERWISE and otherwise < _MOST_OTHERWISE and one.made is not None:
            others = built_otherwise(
                template, entry, way, one.made, parts=parts, config=config, parting=parting
            )
            more = list(islice(others, _MOST_OTHERWISE - otherwise))
            otherwise += len(more)
            made += more
        found += [replace(p, n_relatives=relatives[entry.shape]) for p in made]
    return found[:room]


def _clashes(block: Block) -> bool:
    """Whether atoms of a linker that are far apart along its bonds lie on one another."""
    radii = covalent_radii()[block.numbers]
    distance = np.linalg.norm(block.positions[:, None] - block.positions[None], axis=2)
    close = distance < _APART * (radii[:, None] + radii[None])
    hydrogen = block.numbers == 1
    close |= (distance < 1.75) & hydrogen[:, None] & hydrogen[None]
    near = np.eye(block.n_atoms, dtype=bool)
    graph = np.zeros_like(near)
    graph[block.bonds[:, 0], block.bonds[:, 1]] = graph[block.bonds[:, 1], block.bonds[:, 0]] = True
    for _ in range(3):
        near = near | (near @ graph)
    return bool(np.any(close & ~near))


def _number(metal: str) -> int:
    element = gemmi.Element(metal)
    if element.atomic_number < 1 or element.name != metal.title():
        raise ConfigError(f"{metal!r} is not the symbol of a metal; give one such as Zn")
    return element.atomic_number


def _different(linkers: Sequence[str]) -> tuple[str, ...]:
    """Each molecule once, as it was spelt first."""
    if not linkers:
        raise ConfigError("name a linker by its SMILES, such as 'OC(=O)c1ccc(cc1)C(=O)O'")
    spelt: dict[str, str] = {}
    for smiles in linkers:
        spelt.setdefault(canonical_smiles(smiles), smiles)
    return tuple(spelt.values())


def _require_two_ends(blocks: dict[str, list[Block]]) -> None:
    """Acids with one group join nothing; a donor atom may bridge."""
    for smiles, found in blocks.items():
        if all(b.n_ports < 2 and np.all(b.numbers[b.port_atoms] == 6) for b in found):
            raise ConfigError(
                f"{smiles} binds with one end and joins nothing; name it with --cap, and a linker "
                "that has two ends"
            )


def _nothing_fits(
    metals: Sequence[str], sites: dict[str, list[LinkerSites]], config: ProposeConfig
) -> str:
    ends = {s: found[0].n_sites if found else 0 for s, found in sites.items()}
    said = ", ".join(f"{s} ({n} {'end' if n == 1 else 'ends'})" for s, n in ends.items())
    nets = f" on the net {' or '.join(config.nets)}" if config.nets else ""
    further = ", or other nets" if nets else ""
    return (
        f"no known kind of framework joins {' + '.join(metals) or 'no metal'} with {said}{nets}; "
        f"check the SMILES (acids are written with their hydrogen), or try another metal{further}"
    )
