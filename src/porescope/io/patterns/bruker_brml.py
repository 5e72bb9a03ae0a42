"""Bruker BRML: a zip of XML documents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from porescope.diffraction.radiation import Radiation
from porescope.errors import ParseError
from porescope.io.patterns.bruker_raw import DETECTOR_SCAN, refuse_drive
from porescope.io.patterns.emission import radiation_from_tube
from porescope.io.patterns.formats import PatternFormat
from porescope.io.patterns.ranges import ScanRange, scan_from_ranges
from porescope.io.patterns.scan import MAX_POINTS, Scan
from porescope.io.patterns.source import (
    Archive,
    Element,
    children,
    find,
    local_name,
    number,
    parse_xml,
    text_of,
)

_EMPTY = np.zeros(0)
_MAX_RANGES = 2000


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the values of a point stand in its row."""

    two_theta: int
    counts: int
    time: int = 0
    factor: int | None = 1


def read_brml(data: bytes, path: Path) -> Scan:
    """The coupled or detector scan of a BRML archive; several ranges are joined.

    Raises
    ------
    ParseError
        Damaged, frames of an area detector, or a scan of another kind.
    """
    archive = Archive(data, path=path)
    members = sorted(
        (name for name in archive.names if re.search(r"RawData\d+\.xml$", name)),
        key=lambda name: [int(part) for part in re.findall(r"\d+", name)],
    )
    if not members:
        raise ParseError(
            "expected raw data in the BRML archive, came none; was the experiment only planned?",
            path=path,
        )
    ranges: list[ScanRange] = []
    notes: list[str] = []
    radiation: Radiation | None = None
    said: dict[str, str] = {}
    for name in members[:_MAX_RANGES]:
        root = parse_xml(archive.read(name), path=path)
        for route in _measured_routes(root):
            ranges.append(_range_of(route, said, notes, len(members), path))
        if radiation is None:
            radiation = _radiation_of(root, path)
            said.setdefault("measured", text_of(find(root, "TimeStampStarted")))
    base = Scan(
        axis=_EMPTY,
        intensity=_EMPTY,
        format="brml",
        radiation=radiation,
        name=_sample_of(archive, path),
        metadata={key: text for key, text in said.items() if text},
        notes=tuple(notes),
    )
    return scan_from_ranges(ranges, base, path=path)


def _measured_routes(root: Element) -> list[Element]:
    routes = find(root, "DataRoutes")
    every = [] if routes is None else list(children(routes, "DataRoute"))
    measured = [route for route in every if route.get("RouteFlag") == "Measured"]
    return measured or every[:1]


def _range_of(
    route: Element, said: dict[str, str], notes: list[str], n_ranges: int, path: Path
) -> ScanRange:
    scan = find(route, "ScanInformation")
    kind = "" if scan is None else scan.get("VisibleName") or scan.get("ScanName", "")
    layout = _layout_of(route, scan, kind, n_ranges, path)
    said.setdefault("scan", kind)
    if "coupled" not in kind.lower() and DETECTOR_SCAN not in notes:
        notes.append(DETECTOR_SCAN)
    rows = [text_of(datum).split(",") for datum in children(route, "Datum")]
    if not rows:
        if find(route, "ExtLocations") is not None or find(route, "DataViews") is not None:
            raise ParseError(
                "expected counts in the BRML archive, came none: the data are frames of an area "
                "detector or were not measured; integrate or export them as XY",
                path=path,
            )
        raise ParseError("the BRML archive has a scan without data", path=path)
    if len(rows) > MAX_POINTS:
        raise ParseError(f"expected at most {MAX_POINTS} points, came {len(rows)}", path=path)
    width = len(rows[0])
    if any(len(row) != width for row in rows) or max(layout.two_theta, layout.counts) >= width:
        raise ParseError("the rows of data differ in length: the file is damaged", path=path)
    try:
        values = np.array(rows, dtype=float)
    except ValueError:
        raise ParseError(
            "expected only numbers in the rows of data, came text", path=path
        ) from None
    announced = "" if scan is None else text_of(find(scan, "MeasurementPoints"))
    if announced.isdigit() and int(announced) > len(rows):
        notes.append(f"{len(rows)} of {announced} planned points were measured")
    factor = None if layout.factor is None else values[:, layout.factor]
    counts = values[:, layout.counts]
    if factor is not None and np.all(np.isfinite(factor)) and np.all(factor > 0):
        if np.any(factor != 1.0):
            notes.append(f"counts were multiplied by absorption factors up to {factor.max():g}")
        counts = counts * factor
    else:
        factor = None
    time = float(np.median(values[:, layout.time]))
    said.setdefault("counting_time_s", f"{time:g}")
    return ScanRange(
        two_theta_deg=values[:, layout.two_theta],
        intensity=counts,
        counting_time=time if 0.0 < time < 1e7 else None,
        attenuation=factor,
    )


def _layout_of(
    route: Element, scan: Element | None, kind: str, n_ranges: int, path: Path
) -> _Layout:
    """Columns by the description in the file; by the usual order where it is missing."""
    axes = [] if scan is None else list(children(_or_empty(find(scan, "ScanAxes")), "ScanAxisInfo"))
    names = [axis.get("AxisId", "") for axis in axes]
    if names and "TwoTheta" not in names:
        raise refuse_drive(f"{kind or 'scan'} along {', '.join(names)}", n_ranges, path=path)
    views = list(children(_or_empty(find(route, "DataViews")), "RawDataView"))
    two_theta, counts, factor, time = -1, -1, None, 0
    for view in views:
        start = int(number(view.get("Start", "0"), what="a column", path=path))
        length = int(number(view.get("Length", "1"), what="a column", path=path))
        logic = view.get("LogicName", "")
        if logic == "MeasuredTime":
            time = start
        elif logic == "AbsorptionFactor":
            factor = start
        recording = find(view, "Recording")
        varying = find(view, "Varying")
        if varying is not None:
            fields = [one.get("AxisId") for one in children(varying, "FieldDefinitions")]
            if "TwoTheta" in fields and two_theta < 0:
                two_theta = start + fields.index("TwoTheta")
        elif recording is not None and counts < 0:
            unit = find(recording, "Unit")
            if unit is None or unit.get("Base", "Counts") == "Counts":
                if length > 1:
                    raise refuse_drive(
                        f"snapshot of a line detector with {length} channels", n_ranges, path=path
                    )
                counts = start
    if two_theta >= 0 and counts >= 0 and time >= 0:
        return _Layout(two_theta, counts, time, factor)
    if views or not names:
        raise ParseError(
            f"this is no θ–2θ powder scan: {kind or 'the scan'} records no counts against 2θ; "
            "export a 2θ scan",
            path=path,
        )
    return _Layout(2 + names.index("TwoTheta"), 2 + len(names))


def _or_empty(element: Element | None) -> Element:
    return Element("none") if element is None else element


def _radiation_of(root: Element, path: Path) -> Radiation | None:
    said: dict[str, str] = {}
    anode = ""
    for element in root.iter():
        name = local_name(element)
        if name.startswith("WaveLength") and element.get("Value"):
            said.setdefault(name, str(element.get("Value")))
        elif name == "TubeMaterial" and not anode:
            anode = text_of(element)

    def value(key: str) -> float:
        return number(said[key], what=key, path=path) if key in said else 0.0

    return radiation_from_tube(
        anode=anode,
        alpha1=value("WaveLengthAlpha1"),
        alpha2=value("WaveLengthAlpha2"),
        beta=value("WaveLengthBeta"),
        ratio=value("WaveLengthRatio"),
    )


def _sample_of(archive: Archive, path: Path) -> str:
    name = next((one for one in archive.names if one.endswith("DataContainer.xml")), "")
    if not name:
        return ""
    info = find(parse_xml(archive.read(name), path=path), "MeasurementInfo")
    return "" if info is None else info.get("SampleName", "")


BRML = PatternFormat(
    name="brml",
    title="Bruker BRML",
    extensions=(".brml",),
    matches=lambda data: (
        data[:2] == b"PK" and re.search(rb"RawData\d*\.xml|DataContainer", data) is not None
    ),
    read=read_brml,
)
