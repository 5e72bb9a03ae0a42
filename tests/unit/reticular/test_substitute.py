"""Other linkers and other metals in a template."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from porescope.crystal.elements import covalent_radii
from porescope.reticular.fit_assembly import fit_assembly
from porescope.reticular.net import PeriodicNet
from porescope.reticular.substitute import other_bindings, same_family, substituted
from porescope.reticular.taken_apart import TakenApart
from porescope.reticular.template import Template, compact, select_pieces, template_of
from toy_framework import cubic, octahedron, rod


def _template() -> Template:
    taken = TakenApart(
        assembly=cubic(),
        net=PeriodicNet(
            n_vertices=1,
            edges=np.array([[0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]]),
        ),
        net_name="pcu",
    )
    return template_of(taken, id="toy")


def test_a_template_knows_its_metal_and_its_ends() -> None:
    template = _template()
    assert template.metals == (30,)
    assert template.linker_smiles == ("CC",)
    assert template.site_counts() == {"CC": {(6, False): 2}}
    assert template.n_atoms == 13


def test_only_the_ends_of_long_linkers_are_kept() -> None:
    chain = rod(length=5.6)
    long = replace(
        chain,
        numbers=np.array([6] * 5),
        positions=np.array([[2.8, 0, 0], [-2.8, 0, 0], [1.4, 0, 0], [0, 0, 0], [-1.4, 0, 0.0]]),
        bonds=np.array([[0, 2], [2, 3], [3, 4], [1, 4]]),
    )
    taken = TakenApart(
        assembly=cubic(linker=long, edge=14.6),
        net=PeriodicNet(n_vertices=1, edges=np.zeros((0, 5), dtype=np.int64)),
    )
    ends = next(b for b in template_of(taken, id="x").assembly.blocks if b.kind == "linker")
    assert sorted(ends.positions[:, 0].tolist()) == [-2.8, -1.4, 1.4, 2.8]
    assert ends.positions[ends.port_atoms][:, 0].tolist() == [2.8, -2.8]


def test_a_longer_linker_makes_a_larger_framework() -> None:
    made = substituted(_template(), linkers={"CC": [rod(length=7.0, smiles="CCCC")]})
    assert made is not None
    assert made.scale == pytest.approx(2.5)
    closed = fit_assembly(made.assembly)
    assert closed.largest_gap < 1e-4
    assert np.linalg.norm(closed.assembly.lattice, axis=1) == pytest.approx([16.0] * 3, abs=1e-3)


def test_another_metal_has_longer_bonds() -> None:
    made = substituted(_template(), linkers={"CC": [rod()]}, metal=48)
    assert made is not None
    assert not made.same_metal
    closed = fit_assembly(made.assembly)
    growth = covalent_radii()[48] - covalent_radii()[30]
    edge = np.linalg.norm(closed.assembly.lattice, axis=1)
    assert edge == pytest.approx([11.8 + 2.0 * growth] * 3, abs=1e-3)
    assert 48 in closed.assembly.blocks[0].numbers


def test_metals_of_another_charge_do_not_fit() -> None:
    assert substituted(_template(), linkers={"CC": [rod()]}, metal=40) is None
    assert same_family(30, 27)
    assert not same_family(30, 40)


def test_other_ends_do_not_fit() -> None:
    pyridyl = replace(rod(), numbers=np.array([7, 7]))
    assert substituted(_template(), linkers={"CC": [pyridyl]}) is None
    assert substituted(_template(), linkers={}) is None


def test_pieces_can_be_left_out() -> None:
    toy = cubic(node=octahedron())
    part = compact(select_pieces(toy, np.array([True, False, False, True])))
    assert part.n_pieces == 2
    assert part.links[:, 0].tolist() == [0, 0]
    assert part.links[:, 2].tolist() == [1, 1]


def test_linkers_with_two_different_ends_turn_end_for_end() -> None:
    x = np.array([-2.1, -0.7, 0.7, 2.1])
    tailed = replace(
        rod(length=4.2, smiles="CCNC"),
        numbers=np.array([6, 6, 7, 6]),
        positions=np.stack([x, 0 * x, 0 * x], axis=1),
        bonds=np.array([[0, 1], [1, 2], [2, 3]]),
        port_atoms=np.array([0, 3]),
        port_vectors=np.array([[-1.5, 0.0, 0.0], [1.5, 0.0, 0.0]]),
    )
    template = _template()
    first = substituted(template, linkers={"CC": [tailed]})
    assert first is not None
    others = other_bindings(template, linkers={"CC": [tailed]}, used=first.used)
    assert len(others) >= 2
    for other in others:
        assert fit_assembly(other.assembly).rms_gap < 0.01
        assert other.assembly.n_atoms == first.assembly.n_atoms
    turned = others[0].assembly
    ends = [a.piece_positions(1)[0] - a.piece_positions(1)[3] for a in (first.assembly, turned)]
    np.testing.assert_allclose(ends[0], -ends[1], atol=1e-6)
    # in the patterns that follow only every other linker is turned
    assert len(others[1].assembly.blocks) == len(first.assembly.blocks) + 1


def test_linkers_with_equal_ends_are_bound_in_one_way() -> None:
    linkers = {"CC": [rod(length=4.2, smiles="CCC")]}
    assert other_bindings(_template(), linkers=linkers, used={"CC": 0}) == []
