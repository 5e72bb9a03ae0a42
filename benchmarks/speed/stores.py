"""Which file format suits structures with patterns and labels: SQLite, LMDB, Zarr, Parquet, Arrow.

Each holds the same structures (CoRE MOF 2019), a float32 pattern of 1 351 points and five labels
each. Measured: time to write in batches of 100, size, whole structures in random order from one
and from two processes, patterns alone, one label of all, and what can be read after the writer
was killed half-way.

    python benchmarks/speed/stores.py --structures FOLDER [--n 3000]
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from benchmarks.rows import run_facts

from porescope.crystal.structure import Crystal
from porescope.datasets.archives.reading import read_archive
from porescope.datasets.structure_codec import (
    arrays_from_bytes,
    bytes_from_arrays,
    bytes_from_crystal,
    crystal_from_bytes,
)
from porescope.datasets.structure_store import StoredStructure, StructureStore

BATCH = 100
POINTS = 1351
LABELS = ("a_ev", "b_angstrom", "c_mol_per_kg", "d", "e")
RESULTS = Path(__file__).parents[1] / "results" / "speed_stores.csv"


class Format(Protocol):
    """One way to keep structures in a file."""

    def write(self, path: Path, batches: Iterator[list[StoredStructure]]) -> None: ...
    def open(self, path: Path) -> None: ...
    def __len__(self) -> int: ...
    def crystal(self, i: int) -> Crystal: ...
    def pattern(self, i: int) -> np.ndarray: ...
    def label(self, name: str) -> np.ndarray: ...


def _name(i: int) -> str:
    return f"structure-{i:06d}"


class Sqlite:
    """The project's store."""

    def write(self, path: Path, batches: Iterator[list[StoredStructure]]) -> None:
        with StructureStore(path, writable=True) as store:
            for batch in batches:
                store.add(batch)

    def open(self, path: Path) -> None:
        self.store = StructureStore(path)

    def __len__(self) -> int:
        return len(self.store)

    def crystal(self, i: int) -> Crystal:
        return self.store.crystal(_name(i))

    def pattern(self, i: int) -> np.ndarray:
        return self.store.array(_name(i), "pattern")

    def label(self, name: str) -> np.ndarray:
        return np.array([float(v) for v in self.store.labels(name).values()])


class Lmdb:
    """The same bytes under keys in LMDB."""

    def write(self, path: Path, batches: Iterator[list[StoredStructure]]) -> None:
        import lmdb

        with lmdb.open(str(path), map_size=4 << 30, subdir=False) as env:
            for batch in batches:
                with env.begin(write=True) as txn:
                    for s in batch:
                        key = s.id.encode()
                        txn.put(b"c" + key, bytes_from_crystal(s.crystal))
                        pattern = bytes_from_arrays({"pattern": s.arrays["pattern"]})
                        txn.put(b"p" + key, pattern)
                        for name, value in s.labels.items():
                            txn.put(b"l" + name.encode() + b":" + key, json.dumps(value).encode())

    def open(self, path: Path) -> None:
        import lmdb

        self.env = lmdb.open(str(path), readonly=True, lock=False, subdir=False)
        self.txn = self.env.begin()

    def __len__(self) -> int:
        return self.env.stat()["entries"] // (2 + len(LABELS))

    def crystal(self, i: int) -> Crystal:
        return crystal_from_bytes(self.txn.get(b"c" + _name(i).encode()), name=_name(i))

    def pattern(self, i: int) -> np.ndarray:
        return arrays_from_bytes(self.txn.get(b"p" + _name(i).encode()))["pattern"]

    def label(self, name: str) -> np.ndarray:
        prefix = b"l" + name.encode() + b":"
        cursor = self.txn.cursor()
        cursor.set_range(prefix)
        values = []
        for key, value in cursor:
            if not key.startswith(prefix):
                break
            values.append(float(json.loads(value)))
        return np.array(values)


class Zarr:
    """Atoms of all structures in chunked arrays that grow, with offsets."""

    CHUNK = 4096

    def write(self, path: Path, batches: Iterator[list[StoredStructure]]) -> None:
        import zarr

        root = zarr.open_group(str(path), mode="a")
        shapes = {
            "lattice": (9,),
            "offset": (),
            "frac": (3,),
            "numbers": (),
            "pattern": (POINTS,),
        }
        types = {"frac": "f4", "numbers": "u1", "pattern": "f4", "offset": "i8"}
        for name in (*shapes, *LABELS):
            if name not in root:
                tail = shapes.get(name, ())
                chunk = 16 if name == "pattern" else self.CHUNK
                root.create_array(
                    name, shape=(0, *tail), chunks=(chunk, *tail), dtype=types.get(name, "f8")
                )
        for batch in batches:
            start = root["numbers"].shape[0]
            sizes = np.array([s.crystal.n_atoms for s in batch])
            root["numbers"].append(np.concatenate([s.crystal.numbers for s in batch]).astype("u1"))
            frac = np.concatenate([s.crystal.frac for s in batch]).astype("f4")
            root["frac"].append(frac)
            root["lattice"].append(np.array([s.crystal.lattice.ravel() for s in batch]))
            root["pattern"].append(np.array([s.arrays["pattern"] for s in batch]))
            for name in LABELS:
                root[name].append(np.array([s.labels[name] for s in batch], dtype="f8"))
            root["offset"].append(start + np.cumsum(sizes))

    def open(self, path: Path) -> None:
        import zarr

        self.root = zarr.open_group(str(path), mode="r")
        self.arrays = {name: self.root[name] for name in self.root}
        self.offsets = np.concatenate([[0], self.arrays["offset"][:]])

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def crystal(self, i: int) -> Crystal:
        part = slice(int(self.offsets[i]), int(self.offsets[i + 1]))
        return _plain(
            self.arrays["lattice"][i].reshape(3, 3),
            self.arrays["frac"][part],
            self.arrays["numbers"][part],
        )

    def pattern(self, i: int) -> np.ndarray:
        return self.arrays["pattern"][i]

    def label(self, name: str) -> np.ndarray:
        return self.arrays[name][:]


def _plain(lattice: np.ndarray, frac: np.ndarray, numbers: np.ndarray) -> Crystal:
    n = len(numbers)
    return Crystal(
        lattice=np.asarray(lattice, dtype=np.float64),
        frac=np.asarray(frac, dtype=np.float64).reshape(-1, 3),
        numbers=np.asarray(numbers, dtype=np.int64),
        occupancy=np.ones(n),
        u_iso=np.full(n, np.nan),
    )


def _record_batch(batch: list[StoredStructure]) -> Any:
    import pyarrow as pa

    columns: dict[str, Any] = {
        "lattice": pa.array([s.crystal.lattice.ravel() for s in batch]),
        "frac": pa.array([s.crystal.frac.astype("f4").ravel() for s in batch]),
        "numbers": pa.array([s.crystal.numbers.astype("u1") for s in batch]),
        "pattern": pa.array([s.arrays["pattern"] for s in batch]),
    }
    columns |= {name: pa.array([float(s.labels[name]) for s in batch]) for name in LABELS}
    return pa.record_batch(columns)


class Parquet:
    """A file of row groups of 100 rows, zstd."""

    def write(self, path: Path, batches: Iterator[list[StoredStructure]]) -> None:
        import pyarrow.parquet as pq

        writer = None
        for batch in batches:
            rows = _record_batch(batch)
            if writer is None:
                writer = pq.ParquetWriter(path, rows.schema, compression="zstd")
            writer.write_batch(rows)
        if writer is not None:
            writer.close()

    def open(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self.file = pq.ParquetFile(path)

    def __len__(self) -> int:
        return self.file.metadata.num_rows

    def _row(self, i: int, columns: list[str]) -> dict[str, Any]:
        group = self.file.read_row_group(i // BATCH, columns=columns)
        return {name: group[name][i % BATCH].values.to_numpy() for name in columns}

    def crystal(self, i: int) -> Crystal:
        row = self._row(i, ["lattice", "frac", "numbers"])
        return _plain(row["lattice"].reshape(3, 3), row["frac"], row["numbers"])

    def pattern(self, i: int) -> np.ndarray:
        return self._row(i, ["pattern"])["pattern"]

    def label(self, name: str) -> np.ndarray:
        return self.file.read(columns=[name])[name].to_numpy()


class Arrow:
    """An Arrow file, mapped into memory, not compressed."""

    def write(self, path: Path, batches: Iterator[list[StoredStructure]]) -> None:
        import pyarrow as pa

        writer = None
        with pa.OSFile(str(path), "wb") as sink:
            for batch in batches:
                rows = _record_batch(batch)
                if writer is None:
                    writer = pa.ipc.new_file(sink, rows.schema)
                writer.write_batch(rows)
            if writer is not None:
                writer.close()

    def open(self, path: Path) -> None:
        import pyarrow as pa

        self.reader = pa.ipc.open_file(pa.memory_map(str(path)))
        self.batches = [self.reader.get_batch(i) for i in range(self.reader.num_record_batches)]

    def __len__(self) -> int:
        return sum(b.num_rows for b in self.batches)

    def crystal(self, i: int) -> Crystal:
        rows = self.batches[i // BATCH]
        row = {n: rows[n][i % BATCH].values.to_numpy() for n in ("lattice", "frac", "numbers")}
        return _plain(row["lattice"].reshape(3, 3), row["frac"], row["numbers"])

    def pattern(self, i: int) -> np.ndarray:
        return self.batches[i // BATCH]["pattern"][i % BATCH].values.to_numpy()

    def label(self, name: str) -> np.ndarray:
        return np.concatenate([b[name].to_numpy() for b in self.batches])


FORMATS: dict[str, Callable[[], Format]] = {
    "sqlite": Sqlite,
    "lmdb": Lmdb,
    "zarr": Zarr,
    "parquet": Parquet,
    "arrow": Arrow,
}


def load(folder: Path, n: int) -> list[StoredStructure]:
    """The first structures of CoRE MOF 2019, with made-up patterns and labels."""
    generator = np.random.default_rng(0)
    found = []
    for item in read_archive(folder, "core-mof-2019"):
        if item.crystal is None:
            continue
        peaks = generator.uniform(0, POINTS, 60)[:, None]
        heights = generator.exponential(size=60)[:, None]
        pattern = (heights * np.exp(-((np.arange(POINTS) - peaks) ** 2) / 20.0)).sum(axis=0)
        found.append(
            StoredStructure(
                id=_name(len(found)),
                crystal=item.crystal,
                labels=dict(zip(LABELS, generator.normal(size=5).tolist(), strict=True)),
                arrays={"pattern": pattern.astype(np.float32)},
            )
        )
        if len(found) == n:
            break
    return found


def _batches(structures: list[StoredStructure], pause: float) -> Iterator[list[StoredStructure]]:
    for start in range(0, len(structures), BATCH):
        yield structures[start : start + BATCH]
        time.sleep(pause)


def _write(kind: str, path: Path, structures: list[StoredStructure], pause: float) -> None:
    FORMATS[kind]().write(path, _batches(structures, pause))


def _read_some(kind: str, path: Path, order: list[int]) -> None:
    found = FORMATS[kind]()
    found.open(path)
    for i in order:
        found.crystal(i)


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file())


def after_kill(kind: str, path: Path, structures: list[StoredStructure], seconds: float) -> str:
    """Kill a writer half-way; how many rows can be read, and whether all are whole."""
    context = multiprocessing.get_context("fork")
    pause = seconds / max(1, len(structures) // BATCH)
    writer = context.Process(target=_write, args=(kind, path, structures, pause))
    writer.start()
    time.sleep(seconds)
    os.kill(writer.pid or 0, signal.SIGKILL)
    writer.join()
    try:
        found = FORMATS[kind]()
        found.open(path)
        n = len(found)
        for i in range(n):
            if found.crystal(i).n_atoms != structures[i].crystal.n_atoms:
                return f"row {i} of {n} is torn"
        ragged = [len(found.label(name)) for name in LABELS if len(found.label(name)) != n]
        return f"{n} whole rows" + (f", labels {ragged}" if ragged else "")
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        return f"unreadable ({type(error).__name__})"


def measure(kind: str, structures: list[StoredStructure], folder: Path) -> dict[str, object]:
    """One row of results."""
    n = len(structures)
    path = folder / f"store.{kind}"
    begin = time.perf_counter()
    _write(kind, path, structures, 0.0)
    written = time.perf_counter() - begin
    order = np.random.default_rng(1).permutation(n)[:1000].tolist()
    found = FORMATS[kind]()
    found.open(path)
    found.crystal(order[0])
    begin = time.perf_counter()
    for i in order:
        found.crystal(i)
    one = time.perf_counter() - begin
    begin = time.perf_counter()
    for i in order:
        found.pattern(i)
    pattern = time.perf_counter() - begin
    begin = time.perf_counter()
    found.label(LABELS[2])
    label = time.perf_counter() - begin
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        pool.starmap(_read_some, [(kind, path, order[:2])] * 2)
        begin = time.perf_counter()
        pool.starmap(_read_some, [(kind, path, order[:500]), (kind, path, order[500:])])
        two = time.perf_counter() - begin
    killed = after_kill(kind, folder / f"killed.{kind}", structures[:1500], 4.0)
    return {
        "format": kind,
        "n_structures": n,
        "write_s": round(written, 2),
        "size_mb": round(_size(path) / 1e6, 2),
        "crystal_us": round(one / len(order) * 1e6, 1),
        "pattern_us": round(pattern / len(order) * 1e6, 1),
        "label_of_all_ms": round(label * 1e3, 2),
        "crystals_per_s_two_processes": round(len(order) / two),
        "after_kill": killed,
    }


def main() -> None:
    """Measure all formats in one run and add their rows to the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--structures", type=Path, required=True)
    parser.add_argument("--n", type=int, default=3000)
    options = parser.parse_args()
    structures = load(options.structures, options.n)
    facts = {**run_facts(), "seed": 0, "data": f"core-mof-2019[:{len(structures)}]"}
    rows = []
    for kind in FORMATS:
        with tempfile.TemporaryDirectory(prefix="stores-") as name:
            rows.append({**facts, **measure(kind, structures, Path(name))})
            print(rows[-1])
            shutil.rmtree(name, ignore_errors=True)
            Path(name).mkdir(exist_ok=True)
    new = not RESULTS.is_file()
    with RESULTS.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        if new:
            writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
