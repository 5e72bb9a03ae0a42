"""Structures with the values that a model is to learn; what does not fit together is listed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import blake2b
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.structure import Crystal
from porescope.datasets.archives.collections import collection_named
from porescope.datasets.archives.members import archive_path
from porescope.datasets.archives.reading import read_archive
from porescope.datasets.labels.table import LabelTable, csv_rows, joined, number
from porescope.datasets.property_labels import label_set_named, unit_of_column
from porescope.datasets.structure_store import StoredStructure, StructureStore
from porescope.errors import ConfigError, ParseError, PorescopeError
from porescope.io.cif import read_cif
from porescope.io.cif_files import cifs_below
from porescope.units import is_unit

FULL_OCCUPANCY = 0.99
"""A site with less is disordered; a structure with one is left out."""
_AT_ONCE = 200  # structures written to the store in one transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One property to learn."""

    name: str
    """Column of the table."""
    unit: str
    """Its unit."""

    @property
    def extensive(self) -> bool:
        """Whether a cell twice as large has twice the value."""
        return self.unit.replace(" ", "").lower().endswith(("/cell", "percell"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SetReport:
    """What of a table and of a folder of structures did not come into the set, and why."""

    without_structure: tuple[str, ...] = ()
    """Rows of the table of which there is no structure."""
    without_labels: tuple[str, ...] = ()
    """Structures that the table does not have."""
    without_value: tuple[str, ...] = ()
    """Structures whose row has no value of any target."""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """Structures that cannot be read or have an unknown element, with the reason."""
    disordered: tuple[str, ...] = ()
    """Structures with partly occupied sites."""
    missing_values: Mapping[str, int] = field(default_factory=dict)
    """Structures of the set without a value, by target."""

    @property
    def sentence(self) -> str:
        """How many, for people."""
        counts = (
            (len(self.without_structure), "labels without a structure"),
            (len(self.without_labels), "structures without labels"),
            (len(self.without_value), "without a value"),
            (len(self.unreadable), "unreadable"),
            (len(self.disordered), "disordered"),
        )
        told = [f"{count} {what}" for count, what in counts if count]
        return "left out: " + ", ".join(told) if told else "nothing left out"

    def lines(self) -> list[str]:
        """One line for everything that was left out, with its reason."""
        return [
            *(f"{id}: no structure" for id in self.without_structure),
            *(f"{id}: no labels" for id in self.without_labels),
            *(f"{id}: no value of any target" for id in self.without_value),
            *(f"{id}: {reason}" for id, reason in self.unreadable.items()),
            *(f"{id}: partly occupied sites" for id in self.disordered),
        ]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PropertySet:
    """Structures with values."""

    name: str
    """Name of the set."""
    targets: tuple[Target, ...]
    """What is learned."""
    ids: tuple[str, ...]
    """Identifiers."""
    formulas: tuple[str, ...]
    """Reduced formulas."""
    values: Float[np.ndarray, "structures targets"]
    """Values in the targets' units; NaN where unknown."""
    store: StructureStore
    """Holds the structures."""
    split: str
    """Name of the frozen split by framework; empty where there is none."""
    licence: str
    """Licence of the labels."""
    source: str
    """Where the labels are from."""
    report: SetReport
    """What was left out."""

    def __len__(self) -> int:
        """Number of structures."""
        return len(self.ids)

    def crystal(self, row: int) -> Crystal:
        """The structure of a row."""
        return self.store.crystal(self.ids[row])

    @property
    def content_hash(self) -> str:
        """Hash of identifiers, targets and values."""
        made = blake2b(digest_size=8)
        words = (self.name, *(f"{t.name} {t.unit}" for t in self.targets), *self.ids)
        made.update("\n".join(words).encode())
        made.update(np.nan_to_num(self.values, nan=-1e300).astype("<f8").tobytes())
        return made.hexdigest()

    def part(self, rows: Int[np.ndarray, "rows"]) -> PropertySet:
        """Some of the structures."""
        return replace(
            self,
            ids=tuple(self.ids[i] for i in rows),
            formulas=tuple(self.formulas[i] for i in rows),
            values=self.values[rows],
        )


def property_set(
    name: str,
    *,
    labels: Path,
    structures: Path,
    work: Path,
    targets: Sequence[str] | None = None,
) -> PropertySet:
    """One of the known tables with its structures.

    Structures are parsed once and kept in the work folder.

    Parameters
    ----------
    name:
        Such as ``qmof_band_gap``; see :data:`porescope.datasets.property_labels.LABEL_SETS`.
    labels, structures:
        Folders of the tables and of the archives.
    work:
        Folder for what is kept.
    targets:
        Columns to learn; the table's own choice by default.

    Raises
    ------
    ConfigError
        If the table, a column, or an archive is not there.
    """
    known = label_set_named(name)
    table = known.read(labels, structures)
    chosen = known.targets if targets is None else tuple(targets)
    wanted = tuple(Target(name=column, unit=unit_of_column(column)) for column in chosen)
    variant = "main" if known.variant == "" else known.variant
    path = work / f"structures-{known.collection}{'-' + variant if variant else ''}.store"
    pool = _archived(path, folder=structures, collection=known.collection, variant=known.variant)
    return _joined_set(table, targets=wanted, pool=pool, name=name, split=known.split)


CHARGES = Target(name="charge_e", unit="e")
"""Partial charges of atoms, as a target."""
LARGEST_TOTAL_CHARGE = 0.02
"""Total of a cell's charges up to which they are taken for neutral [e]; sums of rounded values."""


def charge_set(structures: Path, *, work: Path) -> PropertySet:
    """QMOF with the DDEC charges of its atoms.

    What is learned are the charges that each crystal has; the value of the set is the root mean
    square of them [e], so that the set's hash tells whether they changed.

    Parameters
    ----------
    structures:
        Folder of the archives.
    work:
        Folder for what is kept.

    Raises
    ------
    ConfigError
        If the archive is not there, or has no charges.
    """
    pool = _archived(
        work / "structures-qmof.store", folder=structures, collection="qmof", variant=None
    )
    rows: dict[str, dict[str, float | str]] = {}
    for id, status in pool.status.items():
        if status == "ok":
            charges = pool.store.crystal(id).charges
            if charges is not None and abs(charges.sum()) <= LARGEST_TOTAL_CHARGE:
                rows[id] = {CHARGES.name: float(np.sqrt(np.mean(charges**2)))}
    if not rows:
        raise ConfigError("expected charges in the archive of QMOF, found none")
    source = "10.1016/j.matt.2021.02.015"
    table = LabelTable(
        name="qmof_charges", collection="qmof", licence="CC BY 4.0", source=source, rows=rows
    )
    return _joined_set(table, targets=(CHARGES,), pool=pool, name=table.name, split="qmof_band_gap")


def property_set_from_csv(
    path: Path,
    *,
    structures: Path,
    targets: Sequence[str],
    units: Mapping[str, str],
    work: Path,
    id_column: str | None = None,
) -> PropertySet:
    """A table of one's own with a folder of CIFs.

    Parameters
    ----------
    path:
        A CSV file with a header: one column of identifiers, which are the files' names with or
        without ``.cif``, and one for each target.
    structures:
        Folder of CIFs, also in folders below it.
    targets:
        Columns to learn. An empty cell or NaN is a missing value.
    units:
        Unit by target, unless the column's name ends with it, such as ``_ev``. A unit that ends
        with ``/cell`` makes the target extensive.
    work:
        Folder for what is kept.
    id_column:
        Column of identifiers; the first one by default.

    Raises
    ------
    ConfigError
        If there is no table or no structure, no target or no unit is given.
    ParseError
        If a column is missing, an identifier comes twice, or a target is no number.
    """
    if not targets:
        raise ConfigError("at least one target is needed: name a column of the table")
    wanted = tuple(
        Target(name=name, unit=units[name] if units.get(name) else unit_of_column(name))
        for name in targets
    )
    strange = [target.unit for target in wanted if not is_unit(target.unit)]
    if strange:
        raise ConfigError(
            f"expected a unit such as eV, mol/kg, g/L or 1 for a pure number, got {strange[0]!r}; "
            "it decides how the target grows with the crystal"
        )
    table = _own_table(path, targets=targets, id_column=id_column)
    files = _by_identifier(cifs_below(structures))
    pool = _read_files(work / f"structures-{path.stem}.store", files=files)
    return _joined_set(table, targets=wanted, pool=pool, name=path.stem, split="")


def _own_table(path: Path, *, targets: Sequence[str], id_column: str | None) -> LabelTable:
    """The columns of a table that are wanted."""
    rows: dict[str, dict[str, float | str]] = {}
    needed = [*targets, *([] if id_column is None else [id_column])]
    for line, row in enumerate(csv_rows(path, needed=needed), start=2):
        id = row[next(iter(row)) if id_column is None else id_column].removesuffix(".cif")
        if not id:
            raise ParseError("expected an identifier, the cell is empty", path=path, line=line)
        if id in rows:
            raise ParseError(f"the identifier {id!r} comes twice; keep one", path=path, line=line)
        rows[id] = {}
        for name in targets:
            try:
                value = number(row[name])
            except ParseError as error:
                raise ParseError(
                    f"expected a number in column {name!r}, got {row[name]!r}", path=path, line=line
                ) from error
            if value is not None:
                rows[id][name] = value
    if not rows:
        raise ParseError("expected rows below the header, found none", path=path)
    return LabelTable(
        name=path.stem, collection=path.stem, licence="none", source=path.name, rows=rows
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pool:
    """Structures that were dealt with, and how that went."""

    store: StructureStore
    status: Mapping[str, str]
    """``ok``, or why it cannot be used, by identifier."""


def _archived(path: Path, *, folder: Path, collection: str, variant: str | None) -> _Pool:
    """All structures of an archive, parsed once."""
    archive_path(folder, collection_named(collection).archive)  # refused before a file is made
    read = partial(read_archive, folder, collection, variant=variant, arrays=True)
    meta = {"collection": collection, "variant": variant or ""}
    with StructureStore(path, writable=True) as store:
        if not store.meta().get("complete"):
            known = set(store.done())
            found = ((s.id, s.crystal, s.reason) for s in read() if s.id not in known)
            _fill(store, found, source=collection)
            store.set_meta({**meta, "complete": True})
        status = store.done()
    return _Pool(store=StructureStore(path), status=status)


def _by_identifier(files: Sequence[Path]) -> list[Path]:
    """The files by name; refuses two of one name in different folders."""
    found: dict[str, Path] = {}
    for file in files:
        if (other := found.setdefault(file.stem, file)) != file:
            raise ConfigError(
                f"{other} and {file} have one name, and the table tells structures by names; "
                "give one of them another"
            )
    return [found[id] for id in sorted(found)]


def _read_files(path: Path, *, files: Sequence[Path]) -> _Pool:
    """CIFs of a folder; those that have changed since are read again, into a new store."""
    state = {f.stem: f"{f.stat().st_size} {f.stat().st_mtime_ns}" for f in files}
    if path.is_file():
        with StructureStore(path) as store:
            if store.meta().get("files") == state:
                return _Pool(store=StructureStore(path), status=store.done())
        path.unlink()
    with StructureStore(path, writable=True) as store:
        _fill(store, map(_read_one, files), source=path.stem)
        store.set_meta({"files": state})
        status = store.done()
    return _Pool(store=StructureStore(path), status=status)


def _read_one(file: Path) -> tuple[str, Crystal | None, str]:
    try:
        return file.stem, read_cif(file), ""
    except (PorescopeError, OSError, ValueError, ArithmeticError, LookupError) as error:
        return file.stem, None, " ".join(str(error).split()) or type(error).__name__


def _fill(
    store: StructureStore, found: Iterable[tuple[str, Crystal | None, str]], *, source: str
) -> None:
    """Add structures in batches, with what is wrong with each."""
    batch: list[StoredStructure] = []
    done: dict[str, str] = {}
    for id, crystal, reason in found:
        status = reason or "no structure" if crystal is None else _problem(crystal)
        if crystal is not None and status == "ok":
            labels = {"formula": crystal.formula}
            batch.append(StoredStructure(id=id, crystal=crystal, source=source, labels=labels))
        done[id] = status
        if len(done) >= _AT_ONCE:
            store.add(batch, done=done)
            batch, done = [], {}
    store.add(batch, done=done)


def _problem(crystal: Crystal) -> str:
    """Why a structure cannot be learned from, or ``ok``."""
    if not crystal.n_atoms:
        return "no atoms"
    if np.any(crystal.numbers < 1):
        return "an unknown element"
    if np.any(crystal.occupancy < FULL_OCCUPANCY):
        return "disordered"
    return "ok"


def _joined_set(
    table: LabelTable, *, targets: tuple[Target, ...], pool: _Pool, name: str, split: str
) -> PropertySet:
    """Structures that can be used and have a value."""
    for target in targets:
        table.values(target.name)  # refuses a column that is not there or holds words
    both = joined(pool.status, table)
    values = np.array(
        [[table.rows[id].get(t.name, np.nan) for t in targets] for id in both.ids], dtype=np.float64
    ).reshape(len(both.ids), len(targets))
    status = [pool.status[id] for id in both.ids]
    known = [bool(np.isfinite(row).any()) for row in values]
    kept = [i for i, what in enumerate(status) if what == "ok" and known[i]]
    if not kept:
        raise ConfigError(
            f"no structure has a value of {', '.join(t.name for t in targets)}: the table "
            f"{table.name} has {len(table.rows)} rows, and there are {len(pool.status)} structures;"
            " do the identifiers agree with the files' names?"
        )
    report = SetReport(
        without_structure=both.without_structure,
        without_labels=both.without_labels,
        without_value=tuple(
            id for i, id in enumerate(both.ids) if status[i] == "ok" and not known[i]
        ),
        unreadable={
            id: status[i] for i, id in enumerate(both.ids) if status[i] not in ("ok", "disordered")
        },
        disordered=tuple(id for i, id in enumerate(both.ids) if status[i] == "disordered"),
        missing_values={
            t.name: int(np.isnan(values[kept, column]).sum()) for column, t in enumerate(targets)
        },
    )
    ids = tuple(both.ids[i] for i in kept)
    formulas = pool.store.labels("formula")
    return PropertySet(
        name=name,
        targets=targets,
        ids=ids,
        formulas=tuple(str(formulas[id]) for id in ids),
        values=values[kept],
        store=pool.store,
        split=split,
        licence=table.licence,
        source=table.source,
        report=report,
    )
