"""Rigaku: RASX (a zip of text and XML) and RAS (text)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from porescope.diffraction.radiation import Radiation
from porescope.errors import ParseError
from porescope.io.patterns.emission import Line, monochromator_angle, radiation_from_tube
from porescope.io.patterns.formats import PatternFormat
from porescope.io.patterns.ranges import ScanRange, scan_from_ranges
from porescope.io.patterns.scan import Scan, Unit
from porescope.io.patterns.source import (
    Archive,
    Element,
    find,
    local_name,
    number,
    parse_xml,
    text_from_bytes,
    text_of,
)

_COUPLED = {"twothetatheta", "twothetaomega", "omegatwotheta", "thetatwotheta", "2theta/theta"}
_EMPTY = np.zeros(0)


def read_rasx(data: bytes, path: Path) -> Scan:
    """The θ–2θ or 2θ scan of a RASX archive; several data sets are joined.

    Raises
    ------
    ParseError
        Damaged, no profile, or a scan of another kind.
    """
    archive = Archive(data, path=path)
    profiles = sorted(
        (name for name in archive.names if re.fullmatch(r"Data\d+/Profile\d+\.txt", name)),
        key=lambda name: [int(part) for part in re.findall(r"\d+", name)],
    )
    if not profiles:
        kinds = sorted({name.rsplit("/", 1)[-1] for name in archive.names})[:5]
        raise ParseError(
            f"expected Data0/Profile0.txt in a RASX archive, came {', '.join(kinds) or 'nothing'}; "
            "if it holds an area image, integrate it first",
            path=path,
        )
    ranges: list[ScanRange] = []
    notes: list[str] = []
    conditions: list[dict[str, str]] = []
    for name in profiles:
        folder = name.split("/")[0]
        xml = next(
            (other for other in archive.names if re.match(rf"{folder}/Mea?surementCond", other)), ""
        )
        said = _conditions_of(parse_xml(archive.read(xml), path=path)) if xml else {}
        conditions.append(said)
        text = text_from_bytes(archive.read(name), path=path)
        one, note = _range_of(text.splitlines(), said, path)
        ranges.append(one)
        notes += [entry for entry in note if entry not in notes]
    return _scan_of(ranges, conditions[0], notes, "rasx", path)


def _conditions_of(root: Element) -> dict[str, str]:
    said: dict[str, str] = {}
    for route in (
        "GeneralInformation/SampleName", "GeneralInformation/SystemName",
        "HWConfigurations/XrayGenerator/TargetName", "HWConfigurations/XrayGenerator/WaveType",
        "HWConfigurations/XrayGenerator/WavelengthKalpha1",
        "HWConfigurations/XrayGenerator/WavelengthKalpha2",
        "HWConfigurations/XrayGenerator/WavelengthKbeta",
        "HWConfigurations/Optics/Attribute",
        "ScanInformation/AxisName", "ScanInformation/Speed", "ScanInformation/SpeedUnit",
        "ScanInformation/Step", "ScanInformation/PositionUnit", "ScanInformation/IntensityUnit",
        "ScanInformation/StartTime",
    ):  # fmt: skip
        text = text_of(find(root, route))
        if text:
            said[route.rsplit("/", 1)[-1]] = text
    for axis in root.iter():
        if local_name(axis) == "Axis" and axis.get("Name") in ("Omega", "CBO-M", "CBO"):
            said[f"axis {axis.get('Name')}"] = axis.get("Position", "")
        if local_name(axis) == "Category" and axis.get("Name") in (
            "IncidentMonochromator", "DetectorMonochromator"
        ):  # fmt: skip
            said[str(axis.get("Name"))] = axis.get("SelectedUnit", "")
    return said


_RAS_KEYS = {
    "FILE_SAMPLE": "SampleName", "FILE_SYSTEM_NAME": "SystemName",
    "HW_XG_TARGET_NAME": "TargetName", "HW_XG_WAVE_TYPE": "WaveType",
    "HW_XG_WAVE_LENGTH_ALPHA1": "WavelengthKalpha1",
    "HW_XG_WAVE_LENGTH_ALPHA2": "WavelengthKalpha2", "HW_XG_WAVE_LENGTH_BETA": "WavelengthKbeta",
    "MEAS_SCAN_AXIS_X_INTERNAL": "AxisName", "MEAS_SCAN_AXIS_X": "AxisLabel",
    "MEAS_SCAN_SPEED": "Speed", "MEAS_SCAN_SPEED_UNIT": "SpeedUnit", "MEAS_SCAN_STEP": "Step",
    "MEAS_SCAN_UNIT_X": "PositionUnit", "MEAS_SCAN_UNIT_Y": "IntensityUnit",
    "MEAS_SCAN_START_TIME": "StartTime",
}  # fmt: skip


def read_ras(data: bytes, path: Path) -> Scan:
    """The θ–2θ or 2θ scan of a RAS file; several data sets are joined.

    Raises
    ------
    ParseError
        Cut off, no data, or a scan of another kind.
    """
    lines = text_from_bytes(data, path=path).splitlines()
    ranges: list[ScanRange] = []
    notes: list[str] = []
    first: dict[str, str] = {}
    said: dict[str, str] = {}
    rows: list[str] | None = None
    for line in lines:
        if line.startswith("*RAS_INT_START"):
            rows = []
        elif line.startswith("*RAS_INT_END") and rows is not None:
            one, note = _range_of(rows, said, path)
            ranges.append(one)
            notes += [entry for entry in note if entry not in notes]
            first, said, rows = first or said, {}, None
        elif rows is not None:
            rows.append(line)
        elif line.startswith("*"):
            key, _, value = line[1:].partition(" ")
            if key in _RAS_KEYS:
                said[_RAS_KEYS[key]] = value.strip().strip('"')
    if rows is not None:
        raise ParseError(
            "the data end without *RAS_INT_END: the file is cut off; copy it again", path=path
        )
    return _scan_of(ranges, first, notes, "ras", path)


def _range_of(lines: list[str], said: Mapping[str, str], path: Path) -> tuple[ScanRange, list[str]]:
    """Rows of angle, intensity and attenuation factor."""
    axis = said.get("AxisName") or said.get("AxisLabel") or "TwoThetaTheta"
    compact = re.sub(r"[\s\-_/]", "", axis).lower()
    notes: list[str] = []
    if compact in ("twotheta", "2theta"):
        omega = said.get("axis Omega", "")
        at = f" at the fixed incidence {omega}°" if omega else ""
        notes.append(f"detector scan{at}: peak positions hold, intensities differ from a θ–2θ scan")
    elif compact not in _COUPLED and compact not in ("2thetatheta", "2thetaomega", "thetatheta"):
        raise ParseError(
            f"this is no θ–2θ powder scan but a scan along {axis}; export a 2θ scan", path=path
        )
    unit = said.get("PositionUnit", "deg")
    if unit.lower() not in ("deg", "degree", "°"):
        raise ParseError(f"expected positions in degrees, came {unit!r}", path=path)
    rows = [line.split() for line in lines if line.strip()]
    for index, row in enumerate(rows):
        if len(row) not in (2, 3):
            raise ParseError(
                f"expected angle, intensity and attenuation in row {index + 1} of the profile, "
                f"came {' '.join(row)[:40]!r}",
                path=path,
            )
    try:
        values = np.array([row + ["1"] * (3 - len(row)) for row in rows], float).reshape(-1, 3)
    except ValueError:
        raise ParseError("expected only numbers in the profile, came text", path=path) from None
    factor = np.where(np.isfinite(values[:, 2]) & (values[:, 2] > 0), values[:, 2], 1.0)
    if np.any(factor != 1.0):
        notes.append(f"intensities were multiplied by attenuation factors up to {factor.max():g}")
    return ScanRange(
        two_theta_deg=values[:, 0],
        intensity=values[:, 1] * factor,
        counting_time=_time_per_step(said, path),
        attenuation=factor,
    ), notes


def _time_per_step(said: Mapping[str, str], path: Path) -> float | None:
    """Time per step [s] from a speed in degrees per minute."""
    if not said.get("Speed") or not said.get("Step"):
        return None
    speed = number(said["Speed"], what="speed", path=path)
    step = abs(number(said["Step"], what="step", path=path))
    unit = said.get("SpeedUnit", "").lower()
    if "sec" in unit:
        return speed if "deg" not in unit and speed > 0 else None
    return 60.0 * step / speed if "min" in unit and speed > 0 else None


def _radiation_of(said: Mapping[str, str], path: Path) -> Radiation | None:
    def value(key: str) -> float:
        return number(said[key], what=key, path=path) if said.get(key) else 0.0

    kind = said.get("WaveType", "Ka").replace("α", "a").lower()
    line: Line = "Ka"
    if kind.startswith(("kb", "kβ")):
        line = "Kb"
    elif kind.startswith(("ka1", "kalpha1")):
        line = "Ka1"
    return radiation_from_tube(
        anode=said.get("TargetName", ""),
        line=line,
        alpha1=value("WavelengthKalpha1"),
        alpha2=value("WavelengthKalpha2"),
        beta=value("WavelengthKbeta"),
        monochromator_two_theta_deg=monochromator_angle(
            f"{said.get('IncidentMonochromator', '')} {said.get('Attribute', '')}",
            wavelength=value("WavelengthKalpha1") or 1.0,
        ),
    )


def _scan_of(
    ranges: list[ScanRange], said: Mapping[str, str], notes: list[str], name: str, path: Path
) -> Scan:
    intensity_unit = said.get("IntensityUnit", "counts").lower()
    unit: Unit = "unknown"
    if intensity_unit in ("counts", "count"):
        whole = all(np.allclose(r.intensity, np.round(r.intensity)) for r in ranges)
        unit = "counts" if whole else "unknown"
        if not whole:
            notes.append("the file says counts, but the intensities are no whole numbers")
    elif intensity_unit in ("cps", "counts/sec", "counts/s"):
        unit = "cps"
    base = Scan(
        axis=_EMPTY,
        intensity=_EMPTY,
        format=name,
        radiation=_radiation_of(said, path),
        name=said.get("SampleName", ""),
        metadata={key: text for key, text in said.items() if text},
        notes=tuple(notes),
    )
    return scan_from_ranges(ranges, base, unit=unit, path=path)


RASX = PatternFormat(
    name="rasx",
    title="Rigaku RASX",
    extensions=(".rasx",),
    matches=lambda data: data[:2] == b"PK" and b"Profile" in data and b"Data0/" in data,
    read=read_rasx,
)
RAS = PatternFormat(
    name="ras",
    title="Rigaku RAS",
    extensions=(".ras",),
    matches=lambda data: b"*RAS_DATA_START" in data[:4096] or b"*RAS_HEADER_START" in data[:4096],
    read=read_ras,
)
