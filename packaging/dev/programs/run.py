"""Runs trials, one private place for each. Called by packaging/dev/try-programs, which has installed what they need."""

import argparse
import importlib
import pathlib
import signal
import sys
import time
import traceback

from lab import Lab
from processes import Failed


def main() -> int:
    # Like Ctrl-C, so that nothing that was started is left.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--cache", type=pathlib.Path, required=True)
    parser.add_argument("--ci", action="store_true")
    parser.add_argument("--refuse", action="store_true")
    parser.add_argument("tools", nargs="+")
    options = parser.parse_args()
    outcomes = []
    for tool in options.tools:
        print(f"\n== {tool}", flush=True)
        start = time.monotonic()
        outcomes.append((tool, *attempt(tool, options), time.monotonic() - start))
    print()
    is_good = True
    for tool, problem, refusals, seconds in outcomes:
        # With servers that refuse each token, a trial that passes has not looked at its server.
        as_wanted = problem is not None and refusals > 0 if options.refuse else problem is None
        is_good = is_good and as_wanted
        note = f" (as it must: good tokens refused: {refusals})" if options.refuse and as_wanted else ""
        print(f"{'FAIL' if problem else 'PASS'} {tool} in {seconds:.1f} s{note}{f': {problem}' if problem else ''}")
    return 0 if is_good else 1


def attempt(tool: str, options: argparse.Namespace) -> tuple[str | None, int]:
    """Runs a trial; returns what is wrong, in one line, and how many good tokens its servers have refused."""
    trial = importlib.import_module(f"trials.{tool}")
    print((trial.__doc__ or "").strip(), flush=True)
    lab = Lab(options.bin, options.cache, options.refuse, options.ci)
    problem = None
    try:
        with lab:
            try:
                trial.run(lab)
            except Exception as error:
                if not isinstance(error, Failed):
                    traceback.print_exc()
                lab.say(f"!! {error}")
                if not options.refuse:
                    lab.show_logs()
                problem = str(error)
    except Failed as error:
        problem = str(error)
    return problem and lab.redacted(problem).split("\n")[0], lab.refusals


if __name__ == "__main__":
    sys.exit(main())
