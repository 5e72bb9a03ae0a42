"""Frameworks assembled on known ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from porescope.crystal.graph import net_hash
from porescope.crystal.symmetry import standardise
from porescope.datasets.template_store import TemplateStore
from porescope.errors import ConfigError, PorescopeError
from porescope.reticular.assembly import link_gaps
from porescope.reticular.crowding import ROOM, overlaps
from porescope.workflows.propose import Proposal, ProposeConfig, propose_frameworks, scaled
from small_templates import (
    BIPHENYL,
    DABCO,
    METHYLIMIDAZOLE,
    TEREPHTHALIC,
    TRIMESIC,
    write_small,
)
from toy_framework import cubic

ON_TEMPLATES = ProposeConfig(on_nets=False, max_proposals=10, n_conformers=4)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemplateStore]:
    opened = TemplateStore(write_small(tmp_path_factory.mktemp("templates") / "small.sqlite"))
    yield opened
    opened.close()


def _proposed(store: TemplateStore, metal: str, *linkers: str, **limits: object) -> list[Proposal]:
    return propose_frameworks(
        metals=(metal,) if metal else (),
        linkers=linkers,
        store=store,
        config=replace(ON_TEMPLATES, **limits),  # pyright: ignore[reportArgumentType]
    )


def _on(proposals: list[Proposal], id: str) -> Proposal:
    (found,) = [p for p in proposals if p.template.id == id]
    return found


@pytest.mark.parametrize(
    ("id", "metal", "linkers"),
    [
        ("EDUSIF", "Zn", (TEREPHTHALIC,)),
        ("IKETIB", "Cu", (TRIMESIC,)),
        ("OFERUN06", "Zn", (METHYLIMIDAZOLE,)),
    ],
)
def test_a_framework_comes_back_from_its_own_template(
    store: TemplateStore, id: str, metal: str, linkers: tuple[str, ...]
) -> None:
    proposal = _on(_proposed(store, metal, *linkers), id)
    assert proposal.id == f"assembled:{id}"
    assert proposal.same_metal
    assert proposal.same_linker
    assert proposal.rms_gap < 0.2
    # the same atoms with the same bonds, as distances have it
    assert net_hash(proposal.crystal).startswith(proposal.template.net_hash)
    old = store.template(proposal.template.row).assembly
    new, was = proposal.crystal.volume, abs(np.linalg.det(old.lattice))
    assert new == pytest.approx(was, rel=0.05)


def test_a_longer_linker_makes_the_cell_of_the_longer_framework(store: TemplateStore) -> None:
    made = _on(_proposed(store, "Zn", BIPHENYL), "EDUSIF")
    assert (made.same_metal, made.same_linker) == (True, False)
    assert made.crystal.formula == "C42H24O13Zn4"
    # IRMOF-10, https://doi.org/10.1126/science.1067208: 34.281 Å, F m -3 m
    edge = standardise(made.crystal, symprec=0.3).parameters[0]
    assert edge == pytest.approx(34.281, rel=0.02)


def test_another_metal_takes_the_place_of_the_metal(store: TemplateStore) -> None:
    made = _on(_proposed(store, "Co", TEREPHTHALIC), "EDUSIF")
    assert (made.same_metal, made.same_linker) == (False, True)
    numbers = made.crystal.numbers
    assert np.count_nonzero(numbers == 27) == 8
    assert not np.any(numbers == 30)


def test_two_linkers_go_to_the_places_that_their_ends_fit(store: TemplateStore) -> None:
    orders = [_proposed(store, "Zn", *two) for two in ((DABCO, BIPHENYL), (BIPHENYL, DABCO))]
    for (made,) in orders:
        assert made.template.id == "RUQVEF"
        assert made.crystal.formula == "C17H14NO4Zn"
        a, b, c = sorted(made.crystal.parameters[:3])
        # along dabco the cell stays, along both biphenyls it grows by the length of a ring
        assert a == pytest.approx(9.6, abs=0.3)
        assert (b, c) == (pytest.approx(15.2, abs=0.5), pytest.approx(15.2, abs=0.5))


def test_molecules_condense_without_metal(store: TemplateStore) -> None:
    (made,) = _proposed(store, "", "OB(O)c1ccc(cc1)B(O)O")
    assert made.template.id == "COF-5"
    assert set(made.crystal.numbers.tolist()) == {1, 5, 6, 8}


def test_proposals_are_sound_and_the_same_each_time(store: TemplateStore) -> None:
    first, second = (_proposed(store, "Zn", TEREPHTHALIC) for _ in range(2))
    assert {p.template.id for p in first} >= {"EDUSIF", "XISVUR"}
    assert [p.id for p in first] == [p.id for p in second]
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.crystal.frac, other.crystal.frac)
        assert link_gaps(one.assembly).max() <= ON_TEMPLATES.largest_gap
        assert one.rms_gap <= ON_TEMPLATES.rms_gap
        assert one.crystal.volume >= ROOM * one.crystal.n_atoms
        assert not overlaps(one.crystal, one.assembly)
        assert one.crystal.n_atoms == one.assembly.n_atoms


def test_limits_are_kept(store: TemplateStore) -> None:
    every = _proposed(store, "Zn", TEREPHTHALIC)
    sizes = {p.template.id: p.crystal.n_atoms for p in every}
    assert sizes["EDUSIF"] == 106
    small = _proposed(store, "Zn", TEREPHTHALIC, max_atoms=106)
    assert {p.template.id for p in small} == {id for id, n in sizes.items() if n <= 106}
    assert len(_proposed(store, "Zn", TEREPHTHALIC, max_proposals=1)) == 1
    bare = _proposed(store, "Zn", TEREPHTHALIC, caps=())
    assert all(p.template.caps == () for p in bare)
    assert {p.template.id for p in bare} < {p.template.id for p in every}
    solvent = _proposed(store, "Zn", TEREPHTHALIC, caps=("CN(C)C=O", "CC(O)C(=O)O"))
    assert {p.template.id for p in solvent} == {p.template.id for p in every}
    assert _proposed(store, "Zn", TEREPHTHALIC, nets=("pcu",))
    assert _proposed(store, "Zn", TEREPHTHALIC, rms_gap=1e-6) == []


def test_templates_can_be_left_out_and_progress_is_told(store: TemplateStore) -> None:
    shares: list[float] = []
    found = propose_frameworks(
        metals=("Zn",),
        linkers=(TEREPHTHALIC,),
        store=store,
        config=ON_TEMPLATES,
        without=lambda entry: entry.id == "EDUSIF",
        progress=shares.append,
    )
    assert found
    assert "EDUSIF" not in {p.template.id for p in found}
    assert shares == sorted(shares)
    assert 0.0 <= min(shares) <= max(shares) <= 1.0


def test_one_molecule_in_two_spellings_counts_once(store: TemplateStore) -> None:
    once = _proposed(store, "Zn", TEREPHTHALIC)
    twice = _proposed(store, "Zn", TEREPHTHALIC, "O=C(O)c1ccc(C(=O)O)cc1")
    assert [p.id for p in twice] == [p.id for p in once]


@pytest.mark.parametrize(
    ("metal", "linkers", "said"),
    [
        ("Zn", ("C1(",), "SMILES"),
        ("Zn", ("",), "SMILES"),
        ("Zn", (f"{TEREPHTHALIC}.O",), "several molecules"),
        ("Zn", ("CCCC",), "none that could connect"),
        ("Zn", (), "name a linker"),
        ("Zn", ("OC(=O)c1ccccc1",), "one end"),
        ("Qq", (TEREPHTHALIC,), "symbol of a metal"),
        ("X", (TEREPHTHALIC,), "symbol of a metal"),
        ("Pu", (TEREPHTHALIC,), "no known kind of framework joins Pu"),
        ("Zn", (DABCO, METHYLIMIDAZOLE), "no known kind of framework joins Zn"),
        ("", (TEREPHTHALIC,), "boronic acid"),
    ],
)
def test_bad_input_is_said_in_one_sentence(
    store: TemplateStore, metal: str, linkers: tuple[str, ...], said: str
) -> None:
    with pytest.raises(PorescopeError, match=said) as caught:
        _proposed(store, metal, *linkers)
    assert "\n" not in str(caught.value)
    assert ". " not in str(caught.value)


def test_nets_that_no_template_has_are_named(store: TemplateStore) -> None:
    with pytest.raises(ConfigError, match=r"on the net fcu or reo;.*other nets"):
        _proposed(store, "Zn", TEREPHTHALIC, nets=("fcu", "reo"))
    with pytest.raises(ConfigError, match="no net named 'qqq'"):
        _proposed(store, "Zn", TEREPHTHALIC, nets=("pcu", "qqq"))
    assert _proposed(store, "Zn", TEREPHTHALIC, nets=("PCU",))


def test_a_cap_that_is_no_molecule_is_refused(store: TemplateStore) -> None:
    with pytest.raises(ConfigError, match="not a SMILES"):
        _proposed(store, "Zn", TEREPHTHALIC, caps=("C1(",))


def test_room_grows_by_half_of_what_linkers_grow() -> None:
    toy = cubic()
    grown = scaled(toy, 1.4)
    np.testing.assert_allclose(grown.lattice, 1.2 * toy.lattice)
    np.testing.assert_allclose(grown.origins, 1.2 * toy.origins)
    np.testing.assert_array_equal(scaled(toy, 1.0).lattice, toy.lattice)
