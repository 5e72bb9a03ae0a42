"""From a metal and linkers to relaxed frameworks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import log1p

from porescope.crystal.graph import net_hash
from porescope.crystal.structure import Crystal
from porescope.crystal.symmetry import find_symmetry, standardise
from porescope.datasets.template_store import TemplateStore
from porescope.errors import ConfigError, ConvergenceError
from porescope.reticular.assembly import Assembly, bonds_of_assembly
from porescope.reticular.nets.catalogue import net_names
from porescope.reticular.relax import RelaxSettings, relax
from porescope.reticular.taking_apart.node_names import node_name
from porescope.workflows.propose import Proposal, ProposeConfig, propose_frameworks

_SYMMETRY = 0.2
"""Symmetry of assembled frameworks is looked for with this tolerance [Å]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildConfig:
    """How many frameworks are built, and how far they are relaxed."""

    n_frameworks: int = 5
    """Frameworks that are relaxed and given back."""
    relax: bool = True
    """Relax atoms and cell in the force field."""
    max_steps: int = 300
    """Most steps of the relaxation."""
    propose: ProposeConfig = field(default_factory=ProposeConfig)
    """Which frameworks are assembled."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BuiltFramework:
    """One framework that the metal and the linkers can make."""

    crystal: Crystal
    """The framework in its conventional cell."""
    net_name: str
    """RCSR symbol of its net, or empty."""
    interpenetration: int
    """Number of separate nets."""
    nodes: tuple[str, ...]
    """Names or compositions of the nodes."""
    template: str
    """Identifier of the known framework that gave nodes and links."""
    n_relatives: int
    """Known frameworks of its kind, whatever their linkers' middles and metals."""
    same_metal: bool
    """Whether a relative has the metal itself."""
    rms_gap: float
    """Root mean square miss of the links before relaxing [Å]."""
    energy_per_atom: float | None
    """Energy in the force field [eV], where it was relaxed."""
    status: str
    """``relaxed``, ``assembled``, or why the relaxation failed."""


def build_frameworks(
    *,
    metals: Sequence[str],
    linkers: Sequence[str],
    store: TemplateStore | None = None,
    config: BuildConfig | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> list[BuiltFramework]:
    """Frameworks that a metal and linkers can make, the kinds that are known best first.

    Parameters
    ----------
    metals:
        Symbol of the metal; none for covalent frameworks.
    linkers:
        SMILES of the linkers.
    store:
        Known kinds of frameworks; the shipped ones by default.
    config:
        How many, on which nets, and whether they are relaxed.
    progress:
        Called with what is being done and the share that is finished.

    Raises
    ------
    ConfigError
        Where nothing can be built; the message says what does not fit.
    """
    config = config or BuildConfig()
    tell = progress or (lambda stage, share: None)
    proposals = propose_frameworks(
        metals=metals,
        linkers=linkers,
        store=store or TemplateStore(),
        config=config.propose,
        progress=lambda share: tell("assembling", 0.5 * share),
    )
    if not proposals:
        raise ConfigError(
            "known kinds of frameworks have such a metal and such linkers, but none closes with "
            f"these in {config.propose.max_atoms} atoms: the linker is too bent, too bulky, or its "
            "ends point elsewhere; allow more --max-atoms, or try another --metal or fewer --net"
        )
    kinds = _kinds(proposals)[: config.n_frameworks]
    built = []
    for index, kind in enumerate(kinds):
        tell("relaxing" if config.relax else "finding symmetry", 0.5 + 0.5 * index / len(kinds))
        built.append(_built(kind, config=config))
    tell("done", 1.0)
    return built


def _kinds(proposals: Sequence[Proposal]) -> list[list[Proposal]]:
    """Proposals with one bond graph together, the likeliest first."""
    graphs: dict[str, list[Proposal]] = {}
    for proposal in proposals:
        key = f"{net_hash(proposal.crystal)} {proposal.template.interpenetration}"
        graphs.setdefault(key, []).append(proposal)
    return sorted(graphs.values(), key=lambda kind: -_worth(kind))


def _worth(kind: Sequence[Proposal]) -> float:
    """How likely a framework forms: how often its kind is known, and whether with this metal."""
    net = kind[0].template.net_name
    worth = log1p(max(p.n_relatives for p in kind)) + 0.3 * log1p(len(kind))
    worth += 2.0 * any(p.same_metal and p.n_relatives for p in kind)
    worth += 2.0 * any(p.same_linker for p in kind)
    worth += 2.0 * any(p.same_linker and p.same_metal for p in kind)
    worth -= 1.0 * all(p.template.caps for p in kind)
    worth -= 0.7 * (min(p.template.interpenetration for p in kind) - 1)
    return worth + (1.0 if net in _nets_in_space() else 0.0)


@lru_cache(maxsize=1)
def _nets_in_space() -> frozenset[str]:
    return frozenset(net_names(dimension=3))


def _built(kind: Sequence[Proposal], *, config: BuildConfig) -> BuiltFramework:
    best = min(kind, key=lambda p: (not p.same_metal, round(p.rms_gap, 2), p.crystal.n_atoms))
    crystal = find_symmetry(best.crystal, symprec=_SYMMETRY, symmetrise=True)
    energy, status = None, "assembled"
    if config.relax:
        try:
            relaxed = relax(
                crystal,
                bonds_of_assembly(best.assembly),
                settings=RelaxSettings(max_steps=config.max_steps),
            )
            crystal, energy = relaxed.crystal, relaxed.energy_per_atom
            status = "relaxed" if relaxed.converged else "partly relaxed"
        except (ConfigError, ConvergenceError) as error:
            status = f"not relaxed: {error}"
    standard = standardise(crystal, symprec=0.05)
    return BuiltFramework(
        crystal=replace(standard, name=best.id),
        net_name=best.template.net_name,
        interpenetration=best.template.interpenetration,
        nodes=_nodes(best.assembly),
        template=best.template.id,
        n_relatives=max(p.n_relatives for p in kind),
        same_metal=any(p.same_metal for p in kind),
        rms_gap=best.rms_gap,
        energy_per_atom=energy,
        status=status,
    )


def _nodes(assembly: Assembly) -> tuple[str, ...]:
    found = {node_name(b) or b.formula for b in assembly.blocks if b.kind == "node"}
    return tuple(sorted(found))
