"""How long until the command line answers: ``--help`` in a cold process, beside Kale's."""

from __future__ import annotations

from measure import (
    Series,
    cost_of,
    kale_command,
    kalelike_command,
    make_parser,
    must_pass,
    print_table,
)


def main() -> None:
    """Measure both commands in turn, so that the machine's load falls on both."""
    options = make_parser(__doc__, rounds=15).parse_args()
    rows = {"kalelike --help": (kalelike_command(), Series("kalelike --help", "0.15 s CPU"))}
    kale = kale_command(options)
    if kale:
        rows["kale --help"] = (kale, Series("kale --help (2.3.0)"))
    for _ in range(options.rounds):
        for command, series in rows.values():
            series.values.append(must_pass(cost_of([*command, "--help"])).cpu)
    print_table("Start-up, CPU seconds, cold process", [series for _, series in rows.values()])


if __name__ == "__main__":
    main()
