"""The process of one contender: takes its first order, prepares, then works when it is its turn; knows no peers.

    python -m measuring.worker

Orders come as lines of JSON on stdin and are answered on stdout. What libraries print goes to stderr.
"""

import os
import sys
from importlib import import_module
from pathlib import Path

from measuring.baton import Baton


def main() -> None:
    """Reads which contender it is, and runs its race."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    baton = Baton(sys.stdin, answers)
    order = baton.order()
    contender = import_module(f"measuring.contenders.{order['contender']}")
    score = contender.race(Path(order["folder"]), baton, order["turns"], **order["options"])
    baton.report(score=score)


if __name__ == "__main__":
    main()
