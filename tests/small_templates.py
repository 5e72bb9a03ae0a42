"""A few of the shipped templates in a file of their own, so that tests need not search them all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from porescope.datasets.template_store import TemplateStore, write_templates

TEREPHTHALIC = "OC(=O)c1ccc(cc1)C(=O)O"
BIPHENYL = "OC(=O)c1ccc(cc1)-c1ccc(cc1)C(=O)O"
TRIMESIC = "OC(=O)c1cc(cc(c1)C(=O)O)C(=O)O"
DABCO = "C1CN2CCN1CC2"
METHYLIMIDAZOLE = "Cc1ncc[nH]1"

KNOWN = {
    "EDUSIF": "MOF-5",
    "XISVUR": "pcu, two nets, Zn and terephthalate",
    "qmof-33eb7e6": "pcu with solvent on the metal, Zn and terephthalate",
    "IKETIB": "HKUST-1",
    "RUQVEF": "Zn paddlewheels with terephthalate and dabco",
    "OFERUN06": "ZIF-8",
    "COF-5": "a boronate ester",
}
"""Templates that go into the file, with what they are."""


def write_small(path: Path, *, ids: Sequence[str] = tuple(KNOWN)) -> Path:
    """Copy some shipped templates, and say which linkers their frameworks have."""
    shipped = TemplateStore()
    entries = {entry.id: entry for entry in shipped.entries()}
    chosen = [entries[id] for id in ids]
    write_templates(
        path,
        [(shipped.template(entry.row), entry.shape) for entry in chosen],
        meta={"source": "a few of the shipped ones"},
        contents={entry.id: entry.keys for entry in chosen},
    )
    shipped.close()
    return path
