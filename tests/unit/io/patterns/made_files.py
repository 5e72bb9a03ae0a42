"""Small files of each format, made here from the same two peaks."""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np

N = 81
ANGLE = 10.0 + 0.05 * np.arange(N)
COUNTS = np.round(
    100.0
    + 900.0 * np.exp(-(((ANGLE - 11.0) / 0.15) ** 2))
    + 400.0 * np.exp(-(((ANGLE - 12.5) / 0.15) ** 2))
)
TEXT = " ".join(f"{value:.0f}" for value in COUNTS)


def archive(**members: str | bytes) -> bytes:
    """A zip archive; ``__`` in a name stands for ``/`` and a last ``_`` for the dot."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            folder, _, rest = name.replace("__", "/").rpartition("/")
            base, _, extension = rest.rpartition("_")
            target.writestr(f"{folder}/{base}.{extension}".lstrip("/"), content)
    return buffer.getvalue()


def xrdml(
    *,
    axis: str = "Gonio",
    kind: str = "Scan",
    values: str = f'<intensities unit="counts">{TEXT}</intensities>',
    positions: str = "<startPosition>10.0</startPosition><endPosition>14.0</endPosition>",
    intended: str = "K-Alpha",
    optics: str = "",
    scans: int = 1,
    extra: str = "",
) -> bytes:
    """A PANalytical document."""
    scan = f"""<scan appendNumber="0" scanAxis="{axis}" status="Completed"><dataPoints>
      <positions axis="2Theta" unit="deg">{positions}</positions>
      <positions axis="Omega" unit="deg"><commonPosition>4.0</commonPosition></positions>
      {extra}<commonCountingTime unit="seconds">2.0</commonCountingTime>{values}
      </dataPoints></scan>"""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
    <xrdMeasurements xmlns="http://www.xrdml.com/XRDMeasurement/1.5" status="Completed">
    <sample type="To be analyzed"><id>id</id><name>MOF</name></sample>
    <xrdMeasurement measurementType="{kind}" status="Completed">
    <usedWavelength intended="{intended}"><kAlpha1 unit="Angstrom">1.54</kAlpha1>
    <kAlpha2 unit="Angstrom">1.544</kAlpha2><kBeta unit="Angstrom">1.39</kBeta>
    <ratioKAlpha2KAlpha1>0.4</ratioKAlpha2KAlpha1></usedWavelength>
    <incidentBeamPath><xRayTube><anodeMaterial>Cu</anodeMaterial></xRayTube>{optics}
    </incidentBeamPath>{scan * scans}</xrdMeasurement></xrdMeasurements>""".encode()


def rasx(*, axis: str = "TwoThetaTheta", factor: str = "1", wave: str = "Ka") -> bytes:
    """A Rigaku archive."""
    rows = "\r\n".join(f"{x:.4f}\t{y:.0f}\t{factor}" for x, y in zip(ANGLE, COUNTS, strict=True))
    conditions = f"""<?xml version="1.0"?><MeasurementConditions>
    <GeneralInformation><SampleName>MOF</SampleName></GeneralInformation>
    <HWConfigurations><XrayGenerator><TargetName>Cu</TargetName><WaveType>{wave}</WaveType>
    <WavelengthKbeta>1.39</WavelengthKbeta><WavelengthKalpha1>1.54</WavelengthKalpha1>
    <WavelengthKalpha2>1.544</WavelengthKalpha2></XrayGenerator></HWConfigurations>
    <ScanInformation><AxisName>{axis}</AxisName><Step>0.05</Step><Speed>6</Speed>
    <SpeedUnit>deg/min</SpeedUnit><PositionUnit>deg</PositionUnit>
    <IntensityUnit>counts</IntensityUnit></ScanInformation></MeasurementConditions>"""
    return archive(Data0__Profile0_txt="\ufeff" + rows, Data0__MesurementConditions0_xml=conditions)


def ras(*, axis: str = "TwoThetaTheta", ended: bool = True) -> bytes:
    """A Rigaku text file."""
    rows = "\n".join(f"{x:.4f} {y:.4f} 1.0000" for x, y in zip(ANGLE, COUNTS, strict=True))
    end = "*RAS_INT_END\n*RAS_DATA_END\n" if ended else ""
    return f"""*RAS_DATA_START
*RAS_HEADER_START
*FILE_SAMPLE "MOF"
*HW_XG_TARGET_NAME "Co"
*HW_XG_WAVE_LENGTH_ALPHA1 "1.788965"
*HW_XG_WAVE_LENGTH_ALPHA2 "1.792850"
*MEAS_SCAN_AXIS_X_INTERNAL "{axis}"
*MEAS_SCAN_SPEED "6.0000"
*MEAS_SCAN_SPEED_UNIT "deg/min"
*MEAS_SCAN_STEP "0.0500"
*MEAS_SCAN_UNIT_X "deg"
*MEAS_SCAN_UNIT_Y "counts"
*RAS_HEADER_END
*RAS_INT_START
{rows}
{end}""".encode()


def brml(
    *, axis: str = "TwoTheta", name: str = "Coupled TwoTheta/Theta", data: bool = True
) -> bytes:
    """A Bruker archive."""
    rows = "".join(
        f"<Datum>1.5,1,{x:.4f},{x / 2:.4f},{y:.0f}</Datum>"
        for x, y in zip(ANGLE, COUNTS, strict=True)
    )
    raw = f"""<?xml version="1.0"?><RawData xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
    <TimeStampStarted>2025-01-01</TimeStampStarted><DataRoutes>
    <DataRoute RouteFlag="Measured"><ScanInformation ScanName="x" VisibleName="{name}">
    <MeasurementPoints>{N}</MeasurementPoints><ScanAxes><ScanAxisInfo AxisId="{axis}"/>
    <ScanAxisInfo AxisId="Theta"/></ScanAxes></ScanInformation>{rows if data else ""}
    <DataViews><RawDataView Start="0" Length="1" LogicName="MeasuredTime"/>
    <RawDataView Start="1" Length="1" LogicName="AbsorptionFactor"/>
    <RawDataView Start="2" Length="2"><Varying><FieldDefinitions AxisId="{axis}"/>
    <FieldDefinitions AxisId="Theta"/></Varying></RawDataView>
    <RawDataView Start="4" Length="1"><Recording><Unit Base="Counts"/></Recording></RawDataView>
    </DataViews></DataRoute></DataRoutes><FixedInformation>
    <WaveLengthAlpha1 Value="1.54"/><WaveLengthAlpha2 Value="1.544"/>
    <WaveLengthRatio Value="0.5"/><TubeMaterial>Cu</TubeMaterial></FixedInformation></RawData>"""
    container = '<DataContainer><MeasurementInfo SampleName="MOF"/></DataContainer>'
    return archive(Experiment0__RawData0_xml=raw, Experiment0__DataContainer_xml=container)


def _put(target: bytearray, code: str, offset: int, value: float | bytes) -> None:
    struct.pack_into(code, target, offset, value)


def raw1(*, ranges: int = 1) -> bytes:
    """Siemens version 1."""
    out = b""
    for index in range(ranges):
        head = bytearray(156)
        head[:4] = b"RAW "
        _put(head, "<I", 4, N)
        for offset, value in (
            (8, 2.0),
            (12, 0.05),
            (24, 10.0 + 5 * index),
            (72, 1.54),
            (76, 1.544),
        ):
            _put(head, "<f", offset, value)
        head[40:43] = b"MOF"
        _put(head, "<I", 152, ranges - 1 - index)
        out += bytes(head) + COUNTS.astype("<f4").tobytes()
    return out


def raw2() -> bytes:
    """Siemens/Bruker version 2."""
    head = bytearray(256)
    head[:4] = b"RAW2"
    _put(head, "<H", 4, 1)
    head[188:190] = b"Cu"
    for offset, value in ((190, 1.54), (194, 1.544), (198, 0.5)):
        _put(head, "<f", offset, value)
    part = bytearray(64)
    _put(part, "<H", 0, 64)
    _put(part, "<H", 2, N)
    for offset, value in ((8, 2.0), (12, 0.05), (16, 10.0)):
        _put(part, "<f", offset, value)
    return bytes(head + part) + COUNTS.astype("<f4").tobytes()


def raw3(*, kind: int = 0, ranges: int = 1, shift: float = 0.0) -> bytes:
    """Bruker version 3."""
    head = bytearray(712)
    head[:7] = b"RAW1.01"
    _put(head, "<I", 12, ranges)
    head[326:329] = b"MOF"
    head[608:610] = b"Cu"
    for offset, value in ((624, 1.54), (632, 1.544), (640, 1.39), (648, 0.5)):
        _put(head, "<d", offset, value)
    out = bytes(head)
    for index in range(ranges):
        part = bytearray(304)
        for offset, value in ((0, 304), (4, N), (196, kind), (252, 4), (256, 8)):
            _put(part, "<I", offset, value)
        _put(part, "<d", 16, 10.0 + shift * index)
        _put(part, "<d", 176, 0.05)
        _put(part, "<f", 192, 2.0)
        out += bytes(part) + bytes(8) + COUNTS.astype("<f4").tobytes()
    return out


def raw4(*, kind: bytes = b"Locked Coupled", record: int = 4, drive: float = 10.0) -> bytes:
    """Bruker version 4."""
    head = bytearray(61)
    head[:8] = b"RAW4.00\x00"
    _put(head, "<I", 40, 1)
    tube = bytearray(136)
    _put(tube, "<I", 0, 30)
    _put(tube, "<I", 4, 136)
    for offset, value in ((72, 1.5418), (80, 1.54), (88, 1.544), (96, 1.39), (104, 0.5)):
        _put(tube, "<d", offset, value)
    tube[116:118] = b"Cu"
    part = bytearray(160)
    part[32 : 32 + len(kind)] = kind
    _put(part, "<d", 72, 10.0)
    _put(part, "<d", 80, 0.05)
    _put(part, "<I", 88, N)
    _put(part, "<f", 92, 2.0)
    _put(part, "<I", 136, record)
    _put(part, "<I", 140, 92)
    drives = bytearray(92)
    _put(drives, "<I", 0, 50)
    _put(drives, "<I", 4, 92)
    drives[12:18] = b"2Theta"
    _put(drives, "<d", 56, drive)
    body = np.zeros((N, record // 4), "<f4")
    body[:, 0] = COUNTS
    return bytes(head + tube + part + drives) + body.tobytes()


def stoe(*, bits: int = 32, step: float = 0.05) -> bytes:
    """STOE version 1.06."""
    head = bytearray(1024)
    head[:14] = b"RAW_1.06Powdat"
    _put(head, "<f", 0x142, 1.54056)
    _put(head, "<f", 0x14A, 0.3062)
    _put(head, "<H", 0x17A, 1)
    _put(head, "<H", 0x1E0, 3)
    part = bytearray(512)
    _put(part, "<H", 34, N)
    for offset, value in ((44, 10.0), (52, 14.0), (60, step), (68, 3.0)):
        _put(part, "<f", offset, value)
    _put(part, "<I", 120, int(COUNTS.min()))
    _put(part, "<I", 124, int(COUNTS.max()))
    counts = COUNTS.astype("<i4" if bits == 32 else "<u2").tobytes()
    return bytes(head + part) + counts + bytes(-len(counts) % 512)


def uxd(*, drive: str = "COUPLED", angles: bool = True, unit: str = "COUNTS") -> bytes:
    """Bruker text."""
    if angles:
        rows = "\n".join(f"{x:.3f}\t{y:.0f}" for x, y in zip(ANGLE, COUNTS, strict=True))
    else:
        rows = "\n".join(
            " ".join(f"{y:8.0f}" for y in COUNTS[begin : begin + 8]) for begin in range(0, N, 8)
        )
    return f"""; made
_FILEVERSION=2
_SAMPLE='MOF'
_WL_UNIT='A'
_WL1=1.540600
_WL2=1.544390
_WLRATIO=0.500000
_ANODE='Cu'
; (Data for Range number 1)
_DRIVE='{drive}'
_STEPTIME=2.000000
_STEPSIZE=0.050000
_START=10.000000
_{"2THETA" if angles else ""}{unit}
{rows}
""".encode()


def gsas(kind: str = "STD") -> bytes:
    """GSAS rows of one kind."""
    if kind == "STD":
        fields = [f"{2:2d}{y:6.0f}" for y in COUNTS]
        rows = ["".join(fields[begin : begin + 10]) for begin in range(0, N, 10)]
    elif kind == "ESD":
        fields = [f"{y:8.1f}{np.sqrt(y):8.2f}" for y in COUNTS]
        rows = ["".join(fields[begin : begin + 5]) for begin in range(0, N, 5)]
    elif kind == "ALT":
        pairs = zip(ANGLE, COUNTS, strict=True)
        fields = [f"{x * 3200:8.0f}{y:7.1f}{np.sqrt(y):5.1f}" for x, y in pairs]
        rows = ["".join(fields[begin : begin + 4]) for begin in range(0, N, 4)]
    else:
        rows = [
            f" {100 * x:.4f} {y:.2f}" + (f" {np.sqrt(y):.4f}" if kind == "FXYE" else "")
            for x, y in zip(ANGLE, COUNTS, strict=True)
        ]
    bank = f"BANK 1 {N} {len(rows)} CONST 1000.00 5.00 0 0 {kind}"
    return "\n".join(["title, lambda = 0.5000", bank.ljust(80), *rows, ""]).encode()


def pdcif(*, axis: str = "range", wave: str = "_diffrn_radiation_wavelength 1.54056") -> bytes:
    """A powder CIF."""
    if axis == "range":
        head = "_pd_proc_2theta_range_min 10\n_pd_proc_2theta_range_inc 0.05\n"
        head += "_pd_proc_2theta_range_max 14.0\n"
        tags, rows = "", [f"{y:.0f}({np.sqrt(y):.0f})" for y in COUNTS]
    else:
        head, tags = "", f"{axis}\n"
        rows = [f"{x:.4f} {y:.0f}" for x, y in zip(ANGLE, COUNTS, strict=True)]
        if axis == "_pd_proc_d_spacing":
            d = 1.54056 / 2.0 / np.sin(np.radians(ANGLE / 2.0))
            rows = [f"{x:.6f} {y:.0f}" for x, y in zip(d, COUNTS, strict=True)]
    loop = f"loop_\n{tags}_pd_meas_intensity_total\n" + "\n".join(rows)
    return f"data_profile\n{head}{loop}\n\ndata_sample\n{wave}\n".encode()


def objcryst(*, spectrum: str = "Monochromatic") -> bytes:
    """A FOX document."""
    rows = "\n".join(
        f"{x:.4f} {y:.0f} {np.sqrt(y):.3f} 1" for x, y in zip(ANGLE, COUNTS, strict=True)
    )
    return f"""<ObjCryst Date="2008"><PowderPattern Name="MOF"><Radiation>
    <Option Name="Radiation" Choice="0" ChoiceName="Neutron"/>
    <Option Name="Spectrum" Choice="0" ChoiceName="{spectrum}"/>
    <Par Name="Wavelength">1.5</Par></Radiation>
    <XIobsSigmaWeightList>{rows}</XIobsSigmaWeightList></PowderPattern></ObjCryst>""".encode()


def igor() -> bytes:
    """Igor waves."""
    rows = "\n".join(
        f"{x:.4f} {y:.4E} {np.sqrt(y):.4E} NAN" for x, y in zip(ANGLE, COUNTS, strict=True)
    )
    waves = "WAVES/O wave0, wave1, sqrt_of_wave1, smth"
    return f"IGOR\n{waves}\nBEGIN\n{rows}\nEND\nWAVES/O p\nBEGIN\n1\nEND\n".encode()


def grid(*, with_sigma: bool = False) -> bytes:
    """Start, step and end, then counts."""
    values = np.concatenate([COUNTS, np.sqrt(COUNTS)]) if with_sigma else COUNTS
    texts = [f"{value:8.2f}" for value in values]
    rows = [" ".join(texts[begin : begin + 9]) for begin in range(0, len(texts), 9)]
    head = "HRPT, made\nlambda=  1.49400, T= 1.5\n" if with_sigma else ""
    return (f"{head}  10.0  0.05  14.0\n" + "\n".join(rows) + "\n").encode()


def table(gap: str = " ", *, comma: bool = False, head: str = "", sigma: bool = False) -> bytes:
    """Columns of text."""
    rows = []
    for x, y in zip(ANGLE, COUNTS, strict=True):
        parts = [f"{x:.3f}", f"{y:.1f}"] + ([f"{np.sqrt(y):.3f}"] if sigma else [])
        rows.append(gap.join(part.replace(".", ",") if comma else part for part in parts))
    return (head + "\n".join(rows) + "\n").encode()


def udf() -> bytes:
    """Philips UDF."""
    texts = [f"{y:8.0f}" for y in COUNTS]
    rows = [",".join(texts[begin : begin + 8]) for begin in range(0, N, 8)]
    head = """SampleIdent,MOF ,/
Anode,Co ,/
LabdaAlpha1, 1.78897 ,/
LabdaAlpha2, 1.79285 ,/
RatioAlpha21, 0.50000 ,/
DataAngleRange, 10.0000, 14.0000 ,/
ScanStepSize, 0.050 ,/
ScanStepTime, 2.00 ,/
RawScan
"""
    return (head + ",\n".join(rows) + "/\n").encode()


def mdi() -> bytes:
    """MDI JADE text."""
    texts = [f"{y:.0f}" for y in COUNTS]
    rows = [" ".join(texts[begin : begin + 8]) for begin in range(0, N, 8)]
    head = f"01/01/25 MOF\n 10.000 0.050 1.0 CU 1.54056 14.000 {N}\n"
    return (head + "\n".join(rows) + "\n").encode()


def cpi() -> bytes:
    """Sietronics CPI."""
    head = "SIETRONICS XRD SCAN\n10.00\n14.00\n0.05\nCu\n1.54056\n1-1-2025\n2.0\nMOF\nSCANDATA\n"
    return (head + "\n".join(f"{y:.0f}" for y in COUNTS) + "\n").encode()
