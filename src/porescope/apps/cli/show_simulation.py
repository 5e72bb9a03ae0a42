"""What ``simulate`` says and writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from porescope.apps.cli.failure import one_line
from porescope.workflows.simulate import Simulation

_N_LINES = 10
_PLOT_WIDTH, _PLOT_HEIGHT = 68, 10
_BLOCKS = " ▁▂▃▄▅▆▇█"


def _heading(simulation: Simulation) -> str:
    radiation = simulation.radiation
    kind = "neutrons" if radiation.kind == "neutron" else radiation.name or "X-rays"
    return f"{kind}, {radiation.wavelength:.6g} Å"


def write_pattern(simulation: Simulation, path: Path) -> None:
    """Write the pattern as two columns, with commas where the name ends in ``csv``.

    Parameters
    ----------
    simulation:
        The simulation.
    path:
        The file.
    """
    pattern = simulation.pattern
    comma = "," if path.suffix.lower() == ".csv" else " "
    name = one_line(simulation.crystal.name)
    columns = np.column_stack([pattern.two_theta_deg, pattern.intensity])
    with path.open("w", encoding="utf-8", errors="replace") as stream:
        stream.write(f"# simulated from {name} by porescope; {_heading(simulation)}\n")
        stream.write(f"# wavelength: {simulation.radiation.wavelength:.6f}\n")
        stream.write(f"two_theta_deg{comma}intensity\n" if comma == "," else "")
        np.savetxt(stream, columns, fmt=["%.5f", "%.4f"], delimiter=comma)


def write_reflections(simulation: Simulation, path: Path) -> None:
    """Write all reflections of the range as a table.

    Parameters
    ----------
    simulation:
        The simulation.
    path:
        The file.
    """
    reflections = simulation.reflections
    squared = reflections.f_squared
    columns = np.column_stack(
        [
            reflections.hkl,
            reflections.multiplicity,
            reflections.d,
            simulation.two_theta_deg,
            np.full(len(reflections.d), np.nan) if squared is None else squared,
            simulation.intensity_percent,
        ]
    )
    with path.open("w", encoding="utf-8") as stream:
        stream.write("h,k,l,multiplicity,d,two_theta_deg,f_squared,intensity_percent\n")
        formats = ["%d", "%d", "%d", "%d", "%.6f", "%.5f", "%.6g", "%.6g"]
        np.savetxt(stream, columns, fmt=formats, delimiter=",")


def plot_text(x: Float[np.ndarray, "points"], y: Float[np.ndarray, "points"]) -> list[str]:
    """A curve drawn with block characters: the highest point of each column.

    Parameters
    ----------
    x:
        Angles [°], rising.
    y:
        Intensities.

    Returns
    -------
    :
        Lines, the top first, and a line of angles.
    """
    span = float(x[-1] - x[0]) or 1.0
    column = np.minimum(((x - x[0]) / span * _PLOT_WIDTH).astype(np.int64), _PLOT_WIDTH - 1)
    heights = np.zeros(_PLOT_WIDTH)
    np.maximum.at(heights, column, np.maximum(y, 0.0))
    eighths = np.rint(heights / (heights.max() or 1.0) * _PLOT_HEIGHT * 8).astype(np.int64)
    rows = []
    for level in range(_PLOT_HEIGHT - 1, -1, -1):
        part = np.clip(eighths - 8 * level, 0, 8)
        rows.append("".join(_BLOCKS[k] for k in part).rstrip())
    scale = [" "] * (_PLOT_WIDTH + 6)
    for n in range(5):
        label = f"{x[0] + span * n / 4:.4g}°"
        start = max(0, round(_PLOT_WIDTH * n / 4) - (len(label) // 2 if n else 0))
        scale[start : start + len(label)] = label
    return [*rows, "".join(scale).rstrip()]


def show_simulation(
    simulation: Simulation, *, written: tuple[Path, ...], plot: bool, console: Console
) -> None:
    """Say what was simulated.

    Parameters
    ----------
    simulation:
        The simulation.
    written:
        Files that were written.
    plot:
        Draw the pattern.
    console:
        Where to say it.
    """
    crystal = simulation.crystal
    head = Text.assemble(
        (one_line(crystal.name) or "structure", "bold"),
        f"  {crystal.formula}, {one_line(crystal.space_group.symbol)}, {_heading(simulation)}",
    )
    console.print()
    console.print(Padding(head, (0, 2)))
    console.print()
    if plot:
        pattern = simulation.pattern
        for row in plot_text(pattern.two_theta_deg, pattern.intensity):
            console.print(Padding(Text(row, style="cyan", no_wrap=True), (0, 2)))
        console.print()
    console.print(Padding(_strongest(simulation), (0, 2)))
    console.print()
    n_hidden = max(simulation.lines.n_lines - _N_LINES, 0)
    text = f"The {min(_N_LINES, simulation.lines.n_lines)} strongest lines"
    text += f"; {n_hidden} weaker ones in the range." if n_hidden else "."
    console.print(Padding(Text(text, style="dim"), (0, 2)))
    for path in written:
        line = Text.assemble(("Written  ", "dim"), (one_line(str(path)), "cyan"))
        console.print(Padding(line, (0, 2)))


def _strongest(simulation: Simulation) -> Table:
    """The strongest lines by rising angle; reflections that fall together are one."""
    reflections, lines = simulation.reflections, simulation.lines
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in ("2θ / °", "d / Å", "h k l", "", "I / %"):
        table.add_column(name, justify="left" if not name else "right", no_wrap=True)
    order = np.argsort(-lines.intensity, kind="stable")[:_N_LINES]
    counts = np.diff(np.append(lines.first, reflections.n_reflections))
    for i in sorted(int(k) for k in order):
        first = int(lines.first[i])
        more = int(counts[i]) - 1
        share = 100.0 * lines.intensity[i] / max(float(lines.intensity.max()), 1e-300)
        table.add_row(
            f"{lines.two_theta_deg[i]:.3f}",
            f"{lines.d[i]:.4f}",
            " ".join(str(int(k)) for k in reflections.hkl[first]),
            Text(f"and {more} more" if more else "", style="dim"),
            f"{share:.1f}",
        )
    return table
