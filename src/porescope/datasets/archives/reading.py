"""Structures of an archive, lazily, each with what its file says beside the atoms."""

from __future__ import annotations

from collections.abc import Collection as Container
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import numpy as np
from jaxtyping import Float

from porescope.crystal.structure import Crystal
from porescope.datasets.archives.collections import Collection, MemberName, collection_named
from porescope.datasets.archives.members import archive_members, archive_path, text_from_bytes
from porescope.datasets.archives.vesta import crystal_from_vesta_text
from porescope.errors import PorescopeError
from porescope.io.cif import crystal_from_cif_text
from porescope.io.cif_blocks import blocks_from_text
from porescope.io.cif_values import number_from_text


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ArchivedStructure:
    """One file of an archive: a structure, or the reason why there is none."""

    id: str
    """Identifier, as the tables of labels use it."""
    variant: str
    """Which of several files of the same structure; empty for the only or main one."""
    source: str
    """Collection."""
    path: str
    """Path in the archive."""
    crystal: Crystal | None
    """The structure; its charges are those that the collection prefers."""
    arrays: dict[str, Float[np.ndarray, "atoms"]] = field(default_factory=dict)
    """Values for each atom, such as ``charges_cm5`` [e]."""
    facts: dict[str, str] = field(default_factory=dict)
    """What the file's name says."""
    reason: str = ""
    """One sentence that says why there is no structure."""


def read_archive(
    folder: Path,
    collection: str,
    *,
    ids: Container[str] | None = None,
    variant: str | None = None,
    arrays: bool = True,
) -> Iterator[ArchivedStructure]:
    """Structures of an archive in the order of its files, one at a time.

    A file that cannot be read gives an item with the reason; the rest goes on.

    Parameters
    ----------
    folder:
        Folder with ``qmof.tar.xz``, ``core_mof_2019.tar.xz`` … or with unpacked folders of the
        same names without the ending.
    collection:
        Name of the collection: ``qmof``, ``core-mof-2019``, ``curated-cofs``, ``iza``, ``hmof``,
        ``raspa2`` or ``crafted``.
    ids:
        Only these structures; the others are not parsed.
    variant:
        Only files of this variant: ``relaxed`` of ``iza``, ``ddec`` or ``eqeq`` of ``crafted``;
        empty for files without one. By default all.
    arrays:
        Whether to read the values for each atom beside the common ones.

    Raises
    ------
    ConfigError
        Where there is no such collection or no archive.
    ParseError
        Where the archive itself is damaged.
    """
    known = collection_named(collection)

    def wanted(path: PurePosixPath) -> bool:
        name = known.name_of(path)
        return (
            name is not None
            and (ids is None or name.id in ids)
            and (variant is None or name.variant == variant)
        )

    for path, raw in archive_members(archive_path(folder, known.archive), wanted=wanted):
        name = known.name_of(path)
        assert name is not None
        yield _structure(known, name, path, raw, arrays)


def _structure(
    known: Collection, name: MemberName, path: PurePosixPath, raw: bytes, arrays: bool
) -> ArchivedStructure:
    """The structure of one file, or the reason why there is none."""
    facts = dict(name.facts)
    crystal, values, reason = None, {}, ""
    try:
        text = text_from_bytes(raw)
        if path.suffix.lower() == ".vesta":
            crystal = crystal_from_vesta_text(text, name=name.id)
        else:
            crystal = crystal_from_cif_text(text, name=name.id, path=Path(path))
            if arrays and known.charge_columns:
                values = _columns(text, known, crystal.n_atoms)
                if known.charge_column in values and crystal.charges is None:
                    crystal = replace(crystal, charges=values[known.charge_column])
    except (PorescopeError, ValueError, ArithmeticError, LookupError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
    return ArchivedStructure(
        id=name.id,
        variant=name.variant,
        source=known.source.name,
        path=str(path),
        crystal=crystal,
        arrays=values,
        facts=facts,
        reason=reason,
    )


def _columns(text: str, known: Collection, n_atoms: int) -> dict[str, np.ndarray]:
    """Values for each atom; a column that is incomplete, or not one value an atom, is left out."""
    found: dict[str, np.ndarray] = {}
    for block in blocks_from_text(text):
        for name, tag in known.charge_columns.items():
            column = block.column(tag)
            if column is None or len(column) != n_atoms or name in found:
                continue
            numbers = [number_from_text(raw) for raw in column]
            values = np.array([np.nan if n is None else n for n in numbers])
            if np.all(np.isfinite(values)):
                found[name] = values
    return found
