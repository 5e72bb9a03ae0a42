"""Whatever is in a file: a checked pattern comes out or an error that a user can act on."""

from __future__ import annotations

import time
from pathlib import Path

import made_files as made
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutations import mutated

from porescope.diffraction.radiation import Radiation
from porescope.errors import PorescopeError
from porescope.io.patterns.reader import read_pattern

N_CASES = 12_000
SECONDS_PER_CASE = 1.0
LARGEST = 300_000
NO_PATTERNS = {".json", ".zmatrix", ".mol2", ".sdi", ".fcf", ".out", ".xyz", ".inp"}

some_radiation = st.sampled_from([None, Radiation(wavelengths=(1.5406,))])
head = st.sampled_from(
    [b"", b"RAW1.01", b"RAW4.00\x00", b"RAW ", b"RAW2", b"RAW_1.06", b"PK\x03\x04", b"IGOR\n",
     b"<ObjCryst>", b"<xrdMeasurements", b"data_a\nloop_\n_pd_meas_counts_total\n",
     b"title\nBANK 1 100 10 CONST 500 2 0 0 STD\n", b"_FILEVERSION=2\n_2THETACOUNTS\n",
     b"*RAS_DATA_START\n*RAS_INT_START\n", b"1.5406\n", b"5 0.1 50\n"]
)  # fmt: skip
row = st.lists(
    st.floats(-10, 200).map(lambda x: f"{x:.4f}")
    | st.sampled_from(["nan", "1e400", "-", "abc", "1,5", ""]),
    min_size=0,
    max_size=4,
)
table = st.builds(
    lambda rows, gap: "\n".join(gap.join(one) for one in rows).encode(),
    st.lists(row, max_size=60),
    st.sampled_from([" ", ",", ";", "\t"]),
)


def require_sound(path: Path, radiation: Radiation | None) -> str:
    """Read; the outcome is a pattern that keeps every promise, or an error of ours."""
    try:
        pattern = read_pattern(path, radiation=radiation)
    except PorescopeError as error:
        message = str(error)
    else:
        message = ""
    if message:
        assert len(message) > 20
        assert "\n" not in message
        return "refused"
    assert pattern.n_points >= 20
    assert np.all(np.diff(pattern.two_theta_deg) > 0)
    assert 0.0 < pattern.two_theta_deg[0] < pattern.two_theta_deg[-1] < 180.0
    assert np.all(np.isfinite(pattern.intensity))
    assert np.all(np.isfinite(pattern.sigma))
    assert np.all(pattern.sigma > 0)
    if pattern.radiation is not None:
        assert all(0.01 < wavelength < 100.0 for wavelength in pattern.radiation.wavelengths)
    return "read"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=head, rest=st.binary(max_size=600) | table, radiation=some_radiation)
def test_small_inputs(
    start: bytes, rest: bytes, radiation: Radiation | None, tmp_path: Path
) -> None:
    path = tmp_path / "any.file"
    path.write_bytes(start + rest)
    require_sound(path, radiation)


_MADE = (
    made.raw1(ranges=2), made.raw2(), made.ras(), made.udf(), made.mdi(), made.cpi(),
    made.gsas("ALT"), made.stoe(bits=16), made.table(";", comma=True, sigma=True),
)  # fmt: skip


def _originals(shared_data: Path) -> list[tuple[str, bytes]]:
    files = [
        path
        for folder in ("formats", "measured")
        for path in sorted((shared_data / folder).rglob("*"))
        if path.is_file() and path.suffix not in NO_PATTERNS
    ]
    real = [
        (path.name, data if data[:2] == b"PK" else data[:LARGEST])
        for path in files
        for data in [path.read_bytes()]
        if not path.name.startswith("Scan_C") or path.name == "Scan_C1.xrdml"
    ]
    return real + [(f"made_{index}.any", data) for index, data in enumerate(_MADE)]


def _run(shared_data: Path, tmp_path: Path, *, n_cases: int, seed: int) -> dict[str, int]:
    originals = _originals(shared_data)
    rng = np.random.default_rng(seed)
    outcomes = {"read": 0, "refused": 0}
    slowest = (0.0, "")
    for case in range(n_cases):
        name, data = originals[case % len(originals)]
        _, other = originals[int(rng.integers(len(originals)))]
        path = tmp_path / f"case{Path(name).suffix}"
        path.write_bytes(mutated(data, other, rng))
        started = time.process_time()
        try:
            outcomes[require_sound(path, None)] += 1
        except BaseException:
            kept = tmp_path / f"failed_{case}_{name}"
            kept.write_bytes(path.read_bytes())
            print(f"case {case} of seed {seed}, from {name}: kept as {kept}")
            raise
        slowest = max(slowest, (time.process_time() - started, f"case {case}, {name}"))
    assert slowest[0] < SECONDS_PER_CASE, slowest
    print(f"slowest: {slowest[0]:.2f} s of processor time, {slowest[1]}")
    return outcomes


@pytest.mark.shared
def test_mutated_real_files_quick(shared_data: Path, tmp_path: Path) -> None:
    outcomes = _run(shared_data, tmp_path, n_cases=120, seed=3)
    assert min(outcomes.values()) > 10


@pytest.mark.slow
@pytest.mark.shared
def test_mutated_real_files(shared_data: Path, tmp_path: Path) -> None:
    started = time.perf_counter()
    outcomes = _run(shared_data, tmp_path, n_cases=N_CASES, seed=1)
    print(f"{N_CASES} mutated files in {time.perf_counter() - started:.0f} s: {outcomes}")
    assert min(outcomes.values()) > N_CASES // 20
