"""Crystals and arrays as compressed bytes, for the store of structures.

Each record is a sequence of named arrays. Bytes of the same significance stand together and are
deflated. Fractional coordinates are whole multiples of 2⁻²⁶ of the cell edge, which is 1.5e-6 Å
for an edge of 100 Å; everything else is kept bit by bit.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

import numpy as np

from porescope.crystal.space_group import P1, SpaceGroup
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError, ParseError

MAGIC = b"PSA1"
"""First bytes of a record."""
FRACTION = 2.0**-26
"""Step of stored fractional coordinates."""

_KINDS = ("<f8", "<f4", "<i8", "<i4", "<i2", "|i1", "|u1", "<u2", "<u4", "<u8", "<f2")
_HEAD = struct.Struct("<4sB")
_LEVEL = 6
_FAR = 31.0
"""Coordinates beyond this many cells are kept as floating-point numbers."""


def bytes_from_arrays(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Bytes of named arrays.

    Parameters
    ----------
    arrays:
        Numbers of any common type and shape; names of at most 255 bytes.

    Raises
    ------
    ConfigError
        Where an array holds no plain numbers.
    """
    heads = [_HEAD.pack(MAGIC, len(arrays))]
    planes = []
    for name, array in arrays.items():
        values = np.ascontiguousarray(array)
        if values.dtype == np.bool_:
            values = values.view(np.uint8)
        values = values.astype(values.dtype.newbyteorder("<"), copy=False)
        if values.dtype.str not in _KINDS:
            raise ConfigError(
                f"the array {name!r} holds {array.dtype}; expected whole or floating-point numbers"
            )
        label = name.encode()
        heads.append(struct.pack("<B", len(label)) + label)
        heads.append(struct.pack("<BB", _KINDS.index(values.dtype.str), np.ndim(array)))
        heads.append(struct.pack(f"<{np.ndim(array)}I", *np.shape(array)))
        flat = values.reshape(-1).view(np.uint8).reshape(-1, values.dtype.itemsize)
        planes.append(np.ascontiguousarray(flat.T).tobytes())
    return b"".join(heads) + zlib.compress(b"".join(planes), _LEVEL)


def arrays_from_bytes(body: bytes) -> dict[str, np.ndarray]:
    """The arrays that :func:`bytes_from_arrays` packed.

    Raises
    ------
    ParseError
        Where the bytes are no such record, or damaged.
    """
    try:
        magic, count = _HEAD.unpack_from(body)
        if magic != MAGIC:
            raise ParseError(f"a record of arrays starts with {MAGIC!r}, this one with {magic!r}")
        place, shapes = _HEAD.size, {}
        for _ in range(count):
            size = body[place]
            name = body[place + 1 : place + 1 + size].decode()
            place += 1 + size
            kind, n_axes = body[place], body[place + 1]
            shape = struct.unpack_from(f"<{n_axes}I", body, place + 2)
            place += 2 + 4 * n_axes
            shapes[name] = (np.dtype(_KINDS[kind]), shape)
        raw = zlib.decompress(memoryview(body)[place:])
    except (struct.error, zlib.error, IndexError, UnicodeDecodeError) as error:
        raise ParseError(f"a record of arrays is damaged ({error}); write it again") from error
    arrays, begin = {}, 0
    for name, (dtype, shape) in shapes.items():
        n_values = int(np.prod(shape, dtype=np.int64))
        flat = np.frombuffer(raw, np.uint8, n_values * dtype.itemsize, begin)
        begin += len(flat)
        joined = np.ascontiguousarray(flat.reshape(dtype.itemsize, -1).T).reshape(-1)
        arrays[name] = joined.view(dtype).reshape(shape)
    return arrays


def bytes_from_crystal(crystal: Crystal) -> bytes:
    """Bytes of one crystal, all but its name.

    Parameters
    ----------
    crystal:
        A structure. What is the same for every atom, such as full occupancies, takes no room.
    """
    arrays: dict[str, np.ndarray] = {
        "lattice": crystal.lattice.astype(np.float64),
        "numbers": crystal.numbers.astype(np.uint8),
    }
    near = not crystal.n_atoms or float(np.abs(crystal.frac).max()) < _FAR
    if near:
        arrays["frac"] = np.rint(crystal.frac / FRACTION).astype(np.int32)
    else:
        arrays["frac"] = crystal.frac.astype(np.float64)
    if np.any(crystal.occupancy != 1.0):
        arrays["occupancy"] = crystal.occupancy.astype(np.float64)
    if not np.all(np.isnan(crystal.u_iso)):
        arrays["u_iso"] = crystal.u_iso.astype(np.float64)
    for name in ("u_aniso", "isotopes", "charges"):
        values = getattr(crystal, name)
        if values is not None:
            arrays[name] = values
    if crystal.orbit is not None:
        arrays["orbit"] = crystal.orbit.astype(np.int32)
    if crystal.labels:
        arrays["labels"] = _text("\n".join(crystal.labels))
    group = crystal.space_group
    if group.n_ops > 1:
        arrays["rotations"] = group.rotations.astype(np.int8)
        arrays["translations"] = group.translations.astype(np.float64)
        arrays["group_number"] = np.array(group.number, dtype=np.int16)
        arrays["group_symbol"] = _text(group.symbol)
    return bytes_from_arrays(arrays)


def crystal_from_bytes(body: bytes, *, name: str = "") -> Crystal:
    """The crystal that :func:`bytes_from_crystal` packed.

    Parameters
    ----------
    body:
        Its bytes.
    name:
        Name of the crystal.

    Raises
    ------
    ParseError
        Where the bytes are no such record.
    """
    arrays = arrays_from_bytes(body)
    if not {"lattice", "numbers", "frac"} <= arrays.keys():
        raise ParseError("a record of a crystal has no cell or no atoms; write it again")
    n = len(arrays["numbers"])
    frac = arrays["frac"]
    group = P1
    if "rotations" in arrays:
        group = SpaceGroup(
            rotations=arrays["rotations"].astype(np.int64),
            translations=arrays["translations"],
            number=int(arrays["group_number"]),
            symbol=_string(arrays["group_symbol"]),
        )
    isotopes = arrays.get("isotopes")
    orbit = arrays.get("orbit")
    return Crystal(
        lattice=arrays["lattice"],
        frac=frac * FRACTION if frac.dtype == np.int32 else frac,
        numbers=arrays["numbers"].astype(np.int64),
        occupancy=arrays.get("occupancy", np.ones(n)),
        u_iso=arrays.get("u_iso", np.full(n, np.nan)),
        u_aniso=arrays.get("u_aniso"),
        isotopes=None if isotopes is None else isotopes.astype(np.int64),
        charges=arrays.get("charges"),
        labels=tuple(_string(arrays["labels"]).split("\n")) if "labels" in arrays else (),
        space_group=group,
        orbit=None if orbit is None else orbit.astype(np.int64),
        name=name,
    )


def _text(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), dtype=np.uint8)


def _string(array: np.ndarray) -> str:
    return array.astype(np.uint8).tobytes().decode()
