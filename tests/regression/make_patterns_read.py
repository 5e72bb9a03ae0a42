"""Makes ``patterns_read.csv`` from the bytes of the real files, without porescope.

Regular expressions on the XML, ``struct`` offsets counted from the end of the binaries,
``numpy.loadtxt`` and splitting at spaces on the text: another way than the readers take. What a
file is (numbers of header lines, points, columns) was seen with ``head`` and ``xxd`` and typed
here. ``python make_patterns_read.py DATA_FOLDER`` prints the table.
"""

from __future__ import annotations

import csv
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

Row = tuple[str, np.ndarray, np.ndarray, str]
DOUBLET = "xray 1.54059 1.54443"
BRUKER = "xray 1.5406 1.54439"


def lines(path: Path, begin: int = 0, end: int | None = None) -> list[str]:
    return path.read_text(encoding="latin-1").splitlines()[begin:end]


def all_numbers(path: Path, begin: int, end: int | None = None) -> np.ndarray:
    return np.array(" ".join(lines(path, begin, end)).split(), float)


def xml_files(data: Path) -> Iterator[Row]:
    for path in data.glob("formats/*.xrdml"):
        text = path.read_text()
        ends = re.search(
            r'axis="2Theta" unit="deg">\s*<start\w+>([\d.]+)\D+>\s*<end\w+>([\d.]+)', text
        )
        counts = re.search(r'<(?:intensities|counts) unit="counts">([^<]*)<', text)
        waves = [re.search(rf"<kAlpha{i}[^>]*>([\d.]+)", text) for i in (1, 2)]
        assert ends
        assert counts
        assert "Attenuation" not in text
        values = np.array(counts.group(1).split(), float)
        angle = np.linspace(float(ends.group(1)), float(ends.group(2)), len(values))
        radiation = " ".join(f"{float(wave.group(1)):g}" for wave in waves if wave)
        yield "xrdml", angle, values, f"{path.relative_to(data)}|xray {radiation}"
    for path in [*data.glob("formats/*.rasx"), *data.glob("measured/porous/ZIF-8/*.rasx")]:
        archive = zipfile.ZipFile(path)
        table = np.loadtxt(archive.read("Data0/Profile0.txt").decode("utf-8-sig").splitlines())
        text = archive.read("Data0/MesurementConditions0.xml").decode("utf-8-sig")
        alpha1_only = "<WaveType>Ka1<" in text
        waves = [f"{float(one):g}" for one in re.findall(r"<WavelengthKalpha\d>([\d.]+)", text)]
        radiation = " ".join(waves[: 1 if alpha1_only else 2])
        yield "rasx", table[:, 0], table[:, 1], f"{path.relative_to(data)}|xray {radiation}"
    for path in data.glob("formats/*.brml"):
        text = zipfile.ZipFile(path).read("Experiment0/RawData0.xml").decode()
        table = np.array([row.split(",") for row in re.findall("<Datum>([^<]*)", text)], float)
        yield "brml", table[:, 2], table[:, 4], f"{path.relative_to(data)}|{BRUKER}"


def binary_files(data: Path) -> Iterator[Row]:
    for kind, name, start, step, n_points in (
        ("raw3", "BT86.raw", 3.0, 0.0155922, 2374),
        ("raw3", "Cu3Au-1.raw", 22.0, 0.02, 3901),
        ("raw4", "TiO2.raw", 10.0, 0.036477, 1647),
        ("raw4", "bruker.raw", 37.0001, 0.02045454498, 4059),
    ):
        counts = np.frombuffer((data / "formats" / name).read_bytes()[-4 * n_points :], "<f4")
        yield kind, start + step * np.arange(n_points), counts, f"formats/{name}|{BRUKER}"
    content = (data / "formats/format1.raw").read_bytes()
    pieces, at = [], 712 + 304
    for n_points, seconds in ((101, 0.1), (26, 0.2), (51, 0.1)):
        pieces.append(np.frombuffer(content[at : at + 4 * n_points], "<f4") / seconds)
        at += 4 * n_points + 304
    grids = [10 + 0.1 * np.arange(101), 30 + 0.2 * np.arange(26), 40 + 0.1 * np.arange(51)]
    angle = np.concatenate(grids)
    yield "raw3", angle, np.concatenate(pieces), f"formats/format1.raw|{BRUKER}"
    counts = np.frombuffer((data / "formats/stoe.raw").read_bytes()[2560 : 2560 + 4 * 5404], "<i4")
    radiation = "xray 1.20793 1.20839"
    yield "stoe", 10 + 0.015 * np.arange(5404), counts, f"formats/stoe.raw|{radiation}"


_TABLES = (
    ("xye", "formats/example_bmb.xye", 25, "xray 0.414581"),
    ("xy", "formats/example_evadiffract.xy", 1, DOUBLET),
    ("xye", "formats/example_mac.xye", 0, "none"),
    ("xye", "formats/example_mythen.xye", 0, "none"),
    ("xy", "formats/example_mythen.dat", 0, "none"),
    ("xy", "formats/xy_text.txt", 0, "none"),
    ("xy", "formats/example_ocx.xy", 1, "none"),
    ("csv", "measured/porous/ZIF-67/data.csv", 0, "none"),
    ("xy", "measured/porous/ZIF-67/pattern.xy", 1, DOUBLET),
    ("xy", "measured/porous/ZIF-8/pattern.xy", 1, "xray 1.54059 1.54441"),
    ("xy", "measured/porous/ZIF-8_Cl/pattern.xy", 1, "xray 1.5406"),
    ("xy", "measured/porous/Zn-MOF-74_neutron/pattern.xy", 1, "neutron 2.0785"),
    ("xy", "measured/porous/analcime/pattern.xy", 1, "xray 1.5406 1.5444"),
    ("xy", "measured/porous/chabazite/pattern.xy", 1, "xray 1.5406 1.5444"),
    ("xy", "measured/other/crystalyze_LuOF/Lu_O_F_raw.xy", 0, "none"),
    ("xy", "measured/other/crystalyze_Ca2MnTeO6/Ca2_Mn_Te_O6_raw.xy", 0, "none"),
    ("xye", "measured/other/DASH_cimetidine/Tutorial_03.xye", 1, "xray 1.5285"),
    ("xye", "measured/other/DASH_hydrochlorothiazide/Tutorial_01.xye", 1, "xray 1.1294"),
)


def text_files(data: Path) -> Iterator[Row]:
    tables = [*_TABLES]
    for path in data.glob("measured/other/iucr_*/pattern.xy"):
        tables.append(("xy", path.relative_to(data).as_posix(), 1, "none"))
    for kind, name, skip, radiation in tables:
        rows = [line.replace(",", " ") for line in lines(data / name, skip)]
        table = np.loadtxt(rows)
        table = table[table[:, 0] > 0]
        yield kind, table[:, 0], table[:, 1], f"{name}|{radiation}"
    name = "formats/BT86_.UXD"
    table = np.loadtxt([line for line in lines(data / name) if re.match(r"\d", line)])
    yield "uxd", table[:, 0], table[:, 1], f"{name}|{BRUKER}"
    for path in data.glob("measured/other/*/*Igor"):
        rows = lines(path)
        table = np.array([row.split()[:2] for row in rows[3 : rows.index("END")]], float)
        yield "igor", table[:, 0], table[:, 1], f"{path.relative_to(data)}|none"
    name = "measured/other/cimetidine_FOX/Cimetidine-powder.xml"
    table = np.loadtxt(lines(data / name, 1105, 8804))
    yield "objcryst", table[:, 0], table[:, 1], f"{name}|xray 1.52904"


def gsas_and_grid_files(data: Path) -> Iterator[Row]:
    for name, wavelength in (
        ("measured/other/NAC_11BM/11BM_NAC.fxye", "0.413909"),
        ("measured/other/sucrose/11bmb_8716.fxye", "0.413259"),
    ):
        rows = lines(data / name)
        bank = next(i for i, row in enumerate(rows) if row.startswith("BANK"))
        table = np.loadtxt(rows[bank + 1 :])[: int(rows[bank].split()[2])]
        yield "gsas", table[:, 0] / 100, table[:, 1], f"{name}|xray {wavelength}"
    name = "measured/other/3-aminoquinoline/Quinoli.gda"
    counts = all_numbers(data / name, 2)[0::2]
    yield "gsas", 7.5 + 0.004 * np.arange(7361), counts, f"{name}|none"
    counts = all_numbers(data / "formats/FAP.XRA", 2)[:5753]
    yield "gsas", 15 + 0.02 * np.arange(5753), counts, "formats/FAP.XRA|none"
    rows = lines(data / "formats/garnet.raw", 2)
    fields = [float(row[at + 2 : at + 8]) for row in rows for at in range(0, len(row), 8)]
    counts = np.array(fields[:2679])
    yield "gsas", 24 + 0.05 * np.arange(2679), counts, "formats/garnet.raw|none"
    counts = all_numbers(data / "formats/D1A5.dat", 5)[101:1680]
    yield "grid", -10 + 0.1 * np.arange(101, 1680), counts, "formats/D1A5.dat|neutron 1.9114"
    counts = all_numbers(data / "formats/PSI_DMC.dat", 3, 323)
    yield "grid", 2.948 + 0.05 * np.arange(3200), counts, "formats/PSI_DMC.dat|neutron 1.494"
    name = "measured/other/cimetidine_FOX/cime.dat"
    yield "grid", 8.01 + 0.01 * np.arange(7699), all_numbers(data / name, 1), f"{name}|none"


_WEIGHT, _BACKGROUND = "_pd_proc_ls_weight", "_pd_proc_intensity_bkg_calc"
_TOTAL, _NET = "_pd_calc_intensity_total", "_pd_calc_intensity_net"
_CIFS: tuple[tuple[str, str, int, int | tuple[float, float], int, str], ...] = (
    ("formats/1517474.cif", _TOTAL, 4, (1.518, 0.05), 0, "neutron 2.0785"),
    ("measured/porous/Zn-MOF-74_neutron/*.cif", _TOTAL, 4, (1.518, 0.05), 0, "neutron 2.0785"),
    ("measured/porous/ZIF-8_Cl/*original.cif", _TOTAL, 4, (6.00451, 0.01), 0, "xray 1.5406"),
    ("measured/other/iucr_br*/*.cif", _WEIGHT, 5, 1, 2, "xray 1.54056"),
    ("measured/other/iucr_gw*/*.cif", _WEIGHT, 5, 1, 2, "xray 0.49935"),
    ("measured/other/iucr_iz*/*.cif", _WEIGHT, 7, 1, 4, DOUBLET),
    ("measured/other/iucr_ks*/*.cif", _BACKGROUND, 5, 1, 2, "xray 1.54056 1.54439"),
    ("measured/other/iucr_sh*/*.cif", _TOTAL, 2, (10.0, 0.05), 0, "xray 1.54056 1.5444"),
    ("measured/other/iucr_sq1*/*.cif", _NET, 4, 1, 2, DOUBLET),
    ("measured/other/iucr_sq3*/*.cif", _BACKGROUND, 5, 1, 2, "xray 1.54059"),
    ("measured/other/iucr_wm*/*.cif", _TOTAL, 4, (9.87202, 0.017), 0, DOUBLET),
    ("measured/other/iucr_wn*/*.cif", _NET, 6, 1, 4, "xray 1.54056 1.54439"),
    ("measured/other/crystalyze_LuOF/LuOF.cif", _BACKGROUND, 5, 0, 1, "xray 1.54056"),
    ("measured/other/crystalyze_Ca2MnTeO6/Ca2*6.cif", _BACKGROUND, 5, 0, 1, "xray 1.54056"),
)


def cif_files(data: Path) -> Iterator[Row]:
    for pattern, last_tag, n_columns, axis, column, radiation in _CIFS:
        path = next(
            one for one in sorted(data.glob(pattern)) if last_tag in one.read_text("latin-1")
        )
        rows = lines(path)
        begin = max(i for i, row in enumerate(rows) if row.split()[:1] == [last_tag]) + 1
        kept: list[list[str]] = []
        for row in rows[begin:]:
            parts = row.split()
            if not kept and (not parts or parts[0].startswith("#")):
                continue
            if len(parts) != n_columns:
                break
            kept.append([part.partition("(")[0] for part in parts])
        counts = np.array([float(parts[column]) for parts in kept])
        if isinstance(axis, int):
            angle = np.array([float(parts[axis]) for parts in kept])
        else:
            angle = axis[0] + axis[1] * np.arange(len(counts))
        yield "pdcif", angle, counts, f"{path.relative_to(data)}|{radiation}"


def main() -> None:
    data = Path(sys.argv[1])
    found = [
        (*label.split("|"), kind, angle, counts)
        for source in (xml_files, binary_files, text_files, gsas_and_grid_files, cif_files)
        for kind, angle, counts, label in source(data)
    ]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(
        ["file", "format", "n_points", "first_deg", "last_deg", "mean_step_deg", "sum", "radiation"]
    )
    for name, radiation, kind, angle, counts in sorted(found, key=lambda one: one[0]):
        step = (angle[-1] - angle[0]) / (len(angle) - 1)
        total = float(np.sum(counts, dtype=float))
        ends = f"{angle[0]:.8g}", f"{angle[-1]:.8g}"
        writer.writerow([name, kind, len(counts), *ends, f"{step:.6g}", f"{total:.8g}", radiation])


if __name__ == "__main__":
    main()
