"""The command ``porescope``: its sub-commands, its start and its end."""

from __future__ import annotations

import signal
import sys
import threading
import warnings
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from porescope.apps.cli import (
    adsorb,
    build,
    dataset,
    evaluate,
    index,
    library,
    pores,
    predict,
    screen,
    similar,
    simulate,
    solve,
    take_apart,
    train,
)
from porescope.apps.cli.failure import EXPECTED, Stopped, one_line, report_failure


class _Commands(TyperGroup):
    """Hands Ctrl-C on, with what the command says about it."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            raise Stopped(str(interrupt)) from interrupt


app = typer.Typer(
    name="porescope",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)


def _show_version(wanted: bool) -> bool:
    if wanted:
        from porescope import __version__

        typer.echo(f"porescope {__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def _porescope(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and stop."
        ),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Read nanoporous crystals: from a powder pattern to the framework that
    made it.

    \b
    Start here:
      porescope solve --example --out result
      porescope solve scan.xrdml --out result
      porescope solve scan.xy --wavelength CuKa --elements Zn,C,H,N

    Each command has examples of its own: porescope solve --help
    """


app.command(name="solve")(solve.solve)
app.command(name="similar")(similar.similar)
app.command(name="simulate")(simulate.simulate)
app.command(name="build")(build.build)
app.command(name="take-apart")(take_apart.take_apart)
app.command(name="index")(index.index)
app.command(name="pores")(pores.pores)
app.command(name="predict")(predict.predict)
app.command(name="evaluate")(evaluate.evaluate)
app.command(name="screen")(screen.screen)
app.add_typer(adsorb.app, name="adsorb")
app.add_typer(dataset.app, name="dataset")
app.add_typer(library.app, name="library")
app.add_typer(train.app, name="train")


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments:
        The words after ``porescope``; by default those of the process.

    Returns
    -------
    :
        The exit code: 0 for success, 1 if some of several files failed, 2 for an error, 130 after
        Ctrl-C.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    command = typer.main.get_command(app)
    with warnings.catch_warnings():
        if not debug:
            warnings.simplefilter("ignore")
        try:
            code = command.main(args=words, prog_name="porescope", standalone_mode=False)
        except EXPECTED as error:
            return report_failure(error, debug=debug)
    return code if isinstance(code, int) else 0


def _terminated(_number: int, _frame: object) -> None:
    """End by way of the clean-up, also when the system asks for it."""
    sys.exit(143)


def _unexpected(kind: type[BaseException], error: BaseException, _trace: object) -> None:
    """Say that the fault is ours, in one line."""
    typer.echo(
        f"error: a fault of porescope itself, {kind.__name__}: {one_line(str(error))}; "
        "please report it with what --debug shows",
        err=True,
    )


def main() -> None:
    """Start the command line; the entry point of the package."""
    if "--debug" not in sys.argv:
        sys.excepthook = _unexpected
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminated)
    try:
        code = run()
        sys.stdout.flush()
    except (KeyboardInterrupt, BrokenPipeError) as error:
        code = report_failure(error)
    sys.exit(code)


if __name__ == "__main__":
    main()
