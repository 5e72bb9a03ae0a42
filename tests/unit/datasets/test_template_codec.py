"""Templates as bytes."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from porescope.datasets.template_codec import CODEC_VERSION, decode_assembly, encode_assembly
from porescope.datasets.template_store import TemplateStore
from porescope.errors import ConfigError, ParseError
from porescope.reticular.assembly import Assembly, crystal_of_assembly, link_gaps
from porescope.reticular.block import Block, BlockKind
from toy_framework import cubic, octahedron, rod

NAMES = ("", "CC")


def _again(assembly: Assembly) -> Assembly:
    names = tuple(block.smiles for block in assembly.blocks)
    return decode_assembly(encode_assembly(assembly), smiles=names, name=assembly.name)


@given(seed=st.integers(0, 10_000), edge=st.floats(9.0, 80.0))
def test_turned_and_mirrored_pieces_keep_their_places(seed: int, edge: float) -> None:
    rng = np.random.default_rng(seed)
    turns = Rotation.random(4, rng=rng).as_matrix() * rng.choice([-1.0, 1.0], (4, 1, 1))
    toy = replace(cubic(edge=edge), rotations=turns, origins=edge * rng.normal(size=(4, 3)))
    again = _again(toy)
    np.testing.assert_array_equal(
        np.sign(np.linalg.det(again.rotations)), np.sign(np.linalg.det(turns))
    )
    for piece in range(toy.n_pieces):
        # half a hundredth of an angstrom along each axis for a piece and for its atom
        assert np.abs(again.piece_positions(piece) - toy.piece_positions(piece)).max() < 0.02
    np.testing.assert_array_equal(again.lattice, toy.lattice)
    np.testing.assert_array_equal(again.links, toy.links)
    np.testing.assert_array_equal(again.kinds, toy.kinds)


def test_reading_and_writing_again_changes_nothing() -> None:
    once = _again(cubic())
    assert encode_assembly(_again(once)) == encode_assembly(once)
    assert link_gaps(once).max() < 0.03


@pytest.mark.parametrize("kind", ["node", "linker", "cap", "guest"])
@pytest.mark.parametrize("charge", [None, 0, -4, 12])
def test_kind_charge_and_smiles_of_a_block(kind: BlockKind, charge: int | None) -> None:
    toy = cubic(linker=replace(rod(), kind=kind, charge=charge))
    again = _again(toy)
    assert again.name == "toy"
    assert (again.blocks[1].kind, again.blocks[1].charge) == (kind, charge)
    assert tuple(block.smiles for block in again.blocks) == NAMES
    assert crystal_of_assembly(again).formula == crystal_of_assembly(toy).formula


def test_a_lone_atom_without_bonds_and_links() -> None:
    atom = Block(
        kind="guest",
        numbers=np.array([92]),
        positions=np.zeros((1, 3)),
        bonds=np.zeros((0, 2), dtype=np.int64),
        port_atoms=np.zeros(0, dtype=np.int64),
        port_vectors=np.zeros((0, 3)),
    )
    alone = Assembly(
        lattice=np.eye(3) * 5.0,
        blocks=(atom,),
        kinds=np.array([0]),
        origins=np.ones((1, 3)),
        rotations=np.eye(3)[None],
        links=np.zeros((0, 7), dtype=np.int64),
    )
    again = _again(alone)
    assert again.blocks[0].numbers.tolist() == [92]
    assert again.links.shape == (0, 7)
    assert again.blocks[0].bonds.shape == (0, 2)


def test_lengths_that_do_not_fit_are_refused() -> None:
    far = replace(cubic(), origins=cubic().origins + 400.0)
    with pytest.raises(ConfigError, match="328 Å"):
        encode_assembly(far)
    with pytest.raises(ConfigError, match="328 Å"):
        encode_assembly(cubic(node=octahedron(radius=350.0)))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.8, 0.99])
def test_what_is_cut_short_is_refused(share: float) -> None:
    body = encode_assembly(cubic())
    with pytest.raises(ParseError, match="damaged"):
        decode_assembly(body[: int(share * len(body))], smiles=NAMES)
    whole = zlib.decompress(body)
    with pytest.raises(ParseError, match="damaged"):
        decode_assembly(zlib.compress(whole[: int(share * len(whole))]), smiles=NAMES)


def test_too_few_names_are_refused() -> None:
    with pytest.raises(ParseError, match="damaged"):
        decode_assembly(encode_assembly(cubic()), smiles=("",))


def test_a_newer_version_is_named() -> None:
    whole = zlib.decompress(encode_assembly(cubic()))
    assert whole[0] == CODEC_VERSION
    newer = struct.pack("<B", CODEC_VERSION + 1) + whole[1:]
    with pytest.raises(ParseError, match=f"version {CODEC_VERSION + 1}.*install a newer"):
        decode_assembly(zlib.compress(newer), smiles=NAMES)


def test_shipped_templates_can_be_read() -> None:
    store = TemplateStore()
    entries = store.entries()
    assert len(entries) > 20_000
    for entry in entries[:: len(entries) // 40]:
        template = store.template(entry.row)
        assert template.metals == entry.metals
        assert template.linker_smiles == entry.linkers
        ends = template.assembly.links[:, [0, 2]]
        assert set(ends.ravel().tolist()) <= set(range(template.assembly.n_pieces))
        turns = template.assembly.rotations
        np.testing.assert_allclose(
            turns @ turns.transpose(0, 2, 1), np.broadcast_to(np.eye(3), turns.shape), atol=1e-9
        )
    store.close()
