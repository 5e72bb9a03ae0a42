"""Pictures of the gallery page, each made from the package and the rows of the benchmarks.

    python benchmarks/gallery.py                 all pictures
    python benchmarks/gallery.py methane argon   only these

Writes docs/gallery/NAME.png. Needs Chromium (package `chromium` of most systems) to turn a page
into a picture, and the folder of real data for the structures.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots
from scipy.ndimage import uniform_filter

sys.path.insert(0, str(Path(__file__).resolve().parent / "science"))

from argon_zeolites import merged

from porescope.adsorption.grid import EnergyGrid
from porescope.crystal.bonds import bonds_of
from porescope.crystal.structure import Crystal
from porescope.io.cif import crystal_from_cif_text
from porescope.units import GAS_CONSTANT
from porescope.workflows.energy_grid import energy_grid

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PICTURES = ROOT / "docs" / "gallery"
STRUCTURES = ROOT.parent / "shared/data/structures"
INK, BLUE, ORANGE, GREY = "#1f2937", "#2563eb", "#ea580c", "#9ca3af"
FONT = {"family": "Helvetica, Arial, sans-serif", "size": 15, "color": INK}
COLOURS = {8: "#dc2626", 14: "#d6a66b", 6: "#4b5563", 1: "#e5e7eb", 7: "#3b82f6", 29: "#c2722d"}


def rows_of(name: str) -> list[dict[str, str]]:
    """Rows of one results file."""
    with (RESULTS / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def structure(archive: str, ending: str) -> Crystal:
    """A structure out of an archive of real data."""
    with tarfile.open(STRUCTURES / archive) as tar:
        for member in tar:
            if member.name.endswith(ending):
                handle = tar.extractfile(member)
                assert handle is not None
                text = handle.read().decode("utf-8", "replace")
                return crystal_from_cif_text(text, name=Path(ending).stem)
    raise SystemExit(f"{archive} holds no {ending}")


def picture(figure: go.Figure, name: str, *, width: int = 900, height: int = 620) -> None:
    """Render a figure with Chromium; fails where the picture is empty."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        raise SystemExit("the gallery needs Chromium to render; install it and run again")
    figure.update_layout(width=width, height=height, font=FONT, paper_bgcolor="white")
    with tempfile.TemporaryDirectory() as temporary:
        page = Path(temporary) / "page.html"
        figure.write_html(page, include_plotlyjs=True, config={"displayModeBar": False})
        page.write_text(
            page.read_text().replace("<body>", '<body style="margin:0;overflow:hidden">'),
            encoding="utf-8",
        )
        shot = Path(temporary) / "shot.png"
        subprocess.run(
            [
                browser,
                "--headless",
                "--no-sandbox",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--enable-unsafe-swiftshader",
                "--use-gl=angle",
                "--use-angle=swiftshader",
                "--hide-scrollbars",
                f"--user-data-dir={temporary}/profile",
                f"--window-size={width},{height}",
                "--force-device-scale-factor=1.6",
                "--virtual-time-budget=20000",
                f"--screenshot={shot}",
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=300,
        )
        PICTURES.mkdir(parents=True, exist_ok=True)
        shutil.copy(shot, PICTURES / f"{name}.png")
    print(PICTURES / f"{name}.png")


def framework_traces(crystal: Crystal) -> list[go.Scatter3d]:
    """Bonds as lines and atoms as spheres, in one cell."""
    pairs = bonds_of(crystal)
    inside = np.all(pairs.image == 0, axis=1) & (pairs.first < pairs.second)
    cart = crystal.cart
    ends = np.full((3 * int(inside.sum()), 3), np.nan)
    ends[0::3], ends[1::3] = cart[pairs.first[inside]], cart[pairs.second[inside]]
    traces = [
        go.Scatter3d(
            x=ends[:, 0],
            y=ends[:, 1],
            z=ends[:, 2],
            mode="lines",
            line={"color": "#6b7280", "width": 5},
            showlegend=False,
        )
    ]
    for number in np.unique(crystal.numbers):
        chosen = cart[crystal.numbers == number]
        traces.append(
            go.Scatter3d(
                x=chosen[:, 0],
                y=chosen[:, 1],
                z=chosen[:, 2],
                mode="markers",
                marker={"size": 3.5, "color": COLOURS.get(int(number), "#10b981")},
                showlegend=False,
            )
        )
    return traces


def surface(
    grid: EnergyGrid, values: np.ndarray, *, levels: tuple[float, float], **style: object
) -> go.Isosurface:
    """A surface of equal value in a cell with right angles."""
    fractions = [np.arange(n + 1) / n for n in values.shape]
    values = np.pad(values, ((0, 1), (0, 1), (0, 1)), mode="wrap")
    points = np.stack(np.meshgrid(*fractions, indexing="ij"), axis=-1).reshape(-1, 3)
    cart = points @ grid.lattice
    return go.Isosurface(
        x=cart[:, 0],
        y=cart[:, 1],
        z=cart[:, 2],
        value=values.ravel(),
        isomin=levels[0],
        isomax=levels[1],
        caps={"x_show": False, "y_show": False, "z_show": False},
        **style,
    )


def in_space(figure: go.Figure, crystal: Crystal, *, title: str, eye: dict[str, float]) -> None:
    """A plain scene without axes."""
    spans = np.abs(crystal.lattice).sum(axis=0)
    ratio = dict(zip("xyz", (1.9 * spans / spans.max()).tolist(), strict=True))
    hidden = {"visible": False}
    figure.update_layout(
        title={"text": title, "x": 0.5, "y": 0.96},
        margin={"l": 0, "r": 0, "t": 50, "b": 0},
        scene={
            "xaxis": hidden,
            "yaxis": hidden,
            "zaxis": hidden,
            "aspectmode": "manual",
            "aspectratio": ratio,
            "camera": {"eye": eye, "projection": {"type": "orthographic"}},
        },
    )


def on_paper(figure: go.Figure) -> None:
    """Plain axes."""
    figure.update_layout(plot_bgcolor="white", legend={"bgcolor": "rgba(255,255,255,0.8)"})
    figure.update_xaxes(
        showline=True, linecolor=INK, mirror=True, gridcolor="#eef0f3", ticks="outside"
    )
    figure.update_yaxes(
        showline=True, linecolor=INK, mirror=True, gridcolor="#eef0f3", ticks="outside"
    )


def methane() -> None:
    """Where methane is held in silicalite: straight channels and the zigzag between them."""
    crystal = structure("zeolites_iza.tar.xz", "iza_experimental/MFI.cif")
    result = energy_grid(crystal, gas="CH4", field="TraPPE-zeo", spacing=0.35)
    kilojoules = result.grid.energy_k * GAS_CONSTANT * 1e-3
    figure = go.Figure(framework_traces(crystal))
    figure.add_trace(
        surface(
            result.grid,
            kilojoules,
            levels=(-18.0, -8.0),
            surface={"count": 3},
            opacity=0.45,
            colorscale="Viridis",
            colorbar={"title": "kJ/mol", "len": 0.6, "x": 0.92},
        )
    )
    in_space(
        figure,
        crystal,
        title="Methane in silicalite (MFI): surfaces of equal energy, TraPPE-zeo",
        eye={"x": 0.25, "y": -1.5, "z": 0.35},
    )
    picture(figure, "methane_in_mfi")


def carbon_dioxide() -> None:
    """Where CO2 goes first in Cu-BTC: a density sampled by RASPA3."""
    from porescope.io.grids import read_cube
    from porescope.workflows.isotherm import run_isotherm

    crystal = structure("named_frameworks_raspa2.tar.xz", "Cu-BTC.cif")
    with tempfile.TemporaryDirectory() as folder:
        run_isotherm(
            crystal,
            gases="CO2",
            temperature=298.0,
            pressures_pa=(1e4,),
            charges="cif",
            cycles=2500,
            density_spacing=0.6,
            seed=1,
            out=folder,
        )
        cube = read_cube(next(Path(folder).glob("*.cube")))
    density = uniform_filter(cube.values, size=3, mode="wrap")
    density = density / density.max()
    grid = EnergyGrid(
        lattice=crystal.lattice, energy_k=density, cap_k=1.0, gas="CO2", field="density"
    )
    figure = go.Figure(framework_traces(crystal))
    figure.add_trace(
        surface(
            grid,
            density,
            levels=(0.12, 0.5),
            surface={"count": 3},
            opacity=0.5,
            colorscale="Blues",
            colorbar={"title": "density / largest", "len": 0.6, "x": 0.92},
        )
    )
    in_space(
        figure,
        crystal,
        title="CO₂ in Cu-BTC, 298 K, 0.1 bar: density sampled by RASPA3",
        eye={"x": 0.15, "y": -1.5, "z": 0.2},
    )
    picture(figure, "co2_in_cubtc")


def argon() -> None:
    """Argon at 87 K and 1 atm against the published RASPA2 runs."""
    rows = merged()
    ours = np.array([row["mean"] for row in rows])
    theirs = np.array([row["reference"] for row in rows])
    figure = go.Figure()
    top = 1.06 * max(ours.max(), theirs.max())
    figure.add_trace(
        go.Scatter(x=[0, top], y=[0, top], mode="lines", line={"color": GREY}, showlegend=False)
    )
    figure.add_trace(
        go.Scatter(
            x=theirs,
            y=ours,
            mode="markers",
            marker={"color": BLUE, "size": 8},
            error_x={
                "array": [row["reference_error"] for row in rows],
                "color": GREY,
            },
            error_y={"array": [row["error"] for row in rows], "color": BLUE},
            text=[row["code"] for row in rows],
            showlegend=False,
        )
    )
    for row, x, y in zip(rows, theirs, ours, strict=True):
        if abs(y - x) > max(0.1 * x, 0.35):
            figure.add_annotation(x=x, y=y, text=row["code"], showarrow=False, yshift=13)
    figure.update_layout(
        title={"text": f"Argon in {len(rows)} zeolites, 87 K, 1 atm", "x": 0.5},
        xaxis={"title": "RASPA 2.0.37, 100 000 cycles [mol/kg]", "range": [0, top]},
        yaxis={"title": "porescope with RASPA3 [mol/kg]", "range": [0, top]},
    )
    on_paper(figure)
    picture(figure, "argon_in_zeolites", width=760, height=680)


def crafted() -> None:
    """CO2 and N2 isotherms against those of CRAFTED, with both error bars."""
    rows = rows_of("crafted_isotherms_cases")
    held = [row["framework"] for row in rows if float(row["reference"]) > 0.01]
    names = list(dict.fromkeys(held))[:6]
    figure = make_subplots(rows=2, cols=3, subplot_titles=names, horizontal_spacing=0.07)
    for place, name in enumerate(names):
        where = {"row": place // 3 + 1, "col": place % 3 + 1}
        for gas, colour in (("CO2", BLUE), ("N2", ORANGE)):
            mine = [row for row in rows if row["framework"] == name and row["gas"] == gas]
            mine.sort(key=lambda row: float(row["pressure_pa"]))
            bars = [float(row["pressure_pa"]) / 1e5 for row in mine]
            for key, error, symbol, title in (
                ("reference", "reference_error", "circle-open", "CRAFTED"),
                ("mol_per_kg", "error", "circle", "porescope"),
            ):
                figure.add_trace(
                    go.Scatter(
                        x=bars,
                        y=[float(row[key]) for row in mine],
                        error_y={"array": [float(row[error]) for row in mine], "thickness": 1.2},
                        mode="markers" if symbol != "circle" else "lines+markers",
                        marker={"color": colour, "symbol": symbol, "size": 9},
                        line={"color": colour, "width": 1},
                        name=f"{gas}, {title}",
                        showlegend=place == 0,
                    ),
                    **where,
                )
    figure.update_xaxes(type="log", dtick=1)
    figure.update_yaxes(rangemode="tozero")
    for place in range(3):
        figure.update_xaxes(title="pressure [bar]", row=2, col=place + 1)
    for place in range(2):
        figure.update_yaxes(title="absolute loading [mol/kg]", row=place + 1, col=1)
    figure.update_layout(margin={"t": 60, "b": 110}, legend={"orientation": "h", "y": -0.16})
    on_paper(figure)
    picture(figure, "crafted_isotherms", width=1100, height=720)


def geometry() -> None:
    """Pore diameters of CoRE MOFs against the published ones."""
    rows = [
        row
        for row in rows_of("core_mof_geometry_cases")
        if row["engine"] == "grid" and row["pld"] and row["lcd"]
    ]
    figure = make_subplots(rows=1, cols=2, subplot_titles=("pore-limiting", "largest cavity"))
    for place, key in enumerate(("pld", "lcd"), 1):
        x = [float(row[f"{key}_published"]) for row in rows]
        y = [float(row[key]) for row in rows]
        top = 1.05 * max(*x, *y)
        figure.add_trace(
            go.Scatter(x=[0, top], y=[0, top], mode="lines", line={"color": GREY}), row=1, col=place
        )
        figure.add_trace(
            go.Scatter(x=x, y=y, mode="markers", marker={"color": BLUE, "size": 5, "opacity": 0.6}),
            row=1,
            col=place,
        )
        figure.update_xaxes(title="CoRE MOF 2019 [Å]", row=1, col=place)
        figure.update_yaxes(title="porescope [Å]", row=1, col=place)
    figure.update_layout(showlegend=False, margin={"t": 50})
    on_paper(figure)
    picture(figure, "core_mof_diameters", width=1050, height=540)


ALL: dict[str, Callable[[], None]] = {
    "methane": methane,
    "co2": carbon_dioxide,
    "argon": argon,
    "crafted": crafted,
    "geometry": geometry,
}

if __name__ == "__main__":
    for chosen in sys.argv[1:] or list(ALL):
        ALL[chosen]()
