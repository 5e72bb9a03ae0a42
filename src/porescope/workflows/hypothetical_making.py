"""What becomes of one recipe: frameworks assembled, settled, decorated and checked."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from porescope.crystal.graph import net_hash
from porescope.crystal.structure import Crystal
from porescope.datasets.structure_codec import bytes_from_arrays, bytes_from_crystal
from porescope.datasets.template_store import TemplateStore
from porescope.errors import ConfigError, ConvergenceError, PorescopeError
from porescope.reticular.assembly import Assembly, bonds_of_assembly, crystal_of_assembly
from porescope.reticular.functional_groups import (
    GROUPS,
    Substitution,
    equal_places,
    substitutions,
    with_groups,
)
from porescope.reticular.relax import Relaxed, settle
from porescope.reticular.soundness import faults_of
from porescope.reticular.taking_apart.charges import with_charges
from porescope.workflows.hypothetical_recipes import Recipe, seed_of
from porescope.workflows.propose import ProposeConfig, propose_frameworks


@dataclass(frozen=True, slots=True, kw_only=True)
class MakingConfig:
    """Limits of what is made of one recipe."""

    seed: int = 0
    """Seed of the run."""
    max_parents: int = 8
    """Most frameworks without functional groups."""
    max_variants: int = 12
    """Most frameworks with functional groups for each of these."""
    groups: tuple[str, ...] = tuple(GROUPS)
    """Functional groups."""
    max_atoms: int = 300
    """Largest number of atoms in a cell."""
    parent_steps: int = 60
    """Most steps of relaxation of a framework without groups."""
    variant_steps: int = 30
    """Most steps of relaxation of one with groups."""
    max_force: float = 0.5
    """Largest force that may be left on an atom [eV/Å]."""
    max_energy_per_atom: float = 0.35
    """Largest energy of the force field for each atom [eV]: above it something is bent."""
    templates: str = ""
    """File of templates; the shipped one by default."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Parent:
    """A closed assembly from either route, before it is settled."""

    assembly: Assembly
    """Posed blocks."""
    net: str
    """RCSR symbol of the net, or empty."""
    origin: str
    """Template or nodes."""
    rms_gap: float
    """Root mean square of the misses at the ports [Å]."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Made:
    """A framework that passed all checks."""

    crystal: Crystal
    """All atoms in P1."""
    bonds: Int[np.ndarray, "bonds 5"]
    """Its bond graph."""
    net_hash: str
    """Hash of the graph."""
    labels: dict[str, float | str]
    """What is known of it."""


def row_of_recipe(file: str, record: dict[str, Any]) -> dict[str, Any]:
    """All frameworks of one recipe as plain values; failure is data.

    Parameters
    ----------
    file:
        Not used; the signature is that of all makers of rows.
    record:
        ``recipe`` and ``config``, as plain values.
    """
    config = MakingConfig(**{**record["config"], "groups": tuple(record["config"]["groups"])})
    raw = record["recipe"]
    recipe = Recipe(
        metal=raw["metal"],
        linkers=tuple(raw["linkers"]),
        names=tuple(raw["names"]),
        route=raw["route"],
    )
    counts: Counter[str] = Counter()
    made, status = [], "ok"
    try:
        made = [_plain(one) for one in frameworks_of(recipe, config=config, counts=counts)]
    except PorescopeError as error:
        status = str(error)
    return {"status": status, "made": made, "counts": dict(counts)}


def _plain(made: Made) -> dict[str, Any]:
    """A framework as JSON can hold it."""
    bonds = made.bonds.astype(np.int16)
    return {
        "net": made.net_hash,
        "crystal": base64.b85encode(bytes_from_crystal(made.crystal)).decode(),
        "bonds": base64.b85encode(bytes_from_arrays({"bonds": bonds})).decode(),
        "labels": made.labels,
    }


def frameworks_of(
    recipe: Recipe, *, config: MakingConfig, counts: Counter[str] | None = None
) -> Iterator[Made]:
    """Frameworks of a recipe: each one bare, then with functional groups.

    Parameters
    ----------
    recipe:
        Metal, linkers and route.
    config:
        Limits.
    counts:
        Takes the number of those that were tried, made, and dropped for each reason.

    Raises
    ------
    ConfigError
        Where no kind of framework is known for the metal and the linkers.
    """
    tally = Counter() if counts is None else counts
    generator = np.random.default_rng(seed_of(recipe, seed=config.seed))
    seen: set[str] = set()
    n_parents = 0
    for parent in parents_of(recipe, config=config):
        if n_parents >= config.max_parents:
            break
        tally["tried"] += 1
        fault, total = _charge(parent.assembly, curated=recipe.route == "net")
        if fault:
            tally[fault] += 1
            continue
        crystal = crystal_of_assembly(parent.assembly)
        bonds = bonds_of_assembly(parent.assembly)
        labels = _labels(recipe, parent, total)
        bare = _checked(crystal, bonds, labels, config.parent_steps, config, tally, seen)
        if bare is None:
            continue
        n_parents += 1
        yield bare
        yield from _variants(parent, bare, generator, config=config, tally=tally, seen=seen)


def parents_of(recipe: Recipe, *, config: MakingConfig) -> Iterator[Parent]:
    """Closed assemblies of a recipe.

    Raises
    ------
    ConfigError
        Where there is none.
    """
    if recipe.route == "net":
        from porescope.workflows.hypothetical_nets import parents_on_nets

        yield from parents_on_nets(recipe, config=config)
        return
    proposals = propose_frameworks(
        metals=[recipe.metal],
        linkers=list(recipe.linkers),
        store=templates_in(config.templates),
        config=ProposeConfig(
            max_proposals=3 * config.max_parents,
            per_shape=1,
            max_atoms=config.max_atoms,
            n_conformers=2,
            caps=(),
            on_nets=False,
        ),
    )
    for proposal in proposals:
        yield Parent(
            assembly=proposal.assembly,
            net=proposal.template.net_name,
            origin=proposal.template.id,
            rms_gap=proposal.rms_gap,
        )


@lru_cache(maxsize=2)
def templates_in(path: str) -> TemplateStore:
    """Templates of a file, or the shipped ones where the path is empty."""
    return TemplateStore(Path(path) if path else None)


def _charge(assembly: Assembly, *, curated: bool) -> tuple[str, int]:
    """Why the charges cannot cancel, or nothing, and their sum.

    Curated nodes know their charge. A node whose metal was exchanged does not, so that the
    commonest oxidation states decide.
    """
    counts = np.bincount(assembly.kinds, minlength=len(assembly.blocks))
    if curated and all(block.charge is not None for block in assembly.blocks):
        total = sum(int(n) * (b.charge or 0) for b, n in zip(assembly.blocks, counts, strict=True))
        return ("charged" if total else ""), total
    _, total, problem = with_charges(assembly.blocks, counts=counts)
    if total is None:
        return "charge unknown", 0
    return ("charged" if problem else ""), total


def _labels(recipe: Recipe, parent: Parent, charge: int) -> dict[str, float | str]:
    nodes = sorted({b.name or b.formula for b in parent.assembly.blocks if b.kind == "node"})
    return {
        "metal": recipe.metal,
        "linkers": "; ".join(recipe.linkers),
        "linker_names": "; ".join(recipe.names),
        "nodes": "; ".join(nodes),
        "net": parent.net,
        "origin": parent.origin,
        "route": recipe.route,
        "rms_gap_angstrom": round(parent.rms_gap, 3),
        "charge_e": float(charge),
        "groups": "",
    }


def _checked(
    crystal: Crystal,
    bonds: Int[np.ndarray, "bonds 5"],
    labels: dict[str, float | str],
    n_steps: int,
    config: MakingConfig,
    tally: Counter[str],
    seen: set[str],
) -> Made | None:
    """The framework settled, if nothing speaks against it and it is new to the recipe."""
    try:
        rest = settle(crystal, bonds, n_steps=n_steps)
    except (ConfigError, ConvergenceError):
        tally["no force field"] += 1
        return None
    fault = _fault(rest, bonds, config)
    if fault:
        tally[fault] += 1
        return None
    graph = net_hash(rest.crystal)
    if graph in seen:
        tally["duplicate"] += 1
        return None
    seen.add(graph)
    tally["made"] += 1
    facts: dict[str, float | str] = {
        "energy_per_atom_ev": round(rest.energy_per_atom, 4),
        "max_force_ev_per_angstrom": round(rest.max_force, 3),
        "n_steps": float(rest.n_steps),
        "density_g_per_cm3": round(rest.crystal.density, 4),
    }
    return Made(crystal=rest.crystal, bonds=bonds, net_hash=graph, labels=labels | facts)


def _fault(rest: Relaxed, bonds: Int[np.ndarray, "bonds 5"], config: MakingConfig) -> str:
    """The first thing that speaks against a settled framework, or nothing."""
    if not np.all(np.isfinite(rest.crystal.frac)):
        return "not settled"
    faults = faults_of(rest.crystal, bonds)
    if faults:
        return faults[0]
    if rest.max_force > config.max_force:
        return "not settled"
    return "strained" if rest.energy_per_atom > config.max_energy_per_atom else ""


def _variants(
    parent: Parent,
    bare: Made,
    generator: np.random.Generator,
    *,
    config: MakingConfig,
    tally: Counter[str],
    seen: set[str],
) -> Iterator[Made]:
    """The settled framework with functional groups on one kind of linker."""
    options = [
        (smiles, substitution)
        for smiles, block in _linker_kinds(parent.assembly).items()
        for substitution in substitutions(block, groups=config.groups, most=2)
    ]
    if not options:
        return
    n_made = 0
    for index in generator.permutation(len(options)).tolist():
        if n_made >= config.max_variants:
            break
        smiles, substitution = options[index]
        tally["tried"] += 1
        made = _decorated(parent, bare, smiles, substitution, generator, config, tally, seen)
        if made is not None:
            n_made += 1
            yield made


def _linker_kinds(assembly: Assembly) -> dict[str, Any]:
    """One block for each different linker."""
    return {b.smiles: b for b in reversed(assembly.blocks) if b.kind == "linker" and b.smiles}


def _decorated(
    parent: Parent,
    bare: Made,
    smiles: str,
    substitution: Substitution,
    generator: np.random.Generator,
    config: MakingConfig,
    tally: Counter[str],
    seen: set[str],
) -> Made | None:
    """Groups on every linker of a kind; each linker takes one of the equal places at random."""
    assembly = parent.assembly
    offsets = assembly.atom_offsets()
    hydrogens: list[int] = []
    groups: list[str] = []
    turns: list[float] = []
    for piece, kind in enumerate(assembly.kinds.tolist()):
        block = assembly.blocks[kind]
        if block.kind != "linker" or block.smiles != smiles:
            continue
        places = _places(assembly, kind, substitution, smiles)
        if not places:
            return None
        place = places[int(generator.integers(len(places)))]
        hydrogens += [int(offsets[piece]) + h for h in place.hydrogens]
        groups += list(place.groups)
        turns += [GROUPS[g].turns[int(generator.integers(len(GROUPS[g].turns)))] for g in groups]
        turns = turns[: len(groups)]
    if not hydrogens:
        return None
    n_new = bare.crystal.n_atoms + sum(len(GROUPS[g].numbers) - 1 for g in groups)
    if n_new > config.max_atoms:
        tally["too large"] += 1
        return None
    crystal, bonds, _ = with_groups(
        bare.crystal, bare.bonds, hydrogens=hydrogens, groups=groups, turns=turns
    )
    labels = bare.labels | {"groups": substitution.name}
    return _checked(crystal, bonds, labels, config.variant_steps, config, tally, seen)


def _places(
    assembly: Assembly, kind: int, substitution: Substitution, smiles: str
) -> list[Substitution]:
    """Equal places on a block; blocks of one linker number their atoms alike where they can."""
    block = assembly.blocks[kind]
    first = _linker_kinds(assembly)[smiles]
    if block is not first and not np.array_equal(block.numbers, first.numbers):
        return []
    return equal_places(block, substitution)
