"""Templates in one file: which framework kinds are known, and how to build on them."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from porescope.datasets.template_codec import decode_assembly, encode_assembly
from porescope.errors import ConfigError, ParseError
from porescope.reticular.template import Template

SHIPPED_TEMPLATES = Path(__file__).parent / "data" / "templates.sqlite"
"""The templates that come with the package."""
FORMAT_VERSION = 1
"""Version of the file."""

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE templates (
    template_id INTEGER PRIMARY KEY, id TEXT UNIQUE, metals TEXT, linkers TEXT, keys TEXT,
    sites TEXT, net_name TEXT, net_key TEXT, interpenetration INTEGER, net_hash TEXT,
    n_atoms INTEGER, caps TEXT, shape TEXT, smiles TEXT, body BLOB
);
CREATE TABLE contents (id TEXT PRIMARY KEY, keys TEXT);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateEntry:
    """What can be asked of a template without its coordinates."""

    row: int
    """Row in the file."""
    id: str
    """Identifier of the framework that it came from."""
    metals: tuple[int, ...]
    """Atomic numbers of the metals."""
    linkers: tuple[str, ...]
    """SMILES of the different linkers."""
    keys: tuple[str, ...]
    """Keys of the linkers (see :func:`porescope.reticular.smiles.linker_key`)."""
    sites: tuple[str, ...]
    """Bound ends of each linker, as :func:`sites_text` writes them."""
    net_name: str
    """RCSR symbol, or empty."""
    net_key: str
    """Key of the net."""
    interpenetration: int
    """Number of nets."""
    net_hash: str
    """Hash of the labelled bond graph."""
    n_atoms: int
    """Atoms of the framework in the cell."""
    caps: tuple[str, ...]
    """SMILES of the molecules that are bound to one node only."""
    shape: str
    """Hash of nodes and links without the linkers' middles and the metals' kinds."""


def sites_text(counts: dict[tuple[int, bool], int]) -> str:
    """How many ends of each kind a linker binds with, such as ``6:2 7:1``."""
    return " ".join(f"{z}{'+' if long else ''}:{n}" for (z, long), n in sorted(counts.items()))


class TemplateStore:
    """Templates in an SQLite file.

    Parameters
    ----------
    path:
        The file; the shipped one by default.
    """

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = Path(path) if path is not None else SHIPPED_TEMPLATES
        if not self.path.is_file():
            raise ConfigError(f"there is no template file {self.path.name}; give another")
        uri = f"{self.path.resolve().as_uri()}?mode=ro&immutable=1"
        self._db = sqlite3.connect(uri, uri=True, check_same_thread=False)
        try:
            row = self._db.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
        except sqlite3.DatabaseError as error:
            raise ParseError(f"{self.path.name} is no template file ({error})") from error
        self._entries: list[TemplateEntry] | None = None
        if row is None or int(row[0]) > FORMAT_VERSION:
            raise ParseError(
                f"{self.path.name} is of version {row and row[0]}, this porescope reads up to "
                f"{FORMAT_VERSION}; install a newer porescope"
            )

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def entries(self) -> list[TemplateEntry]:
        """All templates, without coordinates."""
        if self._entries is None:
            self._entries = self._read_entries()
        return self._entries

    def _read_entries(self) -> list[TemplateEntry]:
        rows = self._db.execute(
            "SELECT template_id, id, metals, linkers, keys, sites, net_name, net_key, "
            "interpenetration, net_hash, n_atoms, caps, shape FROM templates ORDER BY template_id"
        )
        return [
            TemplateEntry(
                row=row[0],
                id=row[1],
                metals=tuple(int(z) for z in row[2].split()),
                linkers=tuple(json.loads(row[3])),
                keys=tuple(json.loads(row[4])),
                sites=tuple(json.loads(row[5])),
                net_name=row[6],
                net_key=row[7],
                interpenetration=row[8],
                net_hash=row[9],
                n_atoms=row[10],
                caps=tuple(json.loads(row[11])),
                shape=row[12],
            )
            for row in rows
        ]

    def template(self, row: int) -> Template:
        """One template with its coordinates.

        Parameters
        ----------
        row:
            :attr:`TemplateEntry.row`.
        """
        found = self._db.execute(
            "SELECT id, net_name, net_key, interpenetration, net_hash, n_atoms, smiles, body "
            "FROM templates WHERE template_id = ?",
            [row],
        ).fetchone()
        if found is None:
            raise ConfigError(f"{self.path.name} has no template number {row}")
        id, net_name, net_key, interpenetration, net_hash, n_atoms, smiles, body = found
        names, places = json.loads(smiles)
        texts = tuple(names[i] for i in places)
        assembly = decode_assembly(body, smiles=texts, name=id)
        return Template(
            id=id,
            assembly=assembly,
            net_name=net_name,
            net_key=net_key,
            interpenetration=interpenetration,
            net_hash=net_hash,
            n_atoms=n_atoms,
        )

    def linkers_of(self) -> dict[str, tuple[str, ...]]:
        """Keys of the linkers of known frameworks, by identifier, templates or not.

        Frameworks whose linkers could not be made out are missing.
        """
        rows = self._db.execute("SELECT id, keys FROM contents")
        return {id: tuple(json.loads(keys)) for id, keys in rows}

    def meta(self) -> dict[str, str]:
        """How the file was made."""
        return dict(self._db.execute("SELECT key, value FROM meta"))


def write_templates(
    path: Path,
    templates: Iterable[tuple[Template, str]],
    *,
    meta: dict[str, str],
    contents: Mapping[str, tuple[str, ...]] | None = None,
) -> int:
    """Write a template file; it appears under its name only when it is complete.

    Parameters
    ----------
    path:
        The file.
    templates:
        Templates with the hash of their shape.
    meta:
        Facts about how it was made.
    contents:
        Keys of the linkers of known frameworks, by identifier.

    Returns
    -------
    :
        Number of templates.
    """
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    db = sqlite3.connect(part)
    try:
        db.executescript(_SCHEMA)
        facts = {**meta, "version": str(FORMAT_VERSION)}
        db.executemany("INSERT INTO meta VALUES (?, ?)", sorted(facts.items()))
        db.executemany(
            f"INSERT OR IGNORE INTO templates VALUES (NULL, {', '.join('?' * 14)})",
            _rows(templates),
        )
        rows = ((id, json.dumps(sorted(found))) for id, found in sorted((contents or {}).items()))
        db.executemany("INSERT OR REPLACE INTO contents VALUES (?, ?)", rows)
        (count,) = db.execute("SELECT count(*) FROM templates").fetchone()
        db.commit()
        db.execute("VACUUM")
    finally:
        db.close()
    os.replace(part, path)
    return int(count)


def _rows(templates: Iterable[tuple[Template, str]]) -> Iterator[tuple[object, ...]]:
    from porescope.reticular.smiles import linker_key

    for template, shape in templates:
        counts = template.site_counts()
        names = sorted(counts)
        blocks = template.assembly.blocks
        yield (
            template.id,
            " ".join(str(z) for z in template.metals),
            json.dumps(names),
            json.dumps([linker_key(name) for name in names]),
            json.dumps([sites_text(counts[name]) for name in names]),
            template.net_name,
            template.net_key,
            template.interpenetration,
            template.net_hash,
            template.n_atoms,
            json.dumps(sorted({b.smiles for b in blocks if b.kind == "cap"})),
            shape,
            _indexed([b.smiles for b in blocks]),
            encode_assembly(template.assembly),
        )


def _indexed(texts: list[str]) -> str:
    """The different texts, and for each which one it is."""
    names = list(dict.fromkeys(texts))
    return json.dumps([names, [names.index(text) for text in texts]], separators=(",", ":"))
