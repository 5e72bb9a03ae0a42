"""Damaged CIFs: whatever happens to a file, only our own errors come out."""

import random

import numpy as np
import pytest

from porescope.crystal.space_group import space_group_from_symbol
from porescope.crystal.structure import crystal_from_asymmetric_unit
from porescope.errors import ParseError
from porescope.io.cif import cif_text, read_cif

TOKENS = [b"'", b'"', b";", b"\n;", b"\nloop_\n", b"_", b"data_", b"#", b"?", b".", b"-", b"1e308"]
TOKENS += [b"nan", b"inf", b"(", b")", b"x,y,z", b"\n", b" ", b"\r", b"\0", b"\xff", b"0", b"$"]
TOKENS += [b"99999999999", b"x/0,y,z", b"-1", b"_cell_length_a", b"stop_", b"save_", b"global_"]


def _originals() -> list[bytes]:
    crystal = crystal_from_asymmetric_unit(
        lattice=np.diag([10.0, 11.0, 12.0]),
        frac=np.random.default_rng(0).random((6, 3)),
        numbers=np.array([1, 6, 7, 8, 14, 30]),
        space_group=space_group_from_symbol("P n m a"),
        u_iso=np.full(6, 0.01),
        u_aniso=np.broadcast_to(np.eye(3) * 0.01, (6, 3, 3)).copy(),
        charges=np.linspace(-1.0, 1.0, 6),
    )
    plain = cif_text(crystal)
    symbol_only = "\n".join(line for line in plain.split("\n") if line.count(",") < 2)
    labels_only = plain.replace("_atom_site_type_symbol", "_atom_site_other")
    return [text.encode() for text in (plain, symbol_only, labels_only)]


def _damaged(content: bytes, chance: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.randrange(1, 100))
        kind = chance.randrange(6)
        if kind == 0:
            data[start:start] = chance.choice(TOKENS)
        elif kind == 1:
            del data[start:end]
        elif kind == 2 and start < len(data):
            data[start] = chance.randrange(256)
        elif kind == 3:
            data[start:start] = data[end : end + 60]
        elif kind == 4 and chance.random() < 0.3:
            del data[start:]
        elif kind == 5:
            lines = bytes(data).split(b"\n")
            lines.insert(chance.randrange(len(lines)), lines.pop(chance.randrange(len(lines))))
            data = bytearray(b"\n".join(lines))
    return bytes(data)


def _survives(path, originals, *, seed, n_cases):
    chance = random.Random(seed)
    n_read = 0
    messages = []
    for _ in range(n_cases):
        path.write_bytes(_damaged(chance.choice(originals), chance))
        try:
            crystal = read_cif(path)
        except ParseError as error:
            messages.append(str(error))
            continue
        n_read += 1
        assert crystal.n_atoms > 0
        assert np.all(np.isfinite(crystal.frac))
        assert cif_text(crystal)
    assert all(message.startswith(path.name) for message in messages)
    # Both outcomes occur, or the damage is no test.
    assert 0 < n_read < n_cases


def test_damaged_files(tmp_path):
    _survives(tmp_path / "x.cif", _originals(), seed=1, n_cases=300)


@pytest.mark.slow
def test_many_damaged_files(tmp_path):
    _survives(tmp_path / "x.cif", _originals(), seed=2, n_cases=12_000)
