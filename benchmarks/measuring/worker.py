"""The process of one contender: receives its first order, prepares, then works when it is its turn.

    python -m measuring.worker

Orders are lines of JSON on stdin and are answered on stdout. Output of libraries goes to stderr.
"""

import os
import sys
from importlib import import_module
from pathlib import Path

from measuring.baton import Baton


def main() -> None:
    """Reads the name of its contender and runs it."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    baton = Baton(sys.stdin, answers)
    order = baton.order()
    contender = import_module(f"measuring.contenders.{order['contender']}")
    score = contender.race(Path(order["folder"]), baton, order["turns"], **order["options"])
    baton.report(score=score)


if __name__ == "__main__":
    main()
