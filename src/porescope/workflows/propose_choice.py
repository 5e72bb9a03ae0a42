"""Which templates are tried for a metal and linkers, the most promising first.

Templates of one shape differ in nothing but metals and the middles of the linkers, so they are
ranked together: by how many there are, by how alike the linkers are, and by the metals. The second
and third of a shape come later than the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from porescope.datasets.template_store import TemplateEntry
from porescope.errors import ConfigError
from porescope.reticular.linker_match import LinkerSites, SiteKind
from porescope.reticular.linkers.likeness import heavy_atoms, likeness
from porescope.reticular.smiles import linker_key
from porescope.reticular.substitute import same_family
from porescope.workflows.proposal import ProposeConfig
from porescope.workflows.propose_build import Way

_TRIED = 3
"""Templates that are tried for each proposal that is wanted."""
_AGAIN = 0.8
"""How much less promising each further template of one shape is."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Fit:
    """A template that fits, and how well."""

    entry: TemplateEntry
    way: Way
    alike: float
    """Likeness of old and new linkers."""
    growth: float
    """Logarithm of the ratio of their sizes, without its sign."""
    free: int
    """Donor atoms of the new linkers that stay free."""
    same_metal: bool
    kept: int
    """Linkers that stay as they are."""


def chosen_templates(
    entries: Iterable[TemplateEntry],
    wanted: tuple[int, ...],
    sites: dict[str, list[LinkerSites]],
    *,
    without: Callable[[TemplateEntry], bool] | None,
    config: ProposeConfig,
) -> list[tuple[TemplateEntry, Way]]:
    """Templates to try, the most promising first.

    Parameters
    ----------
    entries:
        All templates.
    wanted:
        Atomic numbers of the metals, rising.
    sites:
        Ends of the forms and shapes of each linker, by its SMILES.
    without:
        Templates for which this is true are left out.
    config:
        Limits.
    """
    keys = {name: linker_key(name) for name in sites}
    caps = None if config.caps is None else {linker_key(c) for c in config.caps}
    shapes: dict[str, list[_Fit]] = {}
    free_of: dict[tuple[str, str], int | None] = {}
    for entry in entries:
        if without is not None and without(entry):
            continue
        if len(entry.linkers) != len(sites) or not _metals_fit(entry, wanted):
            continue
        if config.nets and entry.net_name not in config.nets:
            continue
        if caps is not None and not _cap_keys(entry) <= caps:
            continue
        found = _way(entry, sites, keys, free_of)
        if found is not None:
            shapes.setdefault(entry.shape, []).append(_fit(entry, *found, wanted, keys))
    ranked: list[tuple[float, _Fit]] = []
    for fits in shapes.values():
        promise = _promise(fits)
        fits.sort(key=_order)
        ranked += [(promise - _AGAIN * i, fit) for i, fit in enumerate(fits[: config.per_shape])]
    ranked.sort(key=lambda row: (-row[0], row[1].entry.n_atoms, row[1].entry.id))
    return [(fit.entry, fit.way) for _, fit in ranked[: _TRIED * config.max_proposals]]


def _fit(
    entry: TemplateEntry, way: Way, free: int, wanted: tuple[int, ...], keys: dict[str, str]
) -> _Fit:
    pairs = list(way.items())
    sizes = [(heavy_atoms(old), heavy_atoms(new)) for old, new in pairs]
    return _Fit(
        entry=entry,
        way=way,
        alike=float(np.mean([likeness(old, new) for old, new in pairs])),
        growth=float(np.mean([abs(np.log(new / old)) if old else 1.0 for old, new in sizes])),
        free=free,
        same_metal=entry.metals == wanted,
        kept=_kept(entry, way, keys),
    )


def _promise(fits: list[_Fit]) -> float:
    """How likely a shape is the right kind of framework: logarithm of the odds, up to a constant.

    The weights were fitted to frameworks that were left out of the templates one by one.
    """
    merit = 1.1 * float(np.log(len(fits)))
    merit += 1.5 * float(np.mean([fit.same_metal for fit in fits]))
    merit += 5.0 * max(fit.alike for fit in fits)
    merit += 1.0 * any(fit.kept == len(fit.way) for fit in fits)
    merit -= 1.5 * min(fit.growth for fit in fits)
    return merit - 0.7 * min(fit.free for fit in fits)


def _order(fit: _Fit) -> tuple[float, int, str]:
    """Place among the templates of one shape."""
    merit = 0.5 * fit.same_metal + 2.0 * fit.alike - fit.growth + 0.5 * fit.kept - 0.3 * fit.free
    return -merit, fit.entry.n_atoms, fit.entry.id


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


def _way(
    entry: TemplateEntry,
    sites: dict[str, list[LinkerSites]],
    keys: dict[str, str],
    known: dict[tuple[str, str], int | None],
) -> tuple[Way, int] | None:
    """Which linker takes which place, by the kinds of their ends, and how many ends stay free.

    Equal linkers stay. ``known`` keeps what was found for other templates.
    """
    best: tuple[Way, int] | None = None
    for order in permutations(sorted(sites)):
        way = dict(zip(entry.linkers, order, strict=True))
        if not entry.metals and not all(_condense_alike(old, new) for old, new in way.items()):
            continue
        free = []
        for text, name in zip(entry.sites, order, strict=True):
            if (text, name) not in known:
                known[text, name] = _ends_left(sites[name], text)
            free.append(known[text, name])
        if any(n is None for n in free):
            continue
        if best is None or _kept(entry, way, keys) > _kept(entry, best[0], keys):
            best = way, sum(n for n in free if n is not None)
    return best


def _condense_alike(old: str, new: str) -> bool:
    """Whether two molecules of covalent frameworks bring the same reaction: boron, nitriles."""
    boron = [any(letter == "B" for letter in s.replace("Br", "")) for s in (old, new)]
    nitrile = ["C#N" in s or "N#C" in s for s in (old, new)]
    return boron[0] == boron[1] and nitrile[0] == nitrile[1]


def _kept(entry: TemplateEntry, way: Way, keys: dict[str, str]) -> int:
    """Linkers of the template that stay as they are."""
    return sum(key == keys[way[old]] for old, key in zip(entry.linkers, entry.keys, strict=True))


def _ends_left(conformers: list[LinkerSites], text: str) -> int | None:
    """Ends that stay free in the form of a linker that has these ends; ``None`` if none has.

    Carbon ends must all be bound; donor atoms may stay free.
    """
    want: Counter[SiteKind] = Counter()
    for part in text.split():
        kind, count = part.split(":")
        want[(int(kind.rstrip("+")), kind.endswith("+"))] = int(count)
    fitting = [form.n_sites for form in conformers if _form_fits(Counter(form.kinds), want)]
    return min(fitting) - want.total() if want and fitting else None


def _form_fits(have: Counter[SiteKind], want: Counter[SiteKind]) -> bool:
    if any(have[kind] < count for kind, count in want.items()):
        return False
    return all(want[kind] == n for kind, n in have.items() if kind[0] == 6)
