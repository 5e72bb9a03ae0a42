"""``porescope build``: frameworks from a metal and linkers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def build(
    metal: Annotated[
        str,
        typer.Option(metavar="Zn", help="The metal; leave it out for a COF.", show_default=False),
    ] = "",
    linker: Annotated[
        list[str] | None,
        typer.Option(metavar="SMILES", help="A linker, with its acid hydrogen. Repeat for more."),
    ] = None,
    net: Annotated[
        str,
        typer.Option(
            "--net", metavar="pcu,fcu", help="Only these nets (RCSR).", show_default=False
        ),
    ] = "",
    number: Annotated[
        int, typer.Option("--number", "-n", min=1, metavar="N", help="How many frameworks.")
    ] = 3,
    cap: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SMILES",
            help="Solvent or modulator that may end at a node; by default any, 'none' for none.",
            show_default=False,
        ),
    ] = None,
    max_atoms: Annotated[
        int, typer.Option(min=10, metavar="N", help="Most atoms in a primitive cell.")
    ] = 1500,
    relax: Annotated[
        bool, typer.Option("--relax/--no-relax", help="Relax atoms and cell (UFF4MOF).")
    ] = True,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the CIFs.")
    ] = Path("porescope-built"),
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the results as JSON, for programs.")
    ] = False,
) -> None:
    """Put a metal and linkers together to frameworks, and relax them.

    The kinds of frameworks that are known best for such a metal and such
    linkers come first. Writes one CIF each and built.json.

    \b
    Examples:
      porescope build --metal Zn --linker 'OC(=O)c1ccc(cc1)C(=O)O'
      porescope build --metal Zr --linker 'OC(=O)c1ccc(cc1)C(=O)O' --net fcu
      porescope build --linker 'OB(O)c1ccc(cc1)B(O)O'
    """
    from porescope.apps.cli.options import elements_from_text, words_from_text
    from porescope.apps.cli.progress import progress_bar
    from porescope.apps.cli.show_build import built_json, show_built, write_built
    from porescope.apps.cli.staging import require_writable_folder, staged_folder
    from porescope.apps.cli.terminal import console_for_output
    from porescope.errors import ConfigError
    from porescope.workflows.build_framework import BuildConfig, build_frameworks
    from porescope.workflows.propose import ProposeConfig

    if not linker:
        raise ConfigError(
            "name a linker, such as --linker 'OC(=O)c1ccc(cc1)C(=O)O' for terephthalic acid"
        )
    require_writable_folder(out)
    caps = None if not cap else tuple(c for c in cap if c != "none")
    with progress_bar("building") as progress:
        built = build_frameworks(
            metals=elements_from_text(metal, option="--metal"),
            linkers=linker,
            config=BuildConfig(
                n_frameworks=number,
                relax=relax,
                propose=ProposeConfig(nets=words_from_text(net), max_atoms=max_atoms, caps=caps),
            ),
            progress=progress,
        )
    with staged_folder(out) as folder:
        write_built(built, folder)
    if json_output:
        typer.echo(built_json(built))
    else:
        show_built(built, folder=out, console=console_for_output())
