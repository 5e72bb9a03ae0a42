"""The store of structures."""

import multiprocessing
import os
import pickle
import signal
import sqlite3
import time
from pathlib import Path

import numpy as np
import pytest

from porescope.crystal.structure import Crystal
from porescope.datasets.structure_store import SCHEMA_VERSION, StoredStructure, StructureStore
from porescope.errors import ConfigError, ParseError


def _crystal(n: int = 3) -> Crystal:
    rng = np.random.default_rng(n)
    return Crystal(
        lattice=np.eye(3) * (5.0 + n),
        frac=rng.random((n, 3)),
        numbers=np.full(n, 6),
        occupancy=np.ones(n),
        u_iso=np.full(n, np.nan),
    )


def _item(i: int) -> StoredStructure:
    return StoredStructure(
        id=f"s{i}",
        crystal=_crystal(i + 1),
        source="made",
        net_hash=f"{i:032x}",
        labels={"gap_ev": 0.5 * i, "kind": f"word {i}"},
        arrays={
            "pattern": np.arange(i + 2, dtype=np.float32),
            "bonds": np.zeros((i, 5), dtype=np.int64),
        },
    )


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    with StructureStore(tmp_path / "a.store", writable=True) as store:
        assert store.add([_item(0), _item(1), _item(2)], done={"job 1": "ok"}) == 3
        store.set_meta({"seed": 7})
        store.finish()
    with StructureStore(tmp_path / "a.store") as store:
        assert len(store) == 3
        assert "s1" in store
        assert store.ids() == store.ids(source="made") == ["s0", "s1", "s2"]
        assert store.ids(source="other") == []
        assert store.meta() == {"seed": 7}
        assert store.done() == {"job 1": "ok"}
        assert store.labels("gap_ev") == {"s0": 0.0, "s1": 0.5, "s2": 1.0}
        assert store.labels("kind")["s2"] == "word 2"
        assert store.net_hashes()["s1"] == f"{1:032x}"
        back = store.structure("s2")
        np.testing.assert_allclose(back.crystal.frac, _crystal(3).frac, atol=1e-8)
        assert back.labels == {"gap_ev": 1.0, "kind": "word 2"}
        np.testing.assert_array_equal(back.arrays["pattern"], np.arange(4, dtype=np.float32))
        assert back.arrays["bonds"].shape == (2, 5)
        assert set(store.structure("s2", arrays=["bonds"]).arrays) == {"bonds"}
        assert [c.n_atoms for c in store.crystals(["s2", "s0"])] == [3, 1]
        assert store.array_names() == ["bonds", "pattern"]
        assert store.label_names() == ["gap_ev", "kind"]
    assert [p.name for p in tmp_path.iterdir()] == ["a.store"]


def test_one_identifier_is_added_once(tmp_path: Path) -> None:
    with StructureStore(tmp_path / "a.store", writable=True) as store:
        assert store.add([_item(1), _item(1)]) == 1
        assert store.add([_item(1), _item(2)]) == 1
        assert len(store) == 2


def test_labels_can_be_added_later_and_nan_is_no_label(tmp_path: Path) -> None:
    with StructureStore(tmp_path / "a.store", writable=True) as store:
        store.add([_item(1)])
        store.annotate("s1", labels={"gap_ev": 9.0, "heat": float("nan")}, arrays={"x": np.ones(2)})
        assert store.labels_of("s1")["gap_ev"] == 9.0
        assert store.labels("heat") == {}
        np.testing.assert_array_equal(store.array("s1", "x"), np.ones(2))
        with pytest.raises(ConfigError, match="no structure 'nobody'"):
            store.annotate("nobody", labels={"a": 1.0})


def test_a_store_travels_to_other_processes(tmp_path: Path) -> None:
    with StructureStore(tmp_path / "a.store", writable=True) as store:
        store.add([_item(1)])
    with (
        StructureStore(tmp_path / "a.store") as store,
        pickle.loads(pickle.dumps(store)) as other,
    ):
        assert other.crystal("s1").n_atoms == 2
        with pytest.raises(ConfigError, match="reading only"):
            other.add([_item(2)])


def _write_until_killed(path: Path) -> None:
    with StructureStore(path, writable=True) as store:
        for start in range(0, 100_000, 10):
            store.add([_item(i % 50) for i in range(start, start + 10)], done={str(start): "ok"})
            batch = [
                StoredStructure(id=f"n{start + i}", crystal=_crystal(40), labels={"a": 1.0})
                for i in range(10)
            ]
            store.add(batch, done={f"n{start}": "ok"})


def test_a_killed_writer_leaves_whole_batches(tmp_path: Path) -> None:
    path = tmp_path / "a.store"
    writer = multiprocessing.get_context("spawn").Process(target=_write_until_killed, args=(path,))
    writer.start()
    limit = time.monotonic() + 60.0
    while time.monotonic() < limit:
        try:
            with StructureStore(path) as store:
                if len(store.done()) > 20:
                    break
        except (ConfigError, ParseError):
            pass
        time.sleep(0.02)
    os.kill(writer.pid or 0, signal.SIGKILL)
    writer.join()
    writer.close()
    with StructureStore(path, writable=True) as store:
        batches = [key for key in store.done() if key.startswith("n")]
        own = [id for id in store.ids() if id.startswith("n")]
        assert len(batches) > 5
        assert len(own) == 10 * len(batches) == len(store.labels("a"))
        assert all(store.crystal(id).n_atoms == 40 for id in own)
        assert store.add([_item(99)]) == 1


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no store of structures at"):
        StructureStore(tmp_path / "missing")
    text = tmp_path / "text"
    text.write_text("data_x\n" * 400)
    with pytest.raises(ParseError, match="no store of structures"):
        StructureStore(text)
    other = tmp_path / "other"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE a (b)")
    db.close()
    with pytest.raises(ParseError, match="no store of structures"):
        StructureStore(other)


def test_a_newer_version_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.store"
    StructureStore(path, writable=True).close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    db.close()
    with pytest.raises(ParseError, match=f"version {SCHEMA_VERSION + 1}"):
        StructureStore(path)


def test_missing_parts_are_named(tmp_path: Path) -> None:
    with StructureStore(tmp_path / "a.store", writable=True) as store:
        store.add([_item(1)])
        with pytest.raises(ConfigError, match="no structure 's9'"):
            store.crystal("s9")
        with pytest.raises(ConfigError, match="no array 'spectrum' of 's1'"):
            store.array("s1", "spectrum")
