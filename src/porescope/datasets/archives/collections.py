"""What each archive of structures holds, and what its files' names mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from porescope.datasets.shipped import COFS, CORE, IZA, QMOF, RASPA2
from porescope.datasets.store import Source
from porescope.errors import ConfigError

HMOF = Source(
    name="hmof",
    licence="Apache-2.0 (structures); none stated for the charges",
    doi="10.1038/nchem.1192",
    citation="C. E. Wilmer et al., Nat. Chem. 4 (2012) 83",
    path_rule="hmof/{id}.cif",
)
CRAFTED = Source(
    name="crafted",
    licence="MIT",
    doi="10.1039/D3EE00858D",
    citation="C. Cleeton et al., Energy Environ. Sci. 16 (2023) 3899; F. L. Oliveira et al., "
    "Sci. Data 10 (2023) 230",
    path_rule="crafted/cif/DDEC/{id}.cif",
)

_HMOF_FILE = re.compile(r"(hMOF-\d+)(-\(id:\d+\))?(_qeq)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberName:
    """What the path of a file in an archive says."""

    id: str
    """Identifier of the structure."""
    variant: str = ""
    """Which of several files of the same structure: ``relaxed``, ``ddec`` …"""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What else the name says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One archive of structures."""

    source: Source
    """Name, licence and citation."""
    archive: str
    """Name of the archive without its ending."""
    name_of: Callable[[PurePosixPath], MemberName | None]
    """What a file is; ``None`` for files that are no structures."""
    charge_columns: Mapping[str, str] = field(default_factory=dict)
    """Arrays with a value for each atom: their name, and the CIF's tag."""
    charge_column: str = ""
    """The one of these that counts as the crystal's charges."""
    charges_from: str = ""
    """How charges in the common column were made, where the file does not say."""


def _is_cif(path: PurePosixPath) -> bool:
    return path.suffix.lower() == ".cif"


def _qmof(path: PurePosixPath) -> MemberName | None:
    return MemberName(id=path.stem) if _is_cif(path) else None


def _core(path: PurePosixPath) -> MemberName | None:
    """A refcode or the like; what was done to the file follows the last underscore.

    ``_clean`` (solvent removed) is the rule and dropped; others stay in the identifier, since
    some refcodes come with several treatments.
    """
    if not _is_cif(path):
        return None
    return MemberName(id=core_id(path.stem))


def core_id(name: str) -> str:
    """Identifier in CoRE MOF 2019 from a file's name or a table's entry.

    Parameters
    ----------
    name:
        Such as ``ABAYOU_clean``, ``ABAYOU_clean.cif`` or ``ACECIV_ion_b``.
    """
    return name.strip().removesuffix(".cif").removesuffix("_clean")


def _cofs(path: PurePosixPath) -> MemberName | None:
    return MemberName(id=path.stem) if _is_cif(path) else None


def _iza(path: PurePosixPath) -> MemberName | None:
    """The idealised framework, the relaxed one, or a hypothetical one in its own folder.

    Each hypothetical structure comes twice; the VESTA file adds nothing to the CIF, except where
    it stands alone.
    """
    parts = path.parts
    if "hyp" in parts and path.suffix.lower() in (".cif", ".vesta"):
        if path.suffix.lower() == ".vesta" and path.stem not in _ONLY_VESTA:
            return None
        return MemberName(id=f"hyp-{path.stem}", variant="hypothetical")
    if not _is_cif(path):
        return None
    if path.parent.name == "iza":
        return MemberName(id=path.stem, variant="relaxed")
    return MemberName(id=path.stem) if path.parent.name == "iza_experimental" else None


_ONLY_VESTA = ("64550",)
"""Hypothetical zeolites of which there is no CIF."""


def _hmof(path: PurePosixPath) -> MemberName | None:
    """``hMOF-N.cif``, or ``hMOF-N-(id:M)_qeq.cif`` with charges by charge equilibration."""
    match = _HMOF_FILE.fullmatch(path.stem)
    if not _is_cif(path) or match is None:
        return None
    return MemberName(id=match[1], facts={"charges": "QEq"} if match[3] else {})


def _raspa2(path: PurePosixPath) -> MemberName | None:
    """Named MOFs, zeolites and minerals; carbon slit pores and nanotubes are left out."""
    if not _is_cif(path) or "ceramics" in path.parts:
        return None
    return MemberName(id=path.stem)


def _crafted(path: PurePosixPath) -> MemberName | None:
    """One file for each way to make the charges."""
    if not _is_cif(path):
        return None
    return MemberName(id=path.stem, variant=path.parent.name.lower())


COLLECTIONS: Mapping[str, Collection] = {
    c.source.name: c
    for c in (
        Collection(
            source=QMOF,
            archive="qmof",
            name_of=_qmof,
            charge_columns={
                "charges_ddec": "_atom_site_pbe_ddec_charge",
                "charges_cm5": "_atom_site_pbe_cm5_charge",
                "charges_bader": "_atom_site_pbe_bader_charge",
                "bond_order_sum_ddec": "_atom_site_pbe_ddec_sum_bond_order",
                "spin_density_ddec": "_atom_site_pbe_ddec_spin_density",
                "spin_density_bader": "_atom_site_pbe_bader_spin_density",
                "magnetic_moment": "_atom_site_pbe_magmom",
            },
            charge_column="charges_ddec",
        ),
        Collection(source=CORE, archive="core_mof_2019", name_of=_core),
        Collection(source=COFS, archive="curated_cofs", name_of=_cofs),
        Collection(source=IZA, archive="zeolites_iza", name_of=_iza),
        Collection(source=HMOF, archive="hmof_charged", name_of=_hmof, charges_from="QEq"),
        Collection(source=RASPA2, archive="named_frameworks_raspa2", name_of=_raspa2),
        Collection(source=CRAFTED, archive="crafted_cif_and_isotherms", name_of=_crafted),
    )
}
"""All archives by the name of their collection."""


def collection_named(name: str) -> Collection:
    """One of the known archives.

    Parameters
    ----------
    name:
        Such as ``qmof``.

    Raises
    ------
    ConfigError
        Where there is none of that name.
    """
    if name not in COLLECTIONS:
        known = ", ".join(sorted(COLLECTIONS))
        raise ConfigError(f"there is no archive reader for {name!r}; the archives are: {known}")
    return COLLECTIONS[name]
