"""Templates as bytes: lengths in hundredths of an ångström, deflated.

Layout, little-endian, version 1: seven counts (int32); the cell (9 float64); for each block kind,
charge and counts; numbers (uint8), positions and port vectors (int16, 0.01 Å), bonds and port atoms
(int16); for each piece its kind (int16), origin (int16, 0.01 Å) and rotation (int16, 1/30000);
links (int16).
"""

from __future__ import annotations

import struct
import zlib

import numpy as np

from porescope.errors import ConfigError, ParseError
from porescope.reticular.assembly import Assembly
from porescope.reticular.block import Block, BlockKind

CODEC_VERSION = 1
"""Version of the layout."""
_KINDS: tuple[BlockKind, ...] = ("node", "linker", "cap", "guest")
_TURN = 30000.0
_STEPS = 100.0
_FARTHEST = 32767 / _STEPS
_NO_CHARGE = 127


def encode_assembly(assembly: Assembly) -> bytes:
    """An assembly without the names and SMILES of its blocks.

    Parameters
    ----------
    assembly:
        Posed blocks; lengths are kept to 0.005 Å.

    Raises
    ------
    ConfigError
        Where a length is beyond what two bytes hold.
    """
    parts = [
        struct.pack(
            "<BHHI", CODEC_VERSION, len(assembly.blocks), assembly.n_pieces, len(assembly.links)
        ),
        assembly.lattice.astype("<f8").tobytes(),
    ]
    for block in assembly.blocks:
        charge = _NO_CHARGE if block.charge is None else block.charge
        parts.append(
            struct.pack(
                "<BbHHH",
                _KINDS.index(block.kind),
                max(-126, min(charge, 127)),
                block.n_atoms,
                len(block.bonds),
                block.n_ports,
            )
        )
    for block in assembly.blocks:
        parts += [
            block.numbers.astype("<u1").tobytes(),
            _planes(block.positions),
            block.bonds.astype("<i2").T.tobytes(),
            block.port_atoms.astype("<i2").tobytes(),
            _planes(block.port_vectors),
        ]
    parts += [
        assembly.kinds.astype("<i2").tobytes(),
        _planes(assembly.origins),
        np.rint(assembly.rotations * _TURN).astype("<i2").tobytes(),
        assembly.links.astype("<i2").T.tobytes(),
    ]
    return zlib.compress(b"".join(parts), 9)


def _planes(values: np.ndarray) -> bytes:
    """Coordinates in hundredths of an ångström, one axis after the other."""
    if len(values) and float(np.abs(values).max()) > _FARTHEST:
        raise ConfigError(
            f"a template holds lengths up to {_FARTHEST:.0f} Å, this framework has "
            f"{float(np.abs(values).max()):.0f} Å; fold its pieces into the cell, or leave it out"
        )
    return np.rint(values * _STEPS).astype("<i2").T.tobytes()


def decode_assembly(body: bytes, *, smiles: tuple[str, ...], name: str = "") -> Assembly:
    """The assembly of :func:`encode_assembly`.

    Parameters
    ----------
    body:
        What was encoded.
    smiles:
        SMILES of each block.
    name:
        Name of the assembly.

    Raises
    ------
    ParseError
        Where the bytes are damaged, or of a newer version.
    """
    try:
        reader = _Reader(zlib.decompress(body))
        version, n_blocks, n_pieces, n_links = reader.struct("<BHHI")
        if version != CODEC_VERSION:
            raise ParseError(
                f"the template is of version {version}, this porescope reads {CODEC_VERSION}; "
                "install a newer porescope"
            )
        lattice = reader.array("<f8", 9).reshape(3, 3)
        heads = [reader.struct("<BbHHH") for _ in range(n_blocks)]
        blocks = [_block(reader, head, smiles[i]) for i, head in enumerate(heads)]
        kinds = reader.array("<i2", n_pieces).astype(np.int64)
        origins = reader.lengths(n_pieces)
        rotations = reader.array("<i2", 9 * n_pieces).reshape(-1, 3, 3) / _TURN
        left, _, right = np.linalg.svd(rotations)
        links = reader.array("<i2", 7 * n_links).reshape(7, -1).T.astype(np.int64)
    except (zlib.error, struct.error, IndexError, ValueError) as error:
        raise ParseError(f"a template is damaged ({error}); make the file again") from error
    return Assembly(
        lattice=lattice,
        blocks=tuple(blocks),
        kinds=kinds,
        origins=origins,
        rotations=left @ right,
        links=np.ascontiguousarray(links),
        name=name,
    )


def _block(reader: _Reader, head: tuple[int, ...], smiles: str) -> Block:
    kind, charge, n_atoms, n_bonds, n_ports = head
    return Block(
        kind=_KINDS[kind],
        numbers=reader.array("<u1", n_atoms).astype(np.int64),
        positions=reader.lengths(n_atoms),
        bonds=np.ascontiguousarray(
            reader.array("<i2", 2 * n_bonds).reshape(2, -1).T.astype(np.int64)
        ),
        port_atoms=reader.array("<i2", n_ports).astype(np.int64),
        port_vectors=reader.lengths(n_ports),
        charge=None if charge == _NO_CHARGE else charge,
        smiles=smiles,
    )


class _Reader:
    """Reads one array after the other."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.place = 0

    def struct(self, form: str) -> tuple[int, ...]:
        values = struct.unpack_from(form, self.body, self.place)
        self.place += struct.calcsize(form)
        return values

    def array(self, kind: str, count: int) -> np.ndarray:
        values = np.frombuffer(self.body, dtype=kind, count=count, offset=self.place)
        self.place += values.nbytes
        return values

    def lengths(self, count: int) -> np.ndarray:
        values = self.array("<i2", 3 * count).reshape(3, -1).T / _STEPS
        return np.ascontiguousarray(values)
