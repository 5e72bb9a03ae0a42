"""PANalytical XRDML.

Schema: http://www.xrdml.com/XRDMeasurement/1.5/XRDMeasurement.xsd and its 2.x successors. In 1.x
``intensities`` are counts already multiplied by the attenuation factor; in 2.x ``counts`` are as
the detector gave them and have to be multiplied.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float

from porescope.diffraction.radiation import Radiation
from porescope.errors import ParseError
from porescope.io.patterns.emission import Line, radiation_from_tube
from porescope.io.patterns.formats import PatternFormat
from porescope.io.patterns.ranges import ScanRange, scan_from_ranges
from porescope.io.patterns.scan import Scan
from porescope.io.patterns.source import (
    Element,
    children,
    find,
    local_name,
    number,
    numbers,
    parse_xml,
    text_of,
)

_COUPLED = {"Gonio", "2Theta-Omega", "Omega-2Theta", "2Theta-Theta", "Theta-2Theta"}
_EMPTY = np.zeros(0)


def read_xrdml(data: bytes, path: Path) -> Scan:
    """The θ–2θ or 2θ scan of an XRDML file; appended scans are joined.

    Raises
    ------
    ParseError
        Not well-formed, no data, or a scan of another kind.
    """
    root = parse_xml(data, path=path)
    measurements = list(children(root, "xrdMeasurement"))
    if local_name(root) != "xrdMeasurements" or not measurements:
        raise ParseError("expected an XRDML measurement, came none in this XML file", path=path)
    ranges: list[ScanRange] = []
    notes: list[str] = []
    for measurement in measurements:
        kind = measurement.get("measurementType", "Scan")
        if kind not in ("Scan", "Repeated scan"):
            raise ParseError(
                f"this is no θ–2θ powder scan but a measurement of type {kind!r}; "
                "export one 2θ scan of it",
                path=path,
            )
        for scan in children(measurement, "scan"):
            one, note = _range_of(scan, path)
            ranges.append(one)
            notes += [text for text in note if text not in notes]
    radiation, note = _radiation_of(measurements[0], path)
    notes += note
    base = Scan(
        axis=_EMPTY,
        intensity=_EMPTY,
        format="xrdml",
        radiation=radiation,
        name=text_of(find(root, "sample/name")) or text_of(find(root, "sample/id")),
        metadata=_metadata_of(measurements[0]),
        notes=tuple(notes),
    )
    return scan_from_ranges(ranges, base, path=path)


def _range_of(scan: Element, path: Path) -> tuple[ScanRange, list[str]]:
    axis = scan.get("scanAxis", "Gonio")
    notes: list[str] = []
    points = find(scan, "dataPoints")
    if points is None:
        raise ParseError("the scan has no data points; was the measurement aborted?", path=path)
    if scan.get("status", "Completed") != "Completed":
        notes.append(f"the scan has the status {scan.get('status')!r}")
    if axis not in _COUPLED and axis != "2Theta":
        raise ParseError(
            f"this is no θ–2θ powder scan but a scan along {axis}; export a 2θ scan", path=path
        )
    counts = find(points, "counts")
    recorded = counts if counts is not None else find(points, "intensities")
    if recorded is None:
        raise ParseError("expected intensities in the XRDML scan, came none", path=path)
    if any(True for _ in children(points, "divergenceCorrections")):
        notes.append("the file has divergence corrections: they were not applied")
    values = numbers(text_of(recorded), what="intensities", path=path)
    unit = recorded.get("unit", "counts")
    if unit != "counts":
        raise ParseError(f"expected intensities in counts, came {unit!r}", path=path)
    factor = _attenuation_of(points, len(values), path)
    intensity = values * factor if counts is not None and factor is not None else values
    angle = _positions_of(points, len(values), path)
    if axis == "2Theta":
        incidence = next(
            (
                text_of(find(one, "commonPosition"))
                for one in children(points, "positions")
                if one.get("axis") == "Omega"
            ),
            "",
        )
        notes.append(
            "detector scan"
            + (f" at the fixed incidence {incidence}°" if incidence else "")
            + ": peak positions hold, intensities differ from a θ–2θ scan"
        )
    return ScanRange(
        two_theta_deg=angle,
        intensity=intensity,
        counting_time=_time_of(points, path),
        attenuation=factor,
    ), notes


def _positions_of(points: Element, n_points: int, path: Path) -> Float[np.ndarray, "points"]:
    for positions in children(points, "positions"):
        if positions.get("axis") != "2Theta":
            continue
        if positions.get("unit", "deg") != "deg":
            raise ParseError(f"expected degrees, came {positions.get('unit')!r}", path=path)
        listed = find(positions, "listPositions")
        if listed is not None:
            angle = numbers(text_of(listed), what="positions", path=path)
            if len(angle) != n_points:
                raise ParseError(
                    f"expected {n_points} positions, came {len(angle)}; the file is cut", path=path
                )
            return angle
        first = text_of(find(positions, "startPosition"))
        last = text_of(find(positions, "endPosition"))
        if first and last:
            return np.linspace(
                number(first, what="start position", path=path),
                number(last, what="end position", path=path),
                n_points,
            )
        raise ParseError(
            "this is no θ–2θ powder scan: 2θ stands still (a rocking curve, a map or a time "
            "series); export a 2θ scan",
            path=path,
        )
    raise ParseError("expected positions along 2Theta, came none", path=path)


def _attenuation_of(
    points: Element, n_points: int, path: Path
) -> Float[np.ndarray, "points"] | None:
    common = find(points, "commonBeamAttenuationFactor")
    if common is not None:
        value = number(text_of(common), what="attenuation factor", path=path)
        return np.full(n_points, value)
    listed = find(points, "beamAttenuationFactors")
    if listed is None:
        return None
    factors = numbers(text_of(listed), what="attenuation factors", path=path)
    if len(factors) != n_points:
        raise ParseError(
            f"expected {n_points} attenuation factors, came {len(factors)}; the file is cut",
            path=path,
        )
    return factors


def _time_of(points: Element, path: Path) -> float | None:
    common = find(points, "commonCountingTime")
    if common is not None:
        return number(text_of(common), what="counting time", path=path)
    listed = find(points, "countingTimes")
    if listed is None:
        return None
    times = numbers(text_of(listed), what="counting times", path=path)
    return float(np.median(times)) if len(times) else None


def _radiation_of(measurement: Element, path: Path) -> tuple[Radiation | None, list[str]]:
    """Kα1 with Kα2, unless a crystal monochromator stands in the incident beam.

    ``intended="K-Alpha 1"`` names the line that angles are converted with; instruments with a
    mirror or a filter write it too, and their patterns show Kα2.
    """
    used = find(measurement, "usedWavelength")
    path_in = find(measurement, "incidentBeamPath")
    anode = text_of(find(path_in, "xRayTube/anodeMaterial")) if path_in is not None else ""
    intended = "" if used is None else used.get("intended", "")
    crystal = path_in is not None and any(
        local_name(optic) == "monochromator"
        or (local_name(optic) == "xRayMirror" and optic.get("hybrid") == "true")
        for optic in path_in
    )
    line: Line = "Ka"
    notes: list[str] = []
    if intended == "K-Beta":
        line = "Kb"
    elif intended == "K-Alpha 1" and crystal:
        line = "Ka1"
    elif intended == "K-Alpha 1":
        notes.append("the file names Kα1 but no monochromator in the incident beam: Kα2 was kept")

    def value(name: str) -> float:
        found = None if used is None else find(used, name)
        return 0.0 if found is None else number(text_of(found), what=name, path=path)

    radiation = radiation_from_tube(
        anode=anode,
        line=line,
        alpha1=value("kAlpha1"),
        alpha2=value("kAlpha2"),
        beta=value("kBeta"),
        ratio=value("ratioKAlpha2KAlpha1"),
    )
    return radiation, notes


def _metadata_of(measurement: Element) -> dict[str, str]:
    scan = find(measurement, "scan")
    entries = {
        "anode": text_of(find(measurement, "incidentBeamPath/xRayTube/anodeMaterial")),
        "tension_kv": text_of(find(measurement, "incidentBeamPath/xRayTube/tension")),
        "current_ma": text_of(find(measurement, "incidentBeamPath/xRayTube/current")),
        "radius_mm": text_of(find(measurement, "incidentBeamPath/radius")),
    }
    if scan is not None:
        entries["scan_axis"] = scan.get("scanAxis", "")
        entries["started"] = text_of(find(scan, "header/startTimeStamp"))
        entries["counting_time_s"] = text_of(find(scan, "dataPoints/commonCountingTime"))
    detector = find(measurement, "diffractedBeamPath/detector")
    if detector is not None:
        entries["detector"] = detector.get("name", "")
    return {key: text for key, text in entries.items() if text}


XRDML = PatternFormat(
    name="xrdml",
    title="PANalytical XRDML",
    extensions=(".xrdml", ".xml"),
    matches=lambda data: b"<xrdMeasurements" in data[:4096],
    read=read_xrdml,
)
