"""Frameworks of two linkers on templates that hold one, or hold others in another order.

Where both linkers end alike, as terephthalic acid and its amine do, they share out the places
that one linker has in a known framework: by the kinds of linkers that the template tells apart, or
by the directions in which its linkers lie, of equivalent ways the one of lowest electrostatic
energy (:mod:`porescope.reticular.mixed_linkers`). Templates of three kinds and more take two where
the ends allow. Curated nodes are placed on nets with both linkers, as paddlewheels with pillars.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from porescope.datasets.template_store import TemplateEntry, TemplateStore
from porescope.errors import ConfigError
from porescope.reticular.block import Block
from porescope.reticular.linker_match import LinkerSites, SiteKind, kinds_agree
from porescope.reticular.linker_slots import (
    directions_of_slots,
    kind_of_arrangement,
    parallel_groups,
)
from porescope.reticular.mixed_linkers import ewald_assignments
from porescope.reticular.smiles import linker_key
from porescope.reticular.substitute import same_family
from porescope.reticular.template import Template, is_exchangeable
from porescope.workflows.mixed_building import Builder, Built, Crowded, built_with, parted
from porescope.workflows.propose import Proposal, ProposeConfig

MOST = 40
"""Most proposals."""
_OPENED = 60
"""Templates that are looked at."""
_FROM_CROWDED = 10
"""Of these, those whose atoms had to be parted by a relaxation; more where others are few."""
_MOST_CROWDED = 0.3
"""Pairs of atoms too near for each atom beyond which a relaxation is not tried."""
_PER_KIND = 4
"""Proposals of one kind of framework with one arrangement: known cells differ."""
_SHARED = 12
"""Templates of one linker for which energies are worked out."""
_SHARED_PER_SHAPE = 2
"""Of these, those of one kind of framework."""
_PER_SHAPE = 6
"""Templates of one kind of framework that are looked at."""
_GROUPS = 6
"""Groups of slots up to which every composition is tried."""
_FEW_GROUPS = 3
"""Groups up to which every arrangement is tried, whatever its energy."""
_SLOTS = 24
"""Slots beyond which energies are not worked out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pot:
    """What the frameworks are made of."""

    metals: tuple[int, ...]
    names: tuple[str, str]
    blocks: dict[str, list[Block]]
    sites: dict[str, list[LinkerSites]]
    keys: dict[str, str]

    def fits(self, name: str, kinds: tuple[SiteKind, ...]) -> bool:
        """Whether a form of a linker has these ends."""
        return any(kinds_agree(form.kinds, kinds) for form in self.sites[name])


def propose_mixed(
    *,
    metals: Sequence[int],
    linkers: dict[str, list[Block]],
    sites: dict[str, list[LinkerSites]],
    store: TemplateStore,
    config: ProposeConfig,
    without: Callable[[TemplateEntry], bool] | None = None,
) -> list[Proposal]:
    """Assemble two linkers in the places of others; nothing for another number of linkers.

    Parameters
    ----------
    metals:
        Atomic numbers of the metals; none for covalent frameworks, of which none is made here.
    linkers, sites:
        Forms and shapes of each linker, by its SMILES, and their ends.
    store:
        Known kinds of frameworks.
    config:
        Limits.
    without:
        Templates for which this is true are left out.
    """
    if len(linkers) != 2 or len(metals) != 1:
        return []
    first, second = sorted(linkers)
    pot = _Pot(
        metals=tuple(metals),
        names=(first, second),
        blocks=linkers,
        sites=sites,
        keys={name: linker_key(name) for name in linkers},
    )
    builder = Builder(metal=metals[0], blocks=linkers, sites=sites, config=config)
    relatives = Counter(entry.shape for entry in store.entries())
    found: list[Proposal] = []
    made: Counter[str] = Counter()
    waiting: list[tuple[float, str, TemplateEntry, Crowded]] = []
    for entry in _entries(store, pot, relatives, config=config, without=without):
        template = store.template(entry.row)
        if template.n_atoms > 4 * config.max_atoms or len(found) >= MOST - _FROM_CROWDED:
            continue
        for chosen, usual in _arrangements(template, entry, pot):
            kind = f"{entry.shape} {kind_of_arrangement(template.assembly, chosen)}"
            if made[kind] >= _PER_KIND:
                continue
            built, crowded = built_with(template, chosen, builder)
            if crowded is not None and crowded.crowding < _MOST_CROWDED:
                waiting.append((crowded.crowding, kind, entry, crowded))
            built = [one for one in built if one.turned or not usual]
            made[kind] += len(built)
            for one in built:
                found.append(_proposal(one, entry, len(found) + 1, relatives[entry.shape]))
    waiting.sort(key=lambda row: (row[0], row[2].id))
    for _, kind, entry, crowded in waiting:
        one = parted(crowded, builder) if made[kind] < _PER_KIND else None
        if one is not None and len(found) < MOST:
            made[kind] += 1
            found.append(_proposal(one, entry, len(found) + 1, relatives[entry.shape]))
    return found


def _proposal(one: Built, entry: TemplateEntry, number: int, n_relatives: int) -> Proposal:
    label = f"{entry.id} shared {number}"
    return Proposal(
        id=f"assembled:{label}",
        crystal=replace(one.crystal, name=f"assembled on {entry.id}"),
        assembly=one.assembly,
        template=replace(entry, id=label),
        rms_gap=one.rms_gap,
        misfit=one.substituted.misfit,
        same_metal=one.substituted.same_metal,
        same_linker=False,
        n_relatives=n_relatives,
    )


def _kinds_of_text(text: str) -> tuple[SiteKind, ...]:
    """Ends as :func:`porescope.datasets.template_store.sites_text` writes them."""
    kinds: list[SiteKind] = []
    for part in text.split():
        kind, count = part.split(":")
        kinds += [(int(kind.rstrip("+")), kind.endswith("+"))] * int(count)
    return tuple(kinds)


def _entries(
    store: TemplateStore,
    pot: _Pot,
    relatives: Counter[str],
    *,
    config: ProposeConfig,
    without: Callable[[TemplateEntry], bool] | None,
) -> list[TemplateEntry]:
    """Templates with places for both linkers, best first."""
    fitting: dict[str, frozenset[str]] = {}
    caps = None if config.caps is None else {linker_key(c) for c in config.caps}
    ranked: list[tuple[float, TemplateEntry]] = []
    for entry in store.entries():
        if not entry.linkers or not _metal_fits(entry, pot):
            continue
        for text in entry.sites:
            if text not in fitting:
                kinds = _kinds_of_text(text)
                fitting[text] = frozenset(n for n in pot.names if kinds and pot.fits(n, kinds))
        ways = [fitting[text] for text in entry.sites]
        if not all(ways) or len(frozenset().union(*ways)) < 2:
            continue
        if config.nets and entry.net_name not in config.nets:
            continue
        if caps is not None and not {_key(c) for c in entry.caps} <= caps:
            continue
        if without is not None and without(entry):
            continue
        ranked.append((_promise(entry, pot, relatives[entry.shape]), entry))
    ranked.sort(key=lambda row: (-row[0], row[1].n_atoms, row[1].id))
    taken: Counter[tuple[str, bool]] = Counter()
    kept = []
    n_shared = 0
    for _, entry in ranked:
        shared = len(entry.linkers) == 1
        taken[entry.shape, shared] += 1
        number = taken[entry.shape, shared]
        if shared and (number > _SHARED_PER_SHAPE or n_shared >= _SHARED):
            continue
        n_shared += shared
        if number <= _PER_SHAPE:
            kept.append(entry)
    return kept[:_OPENED]


def _key(smiles: str) -> str:
    """Key of a cap; what is no molecule, as of disorder, stands for itself."""
    try:
        return linker_key(smiles)
    except ConfigError:
        return smiles


def _metal_fits(entry: TemplateEntry, pot: _Pot) -> bool:
    return len(entry.metals) == 1 and same_family(entry.metals[0], pot.metals[0])


def _promise(entry: TemplateEntry, pot: _Pot, n_relatives: int) -> float:
    """How likely a template is the right kind of framework; only the order counts."""
    merit = 1.5 * float(entry.metals == pot.metals)
    merit += 0.7 * len(set(entry.keys) & set(pot.keys.values()))
    merit += 0.5 * float(len(entry.linkers) == 2)
    merit += 0.3 * float(np.log1p(min(n_relatives, 100)))
    merit -= 0.5 * float(bool(entry.caps))
    merit -= 0.5 * abs(float(np.log(_size(entry.linkers) / _size(pot.names))))
    return merit - 0.2 * (entry.interpenetration - 1)


def _size(names: Sequence[str]) -> float:
    """Atoms but hydrogen of linkers, on the mean."""
    return float(np.mean([sum(c.isalpha() and c != "H" for c in name) for name in names]))


def _arrangements(
    template: Template, entry: TemplateEntry, pot: _Pot
) -> Iterator[tuple[dict[int, str], bool]]:
    """Which linker takes each slot, and whether the template is used in this way anyway.

    Every way by the kinds of linkers that the template has, or the best by directions. Linkers
    of unlike charge do not take each other's place.
    """
    assembly = template.assembly
    blocks = [assembly.blocks[kind] for kind in assembly.kinds.tolist()]
    slots = [p for p, block in enumerate(blocks) if is_exchangeable(block)]
    alike = len({pot.blocks[name][0].charge for name in pot.names}) == 1
    if len(entry.linkers) == 1:
        if not alike:
            return
        for chosen in _shared(template, slots, _kinds_of_text(entry.sites[0]), pot):
            yield chosen, False
        return
    free = [[n for n in pot.names if pot.fits(n, _kinds_of_text(t))] for t in entry.sites]
    first = _first_order(entry, pot) if len(entry.linkers) == 2 else None
    for way in product(*free):
        if first is not None and way != first and not alike:
            continue
        if len(set(way)) == 2:
            by_name = dict(zip(entry.linkers, way, strict=True))
            yield {p: by_name[blocks[p].smiles] for p in slots}, way == first


def _first_order(entry: TemplateEntry, pot: _Pot) -> tuple[str, ...] | None:
    """The order of the two linkers in which the template is used anyway."""
    orders = [pot.names, pot.names[::-1]]
    texts = [_kinds_of_text(text) for text in entry.sites]
    orders = [
        o for o in orders if all(pot.fits(n, kinds) for n, kinds in zip(o, texts, strict=True))
    ]
    kept = [sum(k == pot.keys[n] for k, n in zip(entry.keys, o, strict=True)) for o in orders]
    return orders[int(np.argmax(kept))] if orders else None


def _shared(
    template: Template, slots: list[int], kinds: tuple[SiteKind, ...], pot: _Pot
) -> Iterator[dict[int, str]]:
    """Both linkers over slots that are all alike.

    Few groups are filled in every way, more in that of the lowest energy for each composition.
    """
    assembly = template.assembly
    if len(slots) < 2 or len(slots) > _SLOTS:
        return
    groups = parallel_groups(directions_of_slots(assembly, slots))
    n = max(groups) + 1
    if n <= _FEW_GROUPS:
        seen: set[str] = set()
        for way in product(pot.names, repeat=n):
            chosen = {p: way[g] for p, g in zip(slots, groups, strict=True)}
            kind = kind_of_arrangement(assembly, chosen)
            if len(set(way)) == 2 and kind not in seen:
                seen.add(kind)
                yield chosen
        return
    linkers = [_form(pot, name, kinds) for name in pot.names]
    if any(block is None for block in linkers):
        return
    parts = range(1, n) if n <= _GROUPS else sorted({n // 3, n // 2, n - n // 3})
    try:
        found = ewald_assignments(
            assembly,
            slots=slots,
            linkers=[block for block in linkers if block is not None],
            compositions=[(part, n - part) for part in parts],
            groups=groups,
            most_exhaustive=1000,
            n_steps=2000,
            generator=np.random.default_rng(0),
        )
    except ConfigError:
        return
    for best in found:
        for one in best:
            yield {p: pot.names[k] for p, k in zip(slots, one.kinds, strict=True)}


def _form(pot: _Pot, name: str, kinds: tuple[SiteKind, ...]) -> Block | None:
    """The first form of a linker with just these ends."""
    for block, form in zip(pot.blocks[name], pot.sites[name], strict=True):
        if sorted(form.kinds) == sorted(kinds):
            return block
    return None
