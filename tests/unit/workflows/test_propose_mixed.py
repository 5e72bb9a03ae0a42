"""Two linkers share out the places of templates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gemmi
import numpy as np
import pytest

from porescope.datasets.template_store import TemplateEntry, TemplateStore
from porescope.reticular.assembly import crystal_of_assembly
from porescope.reticular.block import Block
from porescope.reticular.fit_assembly import fit_assembly
from porescope.reticular.linker_match import linker_sites
from porescope.reticular.linkers.from_smiles import linkers_from_smiles
from porescope.reticular.nets.fitting import fitting_nets
from porescope.reticular.nodes.library import nodes_of_metal
from porescope.reticular.smiles import linker_key
from porescope.reticular.substitute import substituted
from porescope.workflows import propose_mixed as module
from porescope.workflows import propose_on_nets as on_nets
from porescope.workflows.mixed_building import Builder, Crowded, built_with, crowding_of, parted
from porescope.workflows.propose import Proposal, ProposeConfig
from porescope.workflows.propose_mixed import propose_mixed
from porescope.workflows.propose_on_nets import propose_on_nets
from small_templates import DABCO, TEREPHTHALIC, write_small

FLUORINATED = "OC(=O)c1c(F)c(F)c(C(=O)O)c(F)c1F"
CHLORINATED = "OC(=O)c1ccc(c(Cl)c1)C(=O)O"
IDS = ("EDUSIF", "RUQVEF", "COF-5")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemplateStore]:
    path = tmp_path_factory.mktemp("templates") / "small.sqlite"
    opened = TemplateStore(write_small(path, ids=IDS))
    yield opened
    opened.close()


def _blocks(*smiles: str) -> dict[str, list[Block]]:
    return {s: linkers_from_smiles(s, n_conformers=2, seed=0) for s in smiles}


def _proposed(
    store: TemplateStore, metal: str, *smiles: str, config: ProposeConfig | None = None
) -> list[Proposal]:
    blocks = _blocks(*smiles)
    return propose_mixed(
        metals=(gemmi.Element(metal).atomic_number,),
        linkers=blocks,
        sites={s: [linker_sites(b) for b in found] for s, found in blocks.items()},
        store=store,
        config=config or ProposeConfig(),
    )


def _share(proposal: Proposal) -> float:
    """Fluorine atoms for each zinc atom."""
    numbers = proposal.crystal.numbers
    return float(np.sum(numbers == 9) / np.sum(numbers == 30))


def test_two_linkers_take_turns_in_mof_5(store: TemplateStore) -> None:
    found = [
        p
        for p in _proposed(store, "Zn", TEREPHTHALIC, FLUORINATED)
        if p.template.id.startswith("EDUSIF")
    ]
    # three directions: one or two of them with the fluorinated linker, 4 F on each
    assert sorted({_share(p) for p in found}) == [1.0, 2.0]
    assert len({p.id for p in found}) == len(found)
    for proposal in found:
        assert proposal.rms_gap < 0.2
        assert proposal.same_metal
        assert not proposal.same_linker
        assert proposal.template.net_name == "pcu"
        assert crowding_of(proposal.crystal, proposal.assembly) == 0.0
        assert {b.smiles for b in proposal.assembly.blocks if b.kind == "linker"} == {
            b.smiles for found in _blocks(TEREPHTHALIC, FLUORINATED).values() for b in found
        }


def test_energies_choose_among_many_directions(
    store: TemplateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[tuple[int, int]]] = []
    energies = module.ewald_assignments

    def counted(*args: Any, **kwargs: Any) -> Any:
        asked.append(kwargs["compositions"])
        return energies(*args, **kwargs)

    monkeypatch.setattr(module, "_FEW_GROUPS", 2)
    monkeypatch.setattr(module, "ewald_assignments", counted)
    found = _proposed(store, "Zn", TEREPHTHALIC, FLUORINATED)
    assert [(1, 2), (2, 1)] in asked
    shares = sorted(_share(p) for p in found if p.template.id.startswith("EDUSIF"))
    assert shares == [1.0, 2.0]


def test_the_usual_way_is_left_to_the_templates_themselves(store: TemplateStore) -> None:
    assert _proposed(store, "Zn", TEREPHTHALIC, DABCO) == []


def test_only_two_linkers_of_one_metal_are_shared_out(store: TemplateStore) -> None:
    assert _proposed(store, "Zn", TEREPHTHALIC) == []
    assert _proposed(store, "Zr", TEREPHTHALIC, FLUORINATED) == []
    none = propose_mixed(
        metals=(), linkers=_blocks(TEREPHTHALIC, FLUORINATED), sites={}, store=store,
        config=ProposeConfig(),
    )  # fmt: skip
    assert none == []


def test_limits_hold(store: TemplateStore, monkeypatch: pytest.MonkeyPatch) -> None:
    pot = (TEREPHTHALIC, FLUORINATED)
    assert _proposed(store, "Zn", *pot, config=ProposeConfig(nets=("dia",))) == []
    assert _proposed(store, "Zn", *pot, config=ProposeConfig(max_atoms=50)) == []
    assert len(_proposed(store, "Zn", *pot)) > 1
    monkeypatch.setattr(module, "_FROM_CROWDED", module.MOST)
    assert _proposed(store, "Zn", *pot) == []


def test_templates_may_be_left_out(store: TemplateStore) -> None:
    blocks = _blocks(TEREPHTHALIC, FLUORINATED)

    def without(entry: TemplateEntry) -> bool:
        return entry.id == "EDUSIF"

    found = propose_mixed(
        metals=(30,),
        linkers=blocks,
        sites={s: [linker_sites(b) for b in shapes] for s, shapes in blocks.items()},
        store=store,
        config=ProposeConfig(),
        without=without,
    )
    assert not any(p.template.id.startswith("EDUSIF") for p in found)


def test_unlike_ends_come_in_several_ways_round(store: TemplateStore) -> None:
    blocks = _blocks(TEREPHTHALIC, CHLORINATED)
    builder = Builder(
        metal=30,
        blocks=blocks,
        sites={s: [linker_sites(b) for b in found] for s, found in blocks.items()},
        config=ProposeConfig(),
    )
    entry = next(e for e in store.entries() if e.id == "EDUSIF")
    template = store.template(entry.row)
    slots = [
        p
        for p, k in enumerate(template.assembly.kinds.tolist())
        if template.assembly.blocks[k].kind == "linker"
    ]
    built, crowded = built_with(template, dict.fromkeys(slots, CHLORINATED), builder)
    assert crowded is None
    assert not built[0].turned
    assert any(one.turned for one in built)
    assert len({one.crystal.n_atoms for one in built}) == 1


def test_crowded_atoms_part_where_they_may(store: TemplateStore) -> None:
    blocks = _blocks(TEREPHTHALIC, DABCO)
    sites = {s: [linker_sites(b) for b in found] for s, found in blocks.items()}
    builder = Builder(metal=30, blocks=blocks, sites=sites, config=ProposeConfig())
    entry = next(e for e in store.entries() if e.id == "RUQVEF")
    by_key = {linker_key(s): s for s in blocks}
    by_name = {old: by_key[key] for old, key in zip(entry.linkers, entry.keys, strict=True)}
    made = substituted(
        store.template(entry.row),
        linkers={old: blocks[new] for old, new in by_name.items()},
        metal=30,
    )
    assert made is not None
    closed = fit_assembly(made.assembly).assembly
    squeezed = replace(closed, lattice=closed.lattice * 0.8, origins=closed.origins * 0.8)
    crowding = crowding_of(crystal_of_assembly(squeezed), squeezed)
    assert crowding > 0.0
    crowded = Crowded(assembly=squeezed, rms_gap=0.1, substituted=made, crowding=crowding)
    builder.atoms_left = squeezed.n_atoms - 1
    assert parted(crowded, builder) is None
    assert builder.atoms_left == squeezed.n_atoms - 1
    builder.atoms_left = squeezed.n_atoms
    found = parted(crowded, builder)
    assert builder.atoms_left == 0
    assert found is not None
    assert found.relaxed
    assert found.crystal.volume > 1.2 * abs(np.linalg.det(squeezed.lattice))


def test_paddlewheels_take_pillars_on_pcu(monkeypatch: pytest.MonkeyPatch) -> None:
    paddlewheels = [n for n in nodes_of_metal("Zn") if "paddlewheel" in n.name]
    monkeypatch.setattr(on_nets, "nodes_of_metal", lambda _: paddlewheels)
    pcu = fitting_nets([6], linkers=[2, 2], dimensions=(3,), max_vertices=1)
    monkeypatch.setattr(on_nets, "fitting_nets_of_blocks", lambda *_, **__: pcu)
    found = list(
        propose_on_nets(
            metals=("Zn",),
            linkers=_blocks(TEREPHTHALIC, DABCO),
            config=ProposeConfig(nets=("pcu",)),
        )
    )
    pillared = next(p for p in found if "paddlewheel" in p.id)
    numbers = pillared.crystal.numbers
    # Zn2(BDC)2(dabco)
    assert np.sum(numbers == 7) == np.sum(numbers == 30)
    assert np.sum(numbers == 8) == 4 * np.sum(numbers == 30)
    assert pillared.rms_gap < 0.3
