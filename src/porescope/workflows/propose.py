"""Frameworks that could form from a metal and linkers: the third kind of candidate.

Every known framework whose linkers bind with the same ends gives its nodes and the way they are
linked; the linker in question takes the place of the old one, the metal of the old metal, and the
links are closed. What then overlaps, or does not close, is dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import gemmi
import numpy as np

from porescope.crystal.elements import covalent_radii
from porescope.crystal.neighbours import neighbour_list
from porescope.crystal.structure import Crystal
from porescope.datasets.template_store import TemplateEntry, TemplateStore
from porescope.errors import ConfigError, ConvergenceError
from porescope.reticular.assembly import Assembly, bonds_of_assembly, crystal_of_assembly
from porescope.reticular.block import Block
from porescope.reticular.fit_assembly import AssemblyFitConfig, fit_assembly
from porescope.reticular.linker_match import LinkerSites, SiteKind, linker_sites
from porescope.reticular.nets.catalogue import net_named
from porescope.reticular.smiles import canonical_smiles, linker_key
from porescope.reticular.substitute import same_family, substituted

_CLOSE = 0.72
"""Atoms nearer than this share of the sum of their radii, and not bonded, overlap."""
_APART = 1.25
"""Atoms of one linker that are four and more bonds apart keep this distance, as a share of the sum
of their radii."""
ROOM = 4.5
"""Least volume of a framework for each atom [Å³]; dense ionic crystals have twice as much."""
_CROWDED_ATOMS = 4000
"""Atoms of overlapping frameworks that are relaxed to part them, in all."""
_SHAPES = 3
"""Shapes of the linkers that are tried on a template before it is given up."""
_TRIED = 2
"""Templates that are tried for each proposal that is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeConfig:
    """Which proposals are made, and how many."""

    max_proposals: int = 150
    """Most frameworks that are proposed."""
    per_shape: int = 6
    """Most templates of one kind of framework."""
    max_atoms: int = 1500
    """Largest number of atoms in a cell."""
    nets: tuple[str, ...] = ()
    """RCSR symbols to which the nets are limited; none: all."""
    n_conformers: int = 12
    """Conformers of each linker."""
    on_nets: bool = True
    """Also place curated nodes on the nets of the catalogue."""
    largest_gap: float = 0.9
    """Largest miss of a link that is forgiven [Å]."""
    rms_gap: float = 0.45
    """Largest root mean square of the misses [Å]."""
    caps: tuple[str, ...] | None = None
    """SMILES of molecules that may be bound to one node only; ``None``: any, empty: none."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Proposal:
    """One assembled framework."""

    id: str
    """``assembled:`` and the template that it was built on."""
    crystal: Crystal
    """All atoms, P1."""
    assembly: Assembly
    """The same as blocks and links."""
    template: TemplateEntry
    """Where nodes and links come from."""
    rms_gap: float
    """Root mean square of the misses at the ports [Å]."""
    misfit: float
    """How badly the new linker lies on the old one."""
    same_metal: bool
    """Whether the template has the metal itself."""
    same_linker: bool
    """Whether the template has the linker itself."""
    n_relatives: int = 0
    """Known frameworks of this kind, whatever their linkers' middles and metals."""


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
    chosen = _chosen(store.entries(), wanted, sites, without=without, config=config)
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
    crowd = _Crowd()
    relatives = Counter(entry.shape for entry in store.entries())
    for index, (entry, way) in enumerate(chosen):
        if progress is not None:
            progress(index / len(chosen))
        if len(found) >= config.max_proposals:
            break
        made = _built(
            store, entry, way, blocks=blocks, sites=sites, wanted=wanted, config=config, crowd=crowd
        )
        if made is not None:
            found.append(replace(made, n_relatives=relatives[entry.shape]))
    return found


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


Way = dict[str, str]
"""For each linker of a template, the one that takes its place."""


def _chosen(
    entries: Iterable[TemplateEntry],
    wanted: tuple[int, ...],
    sites: dict[str, list[LinkerSites]],
    *,
    without: Callable[[TemplateEntry], bool] | None,
    config: ProposeConfig,
) -> list[tuple[TemplateEntry, Way]]:
    """Templates to try, the most promising first."""
    ranked: list[tuple[float, TemplateEntry, Way]] = []
    keys = {name: linker_key(name) for name in sites}
    caps = None if config.caps is None else {linker_key(c) for c in config.caps}
    shapes: Counter[str] = Counter()
    for entry in entries:
        if without is not None and without(entry):
            continue
        if len(entry.linkers) != len(sites) or not _metals_fit(entry, wanted):
            continue
        if config.nets and entry.net_name not in config.nets:
            continue
        if caps is not None and not _cap_keys(entry) <= caps:
            continue
        way = _way(entry, sites, keys)
        if way is None:
            continue
        shapes[entry.shape] += 1
        ranked.append((_promise(entry, wanted, same=_kept(entry, way, keys)), entry, way))
    ranked = [
        (merit + 0.3 * float(np.log1p(min(shapes[entry.shape], 20))), entry, way)
        for merit, entry, way in ranked
    ]
    ranked.sort(key=lambda row: (-row[0], row[1].n_atoms, row[1].id))
    taken: Counter[str] = Counter()
    kept = []
    for _, entry, way in ranked:
        taken[entry.shape] += 1
        if taken[entry.shape] <= config.per_shape:
            kept.append((entry, way))
    return kept[: _TRIED * config.max_proposals]


def _cap_keys(entry: TemplateEntry) -> set[str]:
    """Keys of a template's caps; what is no molecule, as of disorder, stands for itself."""
    keys = set()
    for smiles in entry.caps:
        try:
            keys.add(linker_key(smiles))
        except ConfigError:
            keys.add(smiles)
    return keys


def _metals_fit(entry: TemplateEntry, wanted: tuple[int, ...]) -> bool:
    if len(wanted) == 1 and len(entry.metals) == 1:
        return same_family(entry.metals[0], wanted[0])
    return entry.metals == wanted


def _promise(entry: TemplateEntry, wanted: tuple[int, ...], *, same: int) -> float:
    """How likely a template is the right kind of framework; only the order counts."""
    merit = 1.5 * float(entry.metals == wanted)
    merit += 2.0 * float(same == len(entry.linkers))
    merit -= 0.5 * float(bool(entry.caps))
    return merit - 0.2 * (entry.interpenetration - 1)


def _way(
    entry: TemplateEntry, sites: dict[str, list[LinkerSites]], keys: dict[str, str]
) -> Way | None:
    """Which linker takes which place, by the kinds of their ends; equal linkers stay."""
    names = sorted(sites)
    best: Way | None = None
    for order in permutations(names):
        way = dict(zip(entry.linkers, order, strict=True))
        fits = all(_ends_fit(sites[n], text) for text, n in zip(entry.sites, order, strict=True))
        fits &= bool(entry.metals) or all(_condense_alike(old, new) for old, new in way.items())
        if fits and (best is None or _kept(entry, way, keys) > _kept(entry, best, keys)):
            best = way
    return best


def _condense_alike(old: str, new: str) -> bool:
    """Whether two molecules of covalent frameworks bring the same reaction: boron, nitriles."""
    boron = [any(letter == "B" for letter in s.replace("Br", "")) for s in (old, new)]
    nitrile = ["C#N" in s or "N#C" in s for s in (old, new)]
    return boron[0] == boron[1] and nitrile[0] == nitrile[1]


def _kept(entry: TemplateEntry, way: Way, keys: dict[str, str]) -> int:
    """Linkers of the template that stay as they are."""
    return sum(key == keys[way[old]] for old, key in zip(entry.linkers, entry.keys, strict=True))


def _ends_fit(conformers: list[LinkerSites], text: str) -> bool:
    """Whether one of the forms of a linker has these ends.

    Carbon ends must all be bound; donor atoms may stay free.
    """
    want: Counter[SiteKind] = Counter()
    for part in text.split():
        kind, count = part.split(":")
        want[(int(kind.rstrip("+")), kind.endswith("+"))] = int(count)
    return bool(want) and any(_form_fits(Counter(form.kinds), want) for form in conformers)


def _form_fits(have: Counter[SiteKind], want: Counter[SiteKind]) -> bool:
    if any(have[kind] < count for kind, count in want.items()):
        return False
    return all(want[kind] == n for kind, n in have.items() if kind[0] == 6)


def _built(
    store: TemplateStore,
    entry: TemplateEntry,
    way: Way,
    *,
    blocks: dict[str, list[Block]],
    sites: dict[str, list[LinkerSites]],
    wanted: tuple[int, ...],
    config: ProposeConfig,
    crowd: _Crowd,
) -> Proposal | None:
    """One proposal, or ``None`` where it does not close or overlaps."""
    template = store.template(entry.row)
    if template.n_atoms > 4 * config.max_atoms:
        return None
    tried: dict[str, set[int]] = {}
    crowded = None
    for _ in range(_SHAPES):
        made = substituted(
            template,
            linkers={old: blocks[new] for old, new in way.items()},
            sites={old: sites[new] for old, new in way.items()},
            metal=wanted[0] if len(wanted) == 1 else None,
            without=tried,
        )
        if made is None or made.assembly.n_atoms > config.max_atoms:
            return None
        closed = fit_assembly(
            scaled(made.assembly, made.scale),
            config=AssemblyFitConfig(max_steps=12, give_up=1.5 * config.rms_gap),
        )
        good = closed.rms_gap <= config.rms_gap and closed.largest_gap <= config.largest_gap
        crystal = crystal_of_assembly(closed.assembly)
        if good and crystal.volume >= ROOM * crystal.n_atoms:
            if not overlaps(crystal, closed.assembly):
                break
            crowded = crowded or (crystal, closed, made)
        for old, index in made.used.items():
            tried.setdefault(old, set()).add(index)
    else:
        if crowded is None:
            return None
        crystal, closed, made = crowded
        if not crowd.may(crystal):
            return None
        settled = _settled(crystal, closed.assembly)
        if settled is None:
            return None
        crystal = settled
    return Proposal(
        id=f"assembled:{entry.id}",
        crystal=replace(crystal, name=f"assembled on {entry.id}"),
        assembly=closed.assembly,
        template=entry,
        rms_gap=closed.rms_gap,
        misfit=made.misfit,
        same_metal=made.same_metal,
        same_linker=sorted(entry.keys) == sorted(linker_key(new) for new in way.values()),
    )


class _Crowd:
    """How many overlapping frameworks may still be relaxed, and the atoms of all of them."""

    def __init__(self) -> None:
        self.atoms = _CROWDED_ATOMS

    def may(self, crystal: Crystal) -> bool:
        """Whether this one may; it is counted."""
        self.atoms -= crystal.n_atoms
        return self.atoms >= 0


def _settled(crystal: Crystal, assembly: Assembly) -> Crystal | None:
    """An overlapping framework after a short relaxation, if that parts its atoms."""
    from porescope.reticular.relax import RelaxSettings, relax

    try:
        found = relax(
            crystal,
            bonds_of_assembly(assembly),
            settings=RelaxSettings(
                max_steps=60, max_force=0.3, max_stress=5e-3, fixed_symmetry=False
            ),
        ).crystal
    except (ConfigError, ConvergenceError):
        return None
    if found.volume < ROOM * found.n_atoms or not np.all(np.isfinite(found.frac)):
        return None
    return None if overlaps(found, assembly) else found


def scaled(assembly: Assembly, factor: float) -> Assembly:
    """Room for longer linkers: a cell that has grown by a part of what they grew.

    Parameters
    ----------
    assembly:
        Posed blocks.
    factor:
        Size of the new linkers over that of the old ones.
    """
    growth = 1.0 + 0.5 * (factor - 1.0)
    return replace(assembly, lattice=assembly.lattice * growth, origins=assembly.origins * growth)


def overlaps(crystal: Crystal, assembly: Assembly, *, allowed: int = 0) -> bool:
    """Whether atoms that are not bonded lie on one another.

    Parameters
    ----------
    crystal:
        Atoms in the order of the assembly.
    assembly:
        Which of them are bonded.
    allowed:
        Overlapping pairs that are forgiven.
    """
    radii = covalent_radii()[crystal.numbers]
    near = neighbour_list(crystal.frac, lattice=crystal.lattice, cutoff=2.0)
    close = near.distance < _CLOSE * (radii[near.first] + radii[near.second])
    close &= ~((crystal.numbers[near.first] == 1) & (crystal.numbers[near.second] == 1)) | (
        near.distance < 1.2
    )
    first, second = near.first[close], near.second[close]
    if not len(first):
        return False
    bonds = bonds_of_assembly(assembly)
    joined = {(a, b) for a, b in bonds[:, :2].tolist()} | {(b, a) for a, b in bonds[:, :2].tolist()}
    bad = [p for p in zip(first.tolist(), second.tolist(), strict=True) if p not in joined]
    return len(bad) > 2 * allowed
