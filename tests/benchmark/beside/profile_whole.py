"""Where the time of a whole process goes: `python -m beside.profile_whole SCRIPT ARGUMENT` prints its ten longest functions as one line of JSON."""

from __future__ import annotations

import cProfile
import json
import runpy
import sys

from .contestant import top_ten


def main() -> None:
    """Run the script under watch; what it imports is part of it."""
    script, *given = sys.argv[1:]
    sys.argv = [script, *given]
    watch = cProfile.Profile()
    watch.runcall(runpy.run_path, script, run_name="__main__")
    print(json.dumps(top_ten(watch)))


if __name__ == "__main__":
    main()
