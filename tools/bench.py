"""`./run bench [board|ledger|hhcrsp|rural] [OPTIONS]`: benchmark tables, each beside what others reach.

Every benchmark prints its table; ``--json FILE`` writes rows of case, ours, peer, value, unit and ratio.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

Bench = Callable[[Sequence[str]], int]


def hhcrsp() -> Bench:
    """The published instances."""
    from dispatch.benchmark.hhcrsp_bench import main

    return main


def rural() -> Bench:
    """The generated rural days."""
    from dispatch.benchmark.rural_bench import main

    return main


def ledger() -> Bench:
    """The ledger."""
    from bench_ledger import main

    return main  # type: ignore[no-any-return]


def board() -> Bench:
    """The coordinator's board in a browser."""
    from bench_board import main

    return main  # type: ignore[no-any-return]


BENCHES: dict[str, Callable[[], Bench]] = {"board": board, "ledger": ledger, "hhcrsp": hhcrsp, "rural": rural}


def main(arguments: Sequence[str]) -> int:
    """Run the named benchmark, or say which there are."""
    if not arguments or arguments[0] not in BENCHES:
        unknown = [name for name in arguments[:1] if name not in ("-h", "--help")]
        wrong = f"There is no benchmark {unknown[0]!r}. " if unknown else ""
        print(f"{wrong}Usage: ./run bench {{{'|'.join(BENCHES)}}} [--json FILE] [OPTIONS]; --help after a name.")
        return 2 if unknown else 0
    return BENCHES[arguments[0]]()(arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
