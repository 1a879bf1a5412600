"""Both passes of a graph spelled out in lines of at most 80 columns, and as numbers for programs; computes nothing."""

import textwrap
from collections.abc import Sequence
from typing import Any

from nncli.lessons.graph.differentiation import (
    Passes,
    agree,
    find_kinks,
    numbers_of,
    parameters,
    run_forward,
    take_step,
    try_derivative,
)
from nncli.errors import UsageError
from nncli.lessons.graph.drawing import draw_tree
from nncli.lessons.graph.graph import Graph, Node
from nncli.lessons.graph.operations import OPERATIONS
from nncli.lessons.lesson import align, show_number, show_term

_WIDTH = 80
