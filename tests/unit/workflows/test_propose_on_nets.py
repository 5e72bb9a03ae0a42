"""Curated nodes and linkers on nets of the catalogue."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from porescope.crystal.symmetry import standardise
from porescope.reticular.assembly import link_gaps
from porescope.reticular.block import Block
from porescope.reticular.linkers.from_smiles import linkers_from_smiles
from porescope.reticular.nets.fitting import FittingNet
from porescope.workflows import propose_on_nets as module
from porescope.workflows.propose import ROOM, Proposal, ProposeConfig, overlaps
from porescope.workflows.propose_on_nets import propose_on_nets
from small_templates import BIPHENYL, TEREPHTHALIC, TRIMESIC


@pytest.fixture(autouse=True)
def few_nets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nets that suit are named at once, in place of a search of the catalogue."""
    monkeypatch.setattr(module, "fitting_nets_of_blocks", _fitting)


def _fitting(nodes: list[Block], *, linkers: list[Block], **_: object) -> list[FittingNet]:
    names = {(6, 2): ["pcu"], (4, 3): ["tbo"], (4, 2): ["sql"], (3, 2): ["hcb"], (12, 2): ["fcu"]}
    found = names.get((nodes[0].n_ports, linkers[0].n_ports), [])
    return [_net(name) for name in found]


def _net(name: str) -> FittingNet:
    class Named:
        def __init__(self) -> None:
            self.name = name

    return Named()  # pyright: ignore[reportReturnType]


def _proposals(
    metal: str, *smiles: str, ends: str = "metal", config: ProposeConfig | None = None
) -> list[Proposal]:
    linkers = {s: linkers_from_smiles(s, n_conformers=2, ends=ends) for s in smiles}  # pyright: ignore[reportArgumentType]
    metals = (metal,) if metal else ()
    return list(propose_on_nets(metals=metals, linkers=linkers, config=config or ProposeConfig()))


def test_mof_5_and_its_twofold_form_on_pcu() -> None:
    found = _proposals("Zn", TEREPHTHALIC, config=ProposeConfig(nets=("pcu",)))
    mof5 = next(p for p in found if "Zn4O" in p.id and p.template.interpenetration == 1)
    assert mof5.id == "assembled:pcu net with Zn4O(CO2)6 tetrahedron about oxygen"
    assert mof5.crystal.formula == "C24H12O13Zn4"
    assert standardise(mof5.crystal, symprec=0.1).parameters[0] == pytest.approx(25.8, abs=0.5)
    entry = mof5.template
    assert (entry.row, entry.net_name, entry.metals, entry.caps) == (-1, "pcu", (), ())
    assert entry.n_atoms == mof5.crystal.n_atoms == 106
    assert mof5.same_metal
    assert not mof5.same_linker
    for proposal in found:
        assert proposal.rms_gap <= 0.45
        assert link_gaps(proposal.assembly).max() <= 0.9
        assert proposal.crystal.volume >= ROOM * proposal.crystal.n_atoms
        assert not overlaps(proposal.crystal, proposal.assembly)


def test_longer_linkers_leave_room_for_another_net() -> None:
    found = _proposals("Zn", BIPHENYL, config=ProposeConfig(nets=("pcu",)))
    copies = {p.template.interpenetration: p for p in found if "Zn4O" in p.id}
    assert {1, 2} <= set(copies)
    assert copies[2].id.endswith(" x2")
    assert copies[2].crystal.n_atoms == 2 * copies[1].crystal.n_atoms
    assert copies[2].crystal.volume == pytest.approx(copies[1].crystal.volume, rel=1e-6)


def test_layers_are_stacked_in_two_ways() -> None:
    found = [p for p in _proposals("Zn", TEREPHTHALIC) if p.template.net_name == "sql"]
    assert len(found) >= 2
    heights = {round(float(p.crystal.parameters[:3].min()), 1) for p in found}
    assert min(heights) > 3.0


def test_paddlewheels_and_trimesate_make_tbo() -> None:
    found = _proposals("Cu", TRIMESIC, config=ProposeConfig(nets=("tbo",)))
    hkust = next(p for p in found if "paddlewheel" in p.id)
    assert hkust.template.net_name == "tbo"
    # https://doi.org/10.1126/science.283.5405.1148: 26.343 Å
    edge = standardise(hkust.crystal, symprec=0.2).parameters[0]
    assert edge == pytest.approx(26.343, rel=0.02)


def test_boronic_acid_condenses_to_boroxine_layers() -> None:
    found = _proposals("", "OB(O)c1ccc(cc1)B(O)O", ends="covalent")
    assert any(p.template.net_name == "hcb" and "boroxine" in p.id for p in found)
    for proposal in found:
        assert set(proposal.crystal.numbers.tolist()) == {1, 5, 6, 8}
    assert _proposals("", "O=Cc1ccc(C=O)cc1", ends="covalent") == []


def test_limits_and_what_joins_nothing() -> None:
    pcu = ProposeConfig(nets=("pcu",))
    assert _proposals("Zn", TEREPHTHALIC, config=replace(pcu, nets=("fcu",))) == []
    assert _proposals("Zn", TEREPHTHALIC, config=replace(pcu, max_atoms=60)) == []
    assert _proposals("Zn", TEREPHTHALIC, config=replace(pcu, rms_gap=0.0)) == []
    # one end, no curated node, and more linkers than two are left to templates
    assert _proposals("Zn", "OC(=O)c1ccccc1") == []
    assert _proposals("Pu", TEREPHTHALIC) == []
    assert _proposals("Zn", TEREPHTHALIC, BIPHENYL, TRIMESIC) == []
    assert _proposals("", "OB(O)c1ccccc1", ends="covalent") == []


def test_no_more_placings_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    placed: list[str] = []

    def place(net: str, **_: object) -> list[object]:
        placed.append(net)
        return []

    monkeypatch.setattr(module, "place_on_net", place)
    monkeypatch.setattr(module, "N_TRIED", 2)
    assert _proposals("Zn", TEREPHTHALIC) == []
    assert len(placed) == 2


def test_the_same_each_time() -> None:
    one, other = (
        _proposals("Zn", TEREPHTHALIC, config=ProposeConfig(nets=("pcu",))) for _ in range(2)
    )
    assert [p.id for p in one] == [p.id for p in other]
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first.crystal.frac, second.crystal.frac)
