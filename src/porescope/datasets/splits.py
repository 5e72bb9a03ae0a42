"""Splits by framework: entries that are one framework lie on one side, frozen once made.

Entries are tied together where they share the bond graph, or the reduced formula together with
the building blocks, or an IZA code. Each family of bond graphs gets a number between 0 and 1 from
a hash of its name, the same in every set; the lowest are the test side. So no entry of any set's
test side is on the training side of another set with the same or a larger share of test.

Families that only the building blocks tie go where the one with the highest number goes. So what
is learned later about blocks moves entries into the training side and never out of it: weights
that were trained before have not seen the test side either.
"""

from __future__ import annotations

import gzip
import importlib.resources
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Literal

from porescope.errors import ConfigError, ParseError

Side = Literal["train", "validation", "test"]
Level = Literal["known", "new combination", "new block", ""]

_SIDES: dict[str, Side] = {"r": "train", "v": "validation", "t": "test"}
_LEVELS: dict[str, Level] = {"k": "known", "c": "new combination", "b": "new block", "-": ""}
FORMAT_VERSION = 1
"""Version of the split files; newer files are refused by name."""
VOLUME_TOLERANCE = 0.09
"""Relative difference of the volume per atom up to which entries with one bond graph and formula
are duplicates; open and closed forms of a breathing framework are not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a split looks at of one structure."""

    id: str
    """Identifier."""
    source: str
    """Collection."""
    formula: str
    """Reduced formula."""
    net_hash: str
    """Hash of the bond graph with elements."""
    net_hash_metals_alike: str = ""
    """The same with all metals alike."""
    volume_per_atom: float = 0.0
    """Volume over the number of atoms that are no hydrogen [Å³]."""
    blocks: tuple[str, ...] = ()
    """Names of its nodes and linkers; empty where it was not taken apart."""
    code: str = ""
    """IZA code, where it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Sides of a set of structures."""

    name: str
    """Name of the set."""
    sides: Mapping[str, Side]
    """Side by identifier."""
    levels: Mapping[str, Level]
    """How new each entry outside of the training side is to what is in it."""
    duplicates: Mapping[str, str]
    """Entries left out, with the entry that stands for them."""
    facts: Mapping[str, object] = field(default_factory=dict)
    """How it was made."""

    def ids(self, side: Side, *, level: Level | None = None) -> list[str]:
        """Identifiers on a side.

        Parameters
        ----------
        side:
            The side.
        level:
            Only those of this level.
        """
        return [
            id
            for id, its in self.sides.items()
            if its == side and (level is None or self.levels.get(id, "") == level)
        ]


def without_duplicates(entries: Iterable[Entry]) -> tuple[list[Entry], dict[str, str]]:
    """Entries of which no earlier one is the same framework, and the others with their twin.

    The same: bond graph, reduced formula without hydrogen (which the graph fixes), and volumes
    per atom within 9 %; of zeolites, the code.

    Parameters
    ----------
    entries:
        Entries, the preferred ones first.
    """
    kept: list[Entry] = []
    twins: dict[str, str] = {}
    seen: dict[str, list[Entry]] = {}
    for entry in entries:
        bucket = seen.setdefault(entry.code or entry.net_hash or f"#{entry.id}", [])
        twin = next(
            (
                other
                for other in bucket
                if entry.code
                or abs(other.volume_per_atom - entry.volume_per_atom)
                <= VOLUME_TOLERANCE * entry.volume_per_atom
            ),
            None,
        )
        if twin is None:
            bucket.append(entry)
            kept.append(entry)
        else:
            twins[entry.id] = twin.id
    return kept, twins


def bundles(
    entries: Sequence[Entry], *, leading: Collection[str] = ()
) -> dict[str, tuple[str, ...]]:
    """The bundle of each entry; entries of one bundle must lie on one side.

    Parameters
    ----------
    entries:
        All entries of all sets, so that bundles are the same in each.
    leading:
        Collections that other ones follow: in a bundle that holds families of theirs, only those
        are named.

    Returns
    -------
    :
        By collection and identifier, joined by a colon: the names of the families of bond graphs
        that the bundle holds.
    """
    families = _joined([[tie for tie in _ties(e) if tie[0] != "blocks"] for e in entries])
    names: dict[int, str] = {}
    leaders: set[int] = set()
    for entry, family in zip(entries, families, strict=True):
        label = entry.net_hash or f"{entry.source}:{entry.id}"
        names[family] = min(names.get(family, label), label)
        if entry.source in leading:
            leaders.add(family)
    wholes = _joined([_ties(e) for e in entries])
    held: dict[int, set[int]] = {}
    for family, whole in zip(families, wholes, strict=True):
        held.setdefault(whole, set()).add(family)
    named = {
        whole: tuple(sorted(names[family] for family in inside & leaders or inside))
        for whole, inside in held.items()
    }
    return {f"{e.source}:{e.id}": named[w] for e, w in zip(entries, wholes, strict=True)}


def _joined(ties: Sequence[Sequence[tuple[str, ...]]]) -> list[int]:
    """A number for each entry, the same for entries with a key in common, by however many steps."""
    parent = list(range(len(ties)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[tuple[str, ...], int] = {}
    for i, keys in enumerate(ties):
        for key in keys:
            j = first.setdefault(key, i)
            parent[root(i)] = root(j)
    return [root(i) for i in range(len(ties))]


def _ties(entry: Entry) -> list[tuple[str, ...]]:
    """Keys of which one in common puts two entries into one bundle."""
    ties: list[tuple[str, ...]] = []
    if entry.net_hash.strip("0"):
        ties.append(("net", entry.net_hash))
    if entry.blocks:
        ties.append(("blocks", entry.formula, *sorted(entry.blocks)))
    if entry.net_hash_metals_alike.strip("0"):
        ties.append(("alike", entry.formula, entry.net_hash_metals_alike))
    if entry.code:
        ties.append(("code", entry.code))
    return ties


def share_of(bundle: Iterable[str], *, seed: int = 0) -> float:
    """Number from 0 to 1 that decides the side of a bundle: the highest of its families.

    Parameters
    ----------
    bundle:
        Names of its families.
    seed:
        For other splits.
    """
    digests = (blake2b(f"{seed}:{name}".encode(), digest_size=8).digest() for name in bundle)
    return max(int.from_bytes(digest, "big") for digest in digests) / 2.0**64


def split_by_framework(
    entries: Sequence[Entry],
    *,
    name: str,
    bundle_of: Mapping[str, tuple[str, ...]],
    test: float = 0.1,
    validation: float = 0.1,
    seed: int = 0,
) -> Split:
    """Training, validation and test sides of a set, without duplicates.

    Parameters
    ----------
    entries:
        The set, preferred entries first.
    name:
        Its name.
    bundle_of:
        Bundles of all entries, from :func:`bundles`.
    test, validation:
        Shares of the bundles.
    seed:
        For other splits.
    """
    kept, twins = without_duplicates(entries)
    sides: dict[str, Side] = {}
    for entry in kept:
        share = share_of(bundle_of[f"{entry.source}:{entry.id}"], seed=seed)
        side: Side = "train"
        if share < test + validation:
            side = "test" if share < test else "validation"
        sides[entry.id] = side
    if len(sides) != len(kept):
        raise ConfigError(f"the set {name} has one identifier twice; give them prefixes")
    return Split(
        name=name,
        sides=sides,
        levels=_levels(kept, sides),
        duplicates=twins,
        facts={"seed": seed, "test": test, "validation": validation},
    )


def _levels(entries: Sequence[Entry], sides: Mapping[str, Side]) -> dict[str, Level]:
    """How new the blocks of each entry outside of the training side are to that side."""
    trained = [e for e in entries if sides[e.id] == "train" and e.blocks]
    blocks = {block for e in trained for block in e.blocks}
    combinations = {frozenset(e.blocks) for e in trained}
    levels: dict[str, Level] = {}
    for entry in entries:
        if sides[entry.id] == "train" or not entry.blocks:
            continue
        if not blocks.issuperset(entry.blocks):
            levels[entry.id] = "new block"
        elif frozenset(entry.blocks) in combinations:
            levels[entry.id] = "known"
        else:
            levels[entry.id] = "new combination"
    return levels


def bytes_from_split(split: Split) -> bytes:
    """A split as compressed text: one line for each entry, duplicates with their twin."""
    side_letter = {side: letter for letter, side in _SIDES.items()}
    level_letter = {level: letter for letter, level in _LEVELS.items()}
    head = {"version": FORMAT_VERSION, "name": split.name, **split.facts}
    lines = [json.dumps(head, sort_keys=True)]
    lines += [
        f"{side_letter[side]}{level_letter[split.levels.get(id, '')]} {id}"
        for id, side in sorted(split.sides.items())
    ]
    lines += [f"= {id} {twin}" for id, twin in sorted(split.duplicates.items())]
    return gzip.compress(("\n".join(lines) + "\n").encode(), 9, mtime=0)


def split_from_bytes(body: bytes, *, path: Path | None = None) -> Split:
    """The split that :func:`bytes_from_split` wrote.

    Raises
    ------
    ParseError
        Where it is none, is damaged, or is of a newer version.
    """
    try:
        lines = gzip.decompress(body).decode().splitlines()
        head = json.loads(lines[0])
        version = int(head.pop("version"))
        name = str(head.pop("name"))
    except (OSError, EOFError, ValueError, IndexError, KeyError, TypeError) as error:
        raise ParseError(f"expected a file of a split ({error})", path=path) from error
    if version > FORMAT_VERSION:
        raise ParseError(
            f"this split has format version {version}, this porescope reads up to "
            f"{FORMAT_VERSION}; install a newer porescope",
            path=path,
        )
    sides: dict[str, Side] = {}
    levels: dict[str, Level] = {}
    twins: dict[str, str] = {}
    for number, line in enumerate(lines[1:], start=2):
        code, _, rest = line.partition(" ")
        if code == "=":
            id, _, twin = rest.rpartition(" ")
            twins[id] = twin
        elif len(code) == 2 and code[0] in _SIDES and code[1] in _LEVELS:
            sides[rest] = _SIDES[code[0]]
            if code[1] != "-":
                levels[rest] = _LEVELS[code[1]]
        else:
            raise ParseError(f"expected a side, got {line!r}", path=path, line=number)
    return Split(name=name, sides=sides, levels=levels, duplicates=twins, facts=head)


def frozen_names() -> list[str]:
    """Names of the splits that the package ships."""
    folder = importlib.resources.files("porescope.datasets") / "data" / "splits"
    return sorted(f.name.removesuffix(".txt.gz") for f in folder.iterdir() if f.name.endswith("gz"))


def frozen_split(name: str) -> Split:
    """A split that the package ships.

    Raises
    ------
    ConfigError
        Where there is none of that name.
    """
    file = importlib.resources.files("porescope.datasets") / "data" / "splits" / f"{name}.txt.gz"
    if not file.is_file():
        raise ConfigError(f"there is no split {name!r}; there are: {', '.join(frozen_names())}")
    return split_from_bytes(file.read_bytes())
