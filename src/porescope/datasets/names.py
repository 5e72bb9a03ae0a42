"""Which cards are the same framework, and what people call it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

import gemmi
import numpy as np

from porescope.datasets.store import CardStore
from porescope.units import AVOGADRO

VOLUME_TOLERANCE = 0.09
"""Relative difference of the volume per atom up to which two crystals with one net are the same
framework: edges that agree within 3 %. Volumes can be compared whatever cell a file chose; open
and closed forms of a breathing framework stay apart."""

_TETRAHEDRAL = ("B", "Si", "P", "Ge", "As")
_TOKEN = re.compile(r"([A-Z][a-z]?)([0-9.]*)")


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """What grouping and naming look at of one card."""

    card_id: int
    name: str
    source: str
    key: str
    group: str
    net: bytes
    net_alike: bytes
    formula: str
    metals: str
    density: float

    @property
    def volume_per_atom(self) -> float:
        """Volume over the number of atoms that are no hydrogen [Å³]."""
        return volume_per_heavy_atom(self.formula, density=self.density)


def heavy_formula(formula: str, *, metals_alike: bool = False) -> str:
    """Reduced formula without hydrogen, by the alphabet.

    Parameters
    ----------
    formula:
        A formula such as ``C24H12O13Zn4``.
    metals_alike:
        Whether all metals count as one element ``M``, as in
        :func:`porescope.crystal.graph.net_hash`.
    """
    amounts: dict[str, float] = defaultdict(float)
    parts = _TOKEN.findall(formula)
    tetrahedral = () if {"C", "N"} & {symbol for symbol, _ in parts} else _TETRAHEDRAL
    for symbol, number in parts:
        if symbol in ("H", "D"):
            continue
        if metals_alike and (gemmi.Element(symbol).is_metal or symbol in tetrahedral):
            symbol = "M"
        amounts[symbol] += float(number or 1)
    if not amounts:
        return ""
    values = np.array(list(amounts.values()))
    if np.allclose(values, np.rint(values)):
        values = values / np.gcd.reduce(np.rint(values).astype(np.int64))
    else:
        values = values / values.min()
    texts = (f"{s}{v:.3g}" if v != 1 else s for s, v in zip(amounts, values.tolist(), strict=True))
    return "".join(sorted(texts))


def volume_per_heavy_atom(formula: str, *, density: float) -> float:
    """Volume of the cell over the number of its atoms that are no hydrogen [Å³].

    Parameters
    ----------
    formula:
        A formula such as ``C24H12O13Zn4``.
    density:
        Density [g/cm³].
    """
    mass, n_heavy = 0.0, 0.0
    for symbol, number in _TOKEN.findall(formula):
        amount = float(number or 1)
        mass += amount * gemmi.Element(symbol).weight
        if symbol not in ("H", "D"):
            n_heavy += amount
    return mass / (density * 1e-24 * AVOGADRO * max(n_heavy, 1e-9))


def assign_frameworks(store: CardStore, *, others: Iterable[CardStore] = ()) -> int:
    """Give every card of a library file the keys of its framework and of its group.

    Cards share a *framework* where they have the same bond graph, the same reduced formula
    without hydrogen, and volumes per atom that agree within 9 %. They share a *group* where
    that holds once all metals count as one element (volumes within 13.5 %).

    Parameters
    ----------
    store:
        Library file, writable.
    others:
        Files whose keys are used where a framework is known there already.

    Returns
    -------
    :
        Number of distinct frameworks in the file.
    """
    rows = _rows(store)
    fixed = [row for other in others for row in _rows(other)]
    frameworks = _keys(rows, fixed, alike=False)
    groups = _keys(rows, fixed, alike=True)
    with store.transaction() as db:
        table: dict[tuple[str, str, bytes, bytes], int] = {}
        db.execute("DELETE FROM frameworks")
        for row in rows:
            content = (frameworks[row.card_id], groups[row.card_id], row.net, row.net_alike)
            if content not in table:
                cursor = db.execute(
                    "INSERT INTO frameworks (key, grp, net, net_alike) VALUES (?, ?, ?, ?)", content
                )
                table[content] = int(cursor.lastrowid or 0)
            db.execute(
                "UPDATE cards SET framework_id = ? WHERE card_id = ?", (table[content], row.card_id)
            )
    return len({key or f"#{card_id}" for card_id, key in frameworks.items()})


def spread_names(store: CardStore, *, others: Iterable[CardStore] = ()) -> int:
    """Give nameless cards the name of a named card of the same framework or group.

    A name from a card that differs in the metal is given with the metal: ``ZIF-8 type (Co)``.

    Parameters
    ----------
    store:
        Library file, writable, after :func:`assign_frameworks`.
    others:
        Files whose names are used as well.

    Returns
    -------
    :
        Number of cards that got a name.
    """
    rows = _rows(store)
    own: dict[str, str] = {}
    alike: dict[str, tuple[str, str]] = {}
    named = [row for other in others for row in _rows(other)] + rows
    for row in sorted(named, key=lambda r: _NAME_RANK.get(r.source, len(_NAME_RANK))):
        if row.name:
            own.setdefault(row.key, row.name)
            alike.setdefault(row.group, (row.name, row.metals))
    changes: list[tuple[str, int]] = []
    for row in rows:
        if row.name:
            continue
        if row.key in own and row.key:
            changes.append((own[row.key], row.card_id))
        elif row.group in alike and row.group and row.metals != alike[row.group][1]:
            base, _ = alike[row.group]
            special = _ANALOGUES.get((base, row.metals))
            changes.append((special or f"{base} type ({row.metals})", row.card_id))
    with store.transaction() as db:
        db.executemany("UPDATE cards SET name = ? WHERE card_id = ?", changes)
    return len(changes)


_NAME_RANK = {
    "raspa2": 0,
    "porescope-silica": 1,
    "iza": 1,
    "minerals": 2,
    "curated-cofs": 3,
    "core-mof-2019": 4,
}
"""Sources whose names are trusted, the first most."""

_ANALOGUES = {
    ("ZIF-8", "Co"): "ZIF-67",
    ("ZIF-7", "Co"): "ZIF-9",
    ("ZIF-11", "Co"): "ZIF-12",
}
"""Names of frameworks that differ from a named one only in the metal."""


def _keys(rows: list[_Row], fixed: list[_Row], *, alike: bool) -> dict[int, str]:
    """Key of each row's framework; rows without a net have none."""
    tolerance = 1.5 * VOLUME_TOLERANCE if alike else VOLUME_TOLERANCE
    seeds: dict[tuple[bytes, str], list[tuple[str, float]]] = defaultdict(list)
    for row in fixed:
        key = row.group if alike else row.key
        if key:
            seeds[_bucket(row, alike)].append((key, row.volume_per_atom))
    keys: dict[int, str] = {}
    for row in rows:
        bucket = _bucket(row, alike)
        if not bucket[0]:
            keys[row.card_id] = ""
            continue
        members = seeds[bucket]
        volume = row.volume_per_atom
        key = next((k for k, v in members if abs(v / volume - 1.0) < tolerance), None)
        if key is None:
            text = bucket[0] + bucket[1].encode()
            stem = ("g" if alike else "f") + blake2b(text, digest_size=5).hexdigest()
            key = f"{stem}.{len({k for k, _ in members}) + 1}"
            members.append((key, row.volume_per_atom))
        keys[row.card_id] = key
    return keys


def _bucket(row: _Row, alike: bool) -> tuple[bytes, str]:
    """Net and composition, which frameworks that are the same must share."""
    if alike:
        return row.net_alike, heavy_formula(row.formula, metals_alike=True)
    return row.net, heavy_formula(row.formula)


def _rows(store: CardStore) -> list[_Row]:
    """What grouping looks at, for all cards of a file in order."""
    return [
        _Row(*row[:8], metals=_metals(row[7]), density=row[8])
        for row in store.query(
            "SELECT c.card_id, coalesce(c.name, ''), s.name, f.key, f.grp, f.net, f.net_alike, "
            "c.formula, c.density FROM cards AS c JOIN sources AS s USING (source_id) "
            "JOIN frameworks AS f USING (framework_id) ORDER BY c.card_id"
        )
    ]


def _metals(formula: str) -> str:
    """Metals of a formula by the alphabet, joined by commas."""
    symbols = {s for s, _ in _TOKEN.findall(formula)}
    return ",".join(sorted(s for s in symbols if gemmi.Element(s).is_metal))
