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
    rows = measure_help(options.rounds, kale_command(options))
    print_table("Start-up, CPU seconds, cold process", rows)


def measure_help(rounds: int, kale: list[str] | None) -> tuple[Series, Series]:
    """Return CPU seconds of both commands' ``--help``; Kale's is empty without Kale."""
    ours, theirs = Series("kalelike --help", "0.15 s CPU"), Series("kale --help (2.3.0)")
    for _ in range(rounds):
        ours.values.append(must_pass(cost_of([*kalelike_command(), "--help"])).cpu)
        if kale:
            theirs.values.append(must_pass(cost_of([*kale, "--help"])).cpu)
    return ours, theirs


if __name__ == "__main__":
    main()
