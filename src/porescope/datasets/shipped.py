"""The collections of which the package ships cards."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from porescope.datasets.build import CifEntry, folder_entries, unpacked
from porescope.datasets.store import Source

QMOF = Source(
    name="qmof",
    licence="CC BY 4.0",
    doi="10.1016/j.matt.2021.02.015",
    citation="A. S. Rosen et al., Matter 4 (2021) 1578",
    path_rule="qmof/{id}.cif",
)
CORE = Source(
    name="core-mof-2019",
    licence="CC BY 4.0",
    doi="10.1021/acs.jced.9b00835",
    citation="Y. G. Chung et al., J. Chem. Eng. Data 64 (2019) 5985",
    path_rule="core_mof_2019/{id}_clean.cif",
)
COFS = Source(
    name="curated-cofs",
    licence="MIT",
    doi="10.1021/acscentsci.9b00619",
    citation="D. Ongari et al., ACS Cent. Sci. 5 (2019) 1663",
    path_rule="curated_cofs/{id}.cif",
)
IZA = Source(
    name="iza",
    licence="CC BY 4.0",
    doi="10.5281/zenodo.8422373",
    citation=(
        "Ch. Baerlocher and L. B. McCusker, Database of Zeolite Structures, "
        "http://www.iza-structure.org/databases/; files from D. Schwalbe-Koda et al., "
        "Zeolites-AMD (2023)"
    ),
    path_rule="zeolites_iza/iza_experimental/{id}.cif",
)
RASPA2 = Source(
    name="raspa2",
    licence="MIT",
    doi="10.1080/08927022.2015.1010082",
    citation="D. Dubbeldam et al., Mol. Simul. 42 (2016) 81",
    path_rule="named/mofs/cif/{id}.cif",
)

RASPA2_NAMES = {
    "CoBDP-Dubbeldam": "Co(BDP)",
    "CoBDP": "Co(BDP)",
    "Co-DOBDC": "Co-MOF-74",
    "Cu-BTC": "HKUST-1",
    "IRMOF-1": "MOF-5 (IRMOF-1)",
    "IRMOF-1-Ar": "MOF-5 (IRMOF-1)",
    "MIL-53(Cr)ht": "MIL-53(Cr) open",
    "MIL-53(Cr)lt": "MIL-53(Cr) narrow",
    "MIL-88A-dry": "MIL-88A closed",
    "MIL-88B-dry": "MIL-88B closed",
    "MIL-88C-dry": "MIL-88C closed",
    "MIL-88D-dry": "MIL-88D closed",
    "MIL-88A-open": "MIL-88A open",
    "MIL-88B-open": "MIL-88B open",
    "MIL-88C-open": "MIL-88C open",
    "MIL-88D-open": "MIL-88D open",
    "MOF-1-Dybtsev-dmol": "DMOF-1",
    "Mg-DOBDC": "Mg-MOF-74",
    "MgMOF-74": "Mg-MOF-74",
    "Ni-DOBDC": "Ni-MOF-74",
    "UIO-66": "UiO-66",
    "Zn-DOBDC": "Zn-MOF-74",
    "ZnMOF-74": "Zn-MOF-74",
    "ZnBDC": "Zn-BDC",
    "ZnBDCdabco": "DMOF-1",
    "LTA4A": "LTA (zeolite 4A)",
    "LTA5A": "LTA (zeolite 5A)",
    "NaX": "FAU (zeolite NaX)",
}
"""Names of RASPA2's files where the file's name is not what people say."""

_VARIANT = re.compile(
    r"((-extended)?-VASP|-DFT|-primitive|-crystal|-2x2x2|(_SI)?(_mono|_para|_ortho|_Olson)?)$"
)
"""What a file's name says beyond the framework: the setting, or how it was calculated."""

ZEOLITE_NAMES = {
    "ANA": "analcime",
    "BEA": "beta, polymorph A",
    "CHA": "chabazite, SSZ-13",
    "ERI": "erionite",
    "FAU": "faujasite, zeolite Y",
    "FER": "ferrierite",
    "GIS": "gismondine, zeolite P",
    "GME": "gmelinite",
    "HEU": "heulandite, clinoptilolite",
    "LEV": "levyne",
    "LTA": "zeolite A",
    "LTL": "zeolite L",
    "MEL": "ZSM-11",
    "MFI": "ZSM-5, silicalite-1",
    "MOR": "mordenite",
    "MTN": "ZSM-39",
    "MTW": "ZSM-12",
    "MWW": "MCM-22",
    "NAT": "natrolite",
    "OFF": "offretite",
    "PHI": "phillipsite",
    "RHO": "zeolite rho",
    "SOD": "sodalite",
    "STI": "stilbite",
    "TON": "theta-1, ZSM-22",
}
"""What materials with a topology are commonly called."""


REFCODE_NAMES = {
    "CIGXIA": "MIL-100(Fe)",
    "GITTOT": "ZIF-67",
    "OCUNAC": "MIL-101(Cr)",
    "RUBTAK": "UiO-66",
}
"""Names of famous entries that no file of RASPA2 equals atom by atom."""


def shipped_collections(
    archives: Path, stack: ExitStack
) -> Iterator[tuple[Source, list[CifEntry]]]:
    """Sources and files of the shipped library.

    Parameters
    ----------
    archives:
        Folder with the archives ``qmof.tar.xz``, ``core_mof_2019.tar.xz`` … or with folders of
        the same names without the ending.
    stack:
        Keeps unpacked archives until the caller is done.
    """
    labels = archives.parent / "labels"
    root = stack.enter_context(unpacked(_archive(archives, "named_frameworks_raspa2")))
    yield RASPA2, _raspa2(root)
    root = stack.enter_context(unpacked(_archive(archives, "zeolites_iza")))
    yield IZA, _iza(root)
    root = stack.enter_context(unpacked(_archive(archives, "curated_cofs")))
    yield COFS, _cofs(root)
    root = stack.enter_context(unpacked(_archive(archives, "core_mof_2019")))
    yield CORE, _core(root, labels / "core_mof_2019_geometry.csv")
    root = stack.enter_context(unpacked(_archive(archives, "qmof")))
    yield QMOF, folder_entries(root)


def _archive(folder: Path, name: str) -> Path:
    """The unpacked folder if it is there, else the archive."""
    return folder / name if (folder / name).is_dir() else folder / f"{name}.tar.xz"


def _raspa2(root: Path) -> list[CifEntry]:
    """Named frameworks; models of carbon slit pores and nanotubes are left out."""
    found = []
    for entry in folder_entries(root):
        if "ceramics" in entry.relative:
            continue
        plain = _VARIANT.sub("", entry.id)
        name = RASPA2_NAMES.get(entry.id) or RASPA2_NAMES.get(plain) or zeolite_title(plain)
        found.append(replace(entry, name=name))
    return found


def zeolite_title(code: str) -> str:
    """Code with what the material is called."""
    return f"{code} ({ZEOLITE_NAMES[code]})" if code in ZEOLITE_NAMES else code


def _iza(root: Path) -> list[CifEntry]:
    """Idealised silica frameworks by their code, and the relaxed ones."""
    found = []
    for entry in folder_entries(root):
        folder = Path(entry.relative).parent.name
        if folder in ("iza", "iza_experimental"):
            relaxed = "-relaxed" if folder == "iza" else ""
            found.append(replace(entry, id=f"{entry.id}{relaxed}", name=zeolite_title(entry.id)))
    return found


def _cofs(root: Path) -> list[CifEntry]:
    """COFs with their names and the DOI of the paper, the first four digits of the identifier."""
    names: dict[str, str] = {}
    papers: dict[str, str] = {}
    for table, key, value, target in (
        ("cof-frameworks.csv", "CURATED-COFs ID", "Name", names),
        ("cof-papers.csv", "CURATED-COFs paper ID", "DOI", papers),
    ):
        for path in root.rglob(table):
            with path.open(encoding="utf-8", newline="") as file:
                target.update({row[key]: row[value].strip() for row in csv.DictReader(file)})
    return [
        replace(e, name=names.get(e.id, ""), doi=papers.get(f"p{e.id[:4]}", ""))
        for e in folder_entries(root)
    ]


def _core(root: Path, table: Path) -> list[CifEntry]:
    """Refcodes without the ending ``_clean``, with DOIs where the table gives them."""
    dois: dict[str, str] = {}
    if table.is_file():
        with table.open(encoding="utf-8", errors="replace", newline="") as file:
            for row in csv.DictReader(file):
                doi = (row["DOI_public"] or "").strip()
                if doi.startswith("10."):
                    dois[row["filename"]] = doi
    return [
        replace(
            e,
            id=e.id.removesuffix("_clean"),
            name=REFCODE_NAMES.get(e.id[:6], ""),
            doi=dois.get(e.id, ""),
        )
        for e in folder_entries(root)
    ]
