"""``make fuzz N=50000 SEED=7``: send hostile requests to the production server and to the sandbox, and look at everything."""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path

import click

from tests.fuzz.run import Fuzz, Report
from tests.fuzz.town import town


@click.command()
@click.option("--cases", "-n", default=50_000, show_default=True, type=click.IntRange(1))
@click.option(
    "--seed", default=0, show_default=True, help="Of every case; the order of their arrival stays the machine's."
)
@click.option("--only", type=click.IntRange(0), help="Send the case of this number alone, and show what is answered.")
def main(cases: int, seed: int, only: int | None) -> None:
    """Send hostile requests over real sockets. Exit code 1 when anything went wrong."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    click.echo(f"seed={seed} cases={cases if only is None else f'{only} alone'}")
    with tempfile.TemporaryDirectory() as name, town(Path(name), sales=12) as found:
        fuzz = Fuzz(found, seed)
        if only is not None:
            case = fuzz.case(only)
            click.echo(f"{case.kind}, to {case.target}: {case.sent!r}")
            for answer in fuzz.send(case).answers:
                click.echo(f"{answer.status}\n{answer.headers}{answer.body!r}")
            click.echo(found.log(case.target).read_text(errors="replace")[-3_000:])
            sys.exit(bool(fuzz.report.failures))
        report = fuzz.run(cases)
    _show(report)
    sys.exit(bool(report.failures))


def _show(report: Report) -> None:
    for failure in report.failures:
        click.echo(failure, err=True)
    click.echo(
        f"{report.cases} cases in {report.seconds:.0f} s, {report.sales} sales and {len(report.refunds)} refunds meanwhile."
    )
    click.echo("answers: " + ", ".join(f"{name} x {many}" for name, many in sorted(report.statuses.items())))
    click.echo("cases: " + ", ".join(f"{name} x {many}" for name, many in sorted(report.kinds.items())))
    grown = (f"{name} {report.before[name]:.0f} -> {report.after[name]:.0f}" for name in report.after)
    click.echo(f"MB of the largest process (PSS): {', '.join(grown)}")
    click.echo(f"{len(report.failures)} failures")


if __name__ == "__main__":
    main()
