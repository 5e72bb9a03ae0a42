"""Which templates are tried first."""

from __future__ import annotations

from collections import Counter

import numpy as np

from porescope.datasets.template_store import TemplateEntry
from porescope.reticular.linker_match import LinkerSites, linker_sites
from porescope.reticular.linkers.from_smiles import linkers_from_smiles
from porescope.reticular.smiles import linker_key
from porescope.workflows.proposal import ProposeConfig
from porescope.workflows.propose_choice import chosen_templates
from small_templates import BIPHENYL, TEREPHTHALIC

ADIPIC = "O=C(O)CCCCC(=O)O"


def _entry(row: int, linker: str, shape: str, metal: int = 30, sites: str = "6:2") -> TemplateEntry:
    return TemplateEntry(
        row=row,
        id=f"T{row}",
        metals=(metal,),
        linkers=(linker,),
        keys=(linker_key(linker),),
        sites=(sites,),
        net_name="",
        net_key="",
        interpenetration=1,
        net_hash="",
        n_atoms=100,
        caps=(),
        shape=shape,
    )


def _sites(smiles: str) -> dict[str, list[LinkerSites]]:
    return {smiles: [linker_sites(b) for b in linkers_from_smiles(smiles, n_conformers=2)]}


def _chosen(entries: list[TemplateEntry], **limits: int) -> list[str]:
    config = ProposeConfig(**limits)  # pyright: ignore[reportArgumentType]
    sites = _sites(TEREPHTHALIC)
    return [
        entry.id
        for entry, _ in chosen_templates(entries, (30,), sites, without=None, config=config)
    ]


def test_shapes_of_linkers_that_are_alike_come_first() -> None:
    rows = [_entry(1, ADIPIC, "a"), _entry(2, BIPHENYL, "b"), _entry(3, TEREPHTHALIC, "c", 27)]
    assert _chosen(rows) == ["T3", "T2", "T1"]
    assert _chosen(rows[::-1]) == _chosen(rows)


def test_common_shapes_come_first_but_not_with_all_their_templates() -> None:
    rows = [_entry(row, BIPHENYL, "common") for row in range(20)]
    rows.append(_entry(99, BIPHENYL, "rare"))
    found = _chosen(rows)
    assert found[0] in {f"T{row}" for row in range(20)}
    assert 1 < found.index("T99") < len(found) - 1
    shape = {row.id: row.shape for row in rows}
    assert Counter(shape[id] for id in found) == {"common": ProposeConfig().per_shape, "rare": 1}
    assert len(_chosen(rows, per_shape=2)) == 3


def test_ends_and_metals_must_fit() -> None:
    rows = [_entry(1, BIPHENYL, "a", sites="6:3"), _entry(2, BIPHENYL, "b", metal=58)]
    assert _chosen(rows) == []
    assert np.all([id in {"T3"} for id in _chosen([*rows, _entry(3, BIPHENYL, "c", metal=27)])])
