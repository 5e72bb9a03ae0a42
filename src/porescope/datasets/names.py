"""Which cards are the same framework, and what people call it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

import gemmi
import numpy as np
from jaxtyping import Float

from porescope.crystal.lattice import niggli_lattice
from porescope.datasets.cards import centring_vectors
from porescope.datasets.library import lattices_from_cells
from porescope.datasets.codec import decode_page
from porescope.datasets.store import CardStore
from porescope.errors import ConfigError

CELL_TOLERANCE = 0.03
"""Relative difference of lattice vectors up to which two cells are the same framework's."""

_TOKEN = re.compile(r"([A-Z][a-z]?)([0-9.]*)")
_STEPS = np.array(
    [(i, j, k) for i in (0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1) if (i, j, k) > (0, 0, 0)],
    dtype=np.float64,
)


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
    vectors: np.ndarray


def heavy_formula(formula: str, *, metals_alike: bool = False) -> str:
    """Reduced formula without hydrogen, by the alphabet.

    Parameters
    ----------
    formula:
        A formula such as ``C24H12O13Zn4``.
    metals_alike:
        Whether all metals count as one element ``M``.
    """
    amounts: dict[str, float] = defaultdict(float)
    for symbol, number in _TOKEN.findall(formula):
        if symbol in ("H", "D"):
            continue
        if metals_alike and gemmi.Element(symbol).is_metal:
            symbol = "M"
        amounts[symbol] += float(number or 1)
    if not amounts:
        return ""
    values = np.array(list(amounts.values()))
    if np.allclose(values, np.rint(values)):
        values = values / np.gcd.reduce(np.rint(values).astype(np.int64))
    else:
        values = values / values.min()
    parts = (f"{s}{v:.3g}" if v != 1 else s for s, v in zip(amounts, values.tolist(), strict=True))
    return "".join(sorted(parts))


def lattice_fingerprint(primitive: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "13"]:
    """Lengths of the shortest vectors of a reduced lattice, sorted [Å].

    Unlike reduced cell parameters, they change little when the lattice does.
    """
    return np.sort(np.linalg.norm(_STEPS @ primitive, axis=1))


def assign_frameworks(store: CardStore, *, others: Iterable[CardStore] = ()) -> int:
    """Give every card of a library file the keys of its framework and of its group.

    Cards share a *framework* where they have the same bond graph, the same reduced formula
    without hydrogen, and primitive lattices that agree within 3 %. They share a *group* where
    that holds once all metals count as one element (lattices within 4.5 %).

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


def spread_names(store: CardStore) -> int:
    """Give nameless cards the name of a named card of the same framework or group.

    A name from a card that differs in the metal is given with the metal: ``ZIF-8 type (Co)``.

    Parameters
    ----------
    store:
        Library file, writable, after :func:`assign_frameworks`.

    Returns
    -------
    :
        Number of cards that got a name.
    """
    rows = _rows(store, cells=False)
    own: dict[str, str] = {}
    alike: dict[str, tuple[str, str]] = {}
    for row in sorted(rows, key=lambda r: _NAME_RANK.get(r.source, len(_NAME_RANK))):
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


_NAME_RANK = {"raspa2": 0, "iza": 1, "minerals": 2, "curated-cofs": 3}
"""Sources whose names are trusted, the first most."""

_ANALOGUES = {
    ("ZIF-8", "Co"): "ZIF-67",
    ("ZIF-7", "Co"): "ZIF-9",
    ("ZIF-11", "Co"): "ZIF-12",
}
"""Names of frameworks that differ from a named one only in the metal."""


def _keys(rows: list[_Row], fixed: list[_Row], *, alike: bool) -> dict[int, str]:
    """Key of each row's framework; rows without a net have none."""
    tolerance = 1.5 * CELL_TOLERANCE if alike else CELL_TOLERANCE
    seeds: dict[tuple[bytes, str], list[tuple[str, np.ndarray]]] = defaultdict(list)
    for row in fixed:
        key = row.group if alike else row.key
        if key:
            seeds[_bucket(row, alike)].append((key, row.vectors))
    keys: dict[int, str] = {}
    for row in rows:
        bucket = _bucket(row, alike)
        if not bucket[0]:
            keys[row.card_id] = ""
            continue
        members = seeds[bucket]
        for key, vectors in members:
            if np.all(np.abs(vectors / row.vectors - 1.0) < tolerance):
                break
        else:
            text = bucket[0] + bucket[1].encode()
            stem = ("g" if alike else "f") + blake2b(text, digest_size=5).hexdigest()
            key = f"{stem}.{len({k for k, _ in members}) + 1}"
            members.append((key, row.vectors))
        keys[row.card_id] = key
    return keys


def _bucket(row: _Row, alike: bool) -> tuple[bytes, str]:
    """Net and composition, which frameworks that are the same must share."""
    if alike:
        return row.net_alike, heavy_formula(row.formula, metals_alike=True)
    return row.net, heavy_formula(row.formula)


def _rows(store: CardStore, *, cells: bool = True) -> list[_Row]:
    """What grouping looks at, for all cards of a file in order."""
    vectors: dict[int, np.ndarray] = {}
    letters = dict(store.query("SELECT card_id, substr(symbol, 1, 1) FROM cards"))
    for first, _, body in store.page_bodies() if cells else ():
        lattices = lattices_from_cells(decode_page(body).cells)
        for card_id, lattice in enumerate(lattices, start=first):
            if card_id in letters:
                vectors[card_id] = _fingerprint_of(lattice, letters[card_id])
    return [
        _Row(*row[:8], metals=_metals(row[7]), vectors=vectors.get(row[0], np.zeros(13)))
        for row in store.query(
            "SELECT c.card_id, coalesce(c.name, ''), s.name, f.key, f.grp, f.net, f.net_alike, "
            "c.formula FROM cards AS c JOIN sources AS s USING (source_id) "
            "JOIN frameworks AS f USING (framework_id) ORDER BY c.card_id"
        )
    ]


def _fingerprint_of(lattice: np.ndarray, letter: str) -> np.ndarray:
    """Fingerprint of the primitive lattice; of the cell itself where it cannot be reduced."""
    primitive = centring_vectors(letter) @ lattice
    try:
        primitive = niggli_lattice(primitive)[0]
    except ConfigError:
        return lattice_fingerprint(lattice)
    return lattice_fingerprint(primitive)


def _metals(formula: str) -> str:
    """Metals of a formula by the alphabet, joined by commas."""
    symbols = {s for s, _ in _TOKEN.findall(formula)}
    return ",".join(sorted(s for s in symbols if gemmi.Element(s).is_metal))
