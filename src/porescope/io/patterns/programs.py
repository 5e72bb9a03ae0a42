"""Files of two programs: FOX/ObjCryst XML and Igor text waves."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from porescope.diffraction.radiation import Radiation
from porescope.errors import ParseError
from porescope.io.patterns.emission import is_wavelength
from porescope.io.patterns.formats import PatternFormat
from porescope.io.patterns.scan import MAX_POINTS, Scan
from porescope.io.patterns.source import (
    Element,
    children,
    find,
    local_name,
    number,
    numbers,
    parse_xml,
    text_from_bytes,
    text_of,
)


def read_objcryst(data: bytes, path: Path) -> Scan:
    """The first powder pattern of a FOX (ObjCryst) document.

    Raises
    ------
    ParseError
        No powder pattern, or time of flight.
    """
    root = parse_xml(data, path=path)
    patterns = [one for one in root.iter() if local_name(one) == "PowderPattern"]
    if not patterns:
        raise ParseError("expected a powder pattern in the FOX file, came none", path=path)
    notes: list[str] = []
    if len(patterns) > 1:
        notes.append(f"the file has {len(patterns)} patterns: the first was taken")
    pattern = patterns[0]
    listed = find(pattern, "XIobsSigmaWeightList")
    if listed is not None:
        values = numbers(text_of(listed), what="points", path=path)
        if len(values) % 4:
            raise ParseError("expected rows of four numbers: the file is damaged", path=path)
        angle, intensity, sigma, _ = values.reshape(-1, 4).T
    else:
        listed = find(pattern, "IobsSigmaWeightList")
        if listed is None:
            raise ParseError("expected a list of intensities in the FOX file, came none", path=path)
        values = numbers(text_of(listed), what="points", path=path)
        if len(values) % 3:
            raise ParseError("expected rows of three numbers: the file is damaged", path=path)
        intensity, sigma, _ = values.reshape(-1, 3).T
        start = number(listed.get("Min", "nan"), what="Min", path=path)
        step = number(listed.get("Step", "nan"), what="Step", path=path)
        angle = start + step * np.arange(len(intensity))
    radiation = find(pattern, "Radiation")
    return Scan(
        axis=np.ascontiguousarray(angle),
        intensity=np.ascontiguousarray(intensity),
        sigma=np.ascontiguousarray(sigma),
        format="objcryst",
        name=pattern.get("Name", ""),
        radiation=None if radiation is None else _radiation_of(radiation, path),
        notes=tuple(notes),
    )


def _radiation_of(element: Element, path: Path) -> Radiation | None:
    options = {one.get("Name"): one.get("ChoiceName", "") for one in children(element, "Option")}
    parameters = {
        one.get("Name"): number(text_of(one), what=str(one.get("Name")), path=path)
        for one in children(element, "Par")
    }
    if "flight" in options.get("Spectrum", "").lower():
        raise ParseError(
            "this is a time-of-flight pattern; only constant wavelengths are read", path=path
        )
    wavelength = parameters.get("Wavelength", 0.0)
    if not is_wavelength(wavelength):
        return None
    kind = "neutron" if "neutron" in options.get("Radiation", "").lower() else "xray"
    split = parameters.get("XRayTubeDeltaLambda", 0.0)
    ratio = parameters.get("XRayTubeAlpha2Alpha1Ratio", 0.0)
    if "tube" in options.get("Spectrum", "").lower() and 0.0 < split < 0.03 * wavelength:
        alpha1 = wavelength - split * ratio / (1.0 + ratio)
        return Radiation(wavelengths=(alpha1, alpha1 + split), weights=(1.0, ratio or 0.5))
    return Radiation(kind=kind, wavelengths=(wavelength,))


def read_igor(data: bytes, path: Path) -> Scan:
    """Angle, intensity and uncertainty of an Igor text file (as Conograph writes it).

    Raises
    ------
    ParseError
        No waves, broken rows, or the end of the data missing.
    """
    lines = text_from_bytes(data, path=path).splitlines()
    begin = next((i for i, line in enumerate(lines) if line.strip().upper() == "BEGIN"), None)
    if begin is None:
        raise ParseError("expected BEGIN in the Igor file, came none", path=path)
    names = re.findall(r"[\w.]+", lines[begin - 1].partition(" ")[2]) if begin else []
    rows: list[list[str]] = []
    ended = False
    for line in lines[begin + 1 :]:
        if line.strip().upper() == "END":
            ended = True
            break
        if line.strip():
            rows.append(line.split()[:3])
    notes = () if ended else ("the data end without END: the file may be cut off",)
    if not rows or len(rows) > MAX_POINTS or any(len(row) != len(rows[0]) for row in rows):
        raise ParseError("the rows of the Igor file differ in length: damaged", path=path)
    if len(rows[0]) < 2:
        raise ParseError("expected two waves (2θ and intensity), came one", path=path)
    try:
        values = np.array(rows, dtype=float)
    except ValueError:
        raise ParseError("expected only numbers between BEGIN and END", path=path) from None
    third = names[2].lower() if len(names) > 2 else ""
    has_sigma = values.shape[1] > 2 and re.search(r"sqrt|sig|err|esd", third) is not None
    return Scan(
        axis=values[:, 0],
        intensity=values[:, 1],
        sigma=values[:, 2] if has_sigma else None,
        format="igor",
        metadata={"waves": ", ".join(names)},
        notes=notes,
    )


OBJCRYST = PatternFormat(
    name="objcryst",
    title="FOX/ObjCryst XML",
    extensions=(".xml",),
    matches=lambda data: b"<ObjCryst" in data[:4096],
    read=read_objcryst,
)
IGOR = PatternFormat(
    name="igor",
    title="Igor text waves (Conograph histogram)",
    extensions=(".histogramigor", ".itx"),
    matches=lambda data: data[:64].lstrip().upper().startswith(b"IGOR"),
    read=read_igor,
)
