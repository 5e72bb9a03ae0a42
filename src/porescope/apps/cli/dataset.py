"""``porescope dataset``: data sets that the package makes itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    help="Data sets: hypothetical frameworks.",
    rich_markup_mode=None,
)


@app.callback()
def _dataset() -> None:
    """Data sets: hypothetical frameworks."""


@app.command(name="hypothetical")
def hypothetical(
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FILE", help="The store; an earlier run goes on."),
    ] = Path("hypothetical.store"),
    number: Annotated[
        int, typer.Option("--number", "-n", min=1, metavar="N", help="How many frameworks.")
    ] = 30_000,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed.")] = 0,
    metals: Annotated[
        str,
        typer.Option("--metal", metavar="Zn,Cu", help="Only these metals.", show_default=False),
    ] = "",
    routes: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="template: known kinds with other linkers; net: nodes on nets.",
        ),
    ] = "template,net",
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, metavar="N", help="Processes at a time.")
    ] = 2,
    max_atoms: Annotated[
        int, typer.Option(min=20, metavar="N", help="Most atoms in a cell.")
    ] = 400,
    scheduler: Annotated[
        str,
        typer.Option(metavar="ADDRESS", help="A Dask scheduler for more machines."),
    ] = "",
) -> None:
    """Make hypothetical frameworks: metals, linkers with functional groups, nets.

    Each is closed, relaxed, checked for clashes and charges, and kept once.
    Ctrl-C keeps what is there; the same command goes on.

    \b
    Examples:
      porescope dataset hypothetical --out hypo.store
      porescope dataset hypothetical --metal Zn,Zr --number 2000 --out zn.store
    """
    from porescope.apps.cli.options import elements_from_text, words_from_text
    from porescope.apps.cli.progress import progress_bar
    from porescope.apps.cli.terminal import console_for_output
    from porescope.errors import ConfigError
    from porescope.workflows.hypothetical import HypotheticalConfig, make_hypothetical
    from porescope.workflows.hypothetical_making import MakingConfig

    ways = words_from_text(routes)
    if not ways or not set(ways) <= {"template", "net"}:
        raise ConfigError(f"--routes: expected template, net or both, got {routes!r}")
    chosen = elements_from_text(metals, option="--metal")
    plain = HypotheticalConfig()
    config = HypotheticalConfig(
        number=number,
        making=MakingConfig(seed=seed, max_atoms=max_atoms),
        metals=chosen or plain.metals,
        routes=ways,
        processes=jobs,
        scheduler="dask" if scheduler else "processes",
        address=scheduler,
    )
    with progress_bar("making frameworks") as progress:
        try:
            report = make_hypothetical(
                out,
                config=config,
                progress=lambda now: progress(
                    f"{now.n_frameworks} frameworks", now.n_frameworks / max(now.number, 1)
                ),
            )
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"stopped; what was made is in {out}, and the same command goes on"
            ) from None
    console = console_for_output()
    rate = 3600.0 * report.n_added / max(report.seconds, 1e-9)
    console.print(
        f"\n  {report.n_frameworks} frameworks in {out}, {report.n_added} of them new in "
        f"{report.seconds:.0f} s ({rate:,.0f} an hour).\n"
    )
    for name, count in report.counts.items():
        console.print(f"  {count:8d}  {name}")
