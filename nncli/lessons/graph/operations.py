"""What a node can compute: each operation's value, partial derivatives and spelling, on numbers alone.

The derivatives are those of every calculus text. At a kink, where none exists, the one that TensorFlow uses is taken:
0 for relu at 0, and the first operand's for two equal operands of max.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


Numbers = Sequence[float]
Slope = Callable[[Numbers, float], float]


DIGITS, EXACT = 4, 12


def show(value: float, digits: int = DIGITS) -> str:
    """A number with this many significant digits; none is rounded to 0, as gradients that vanish are numbers too."""
    return f"{value + 0.0:.{digits}g}".replace("-", "−")


def show_term(value: float, digits: int = DIGITS) -> str:
    """The same as a term of a sum or product: negative numbers in parentheses."""
    return f"({show(value, digits)})" if value < 0 else show(value, digits)


class NoValueError(ArithmeticError):
    """An operation has no value, or no derivative, at these numbers; says which and why."""


@dataclass(frozen=True)
class Operation:
    """`slopes` are the derivatives with respect to the first operands, each from all operands and the result.

    `spell` writes the operation with names or with numbers, `spell_slopes` the derivatives; the latter also takes the
    numbers and the name of the node. `kink` says why there is no derivative at some numbers, and is "" elsewhere.
    """

    compute: Callable[..., float]
    slopes: tuple[Slope, ...]
    spell: Callable[..., str]
    spell_slopes: Callable[[Sequence[str], Numbers, str], tuple[str, ...]]
    kink: Callable[[Numbers], str] = lambda numbers: ""


def sigmoid(z: float) -> float:
    """1 / (1 + exp(-z)), written with tanh, which does not overflow."""
    return (1 + math.tanh(z / 2)) / 2


def _divide(u: float, v: float) -> float:
    if v == 0:
        raise NoValueError(f"division by zero: {show_term(u)} / 0")
    return u / v


def _power(u: float, exponent: float) -> float:
    told = f"{show_term(u)}**{show_term(exponent)}"
    if u == 0 and exponent < 0:
        raise NoValueError(f"division by zero: {told}")
    if u < 0 and not exponent.is_integer():
        raise NoValueError(f"a negative number has no real power that is not whole: {told}")
    try:
        return float(u**exponent)
    except OverflowError:
        raise NoValueError(f"overflow: {told} is too large for float64") from None


def _power_slope(u: float, exponent: float) -> float:
    """The derivative of u**exponent with respect to u."""
    if exponent == 0:
        return 0.0
    if u == 0 and exponent < 1:
        raise NoValueError(f"no derivative: the slope of 0**{show_term(exponent)} is infinite")
    return exponent * _power(u, exponent - 1)


def _exponent_slope(u: float, exponent: float) -> float:
    """The derivative of u**exponent with respect to the exponent, u**exponent · ln u."""
    if u < 0 or (u == 0 and exponent <= 0):
        raise NoValueError(
            f"no derivative with respect to the exponent of {show_term(u)}**{show_term(exponent)}: "
            "the base must be positive"
        )
    return _power(u, exponent) * math.log(u) if u > 0 else 0.0


def _exp(u: float) -> float:
    try:
        return math.exp(u)
    except OverflowError:
        raise NoValueError(f"overflow: exp({show(u)}) is too large for float64") from None


def _log(u: float) -> float:
    if u <= 0:
        raise NoValueError(f"log takes a positive number, got {show(u)}")
    return math.log(u)


def _format_power(base: str, exponent: str) -> str:
    """A power as it is written: u², u^0.5, u^v."""
    return base + exponent.translate(_SUPERSCRIPTS) if exponent.isdecimal() else f"{base}^{exponent}"


def _bare(text: str) -> str:
    """A negative number without the parentheses that it has in a product."""
    return text.removeprefix("(").removesuffix(")")


def _slope_text(base: str, exponent: float, factor: str = "") -> str:
    """exponent · base^(exponent - 1) after a factor such as "3 · ", without what multiplies by 1."""
    if exponent == 1:
        return factor.removesuffix(" · ") or "1"
    inner = base if exponent == 2 else _format_power(base, show_term(exponent - 1))
    return f"{factor}{show_term(exponent)} · {inner}"


def _half_square_text(base: str, numbers: Numbers, text: str) -> str:
    """The derivative of u² / 2 is u; that of other multiples of powers is `text`."""
    return base if tuple(numbers[1:]) in ((2.0, 2.0), (2.0, 0.5)) else text


def _side_text(numbers: Numbers, name: str) -> str:
    if numbers[0] == 0:
        return f"0 at {name} = 0"
    return f"1 for {name} > 0" if numbers[0] > 0 else f"0 for {name} < 0"


def _sides_text(texts: Sequence[str], numbers: Numbers) -> tuple[str, str]:
    sign = "=" if numbers[0] == numbers[1] else ">" if numbers[0] > numbers[1] else "<"
    first, word = (0, "for") if sign == "<" else (1, "at" if sign == "=" else "for")
    told = f"{word} {texts[0]} {sign} {texts[1]}"
    return f"{first} {told}", f"{1 - first} {told}"


def _kink_of_relu(numbers: Numbers) -> str:
    return "its slope is 0 on the left and 1 on the right, and 0 is used" if numbers[0] == 0 else ""


def _kink_of_max(numbers: Numbers) -> str:
    return "both are equal, and the first counts as the larger" if numbers[0] == numbers[1] else ""


# The operands of `power_over` and `times_power` are the base, the exponent and the number beside the power.
OPERATIONS: dict[str, Operation] = {
    "copy": Operation(lambda u: u, (lambda n, y: 1.0,), lambda u: u, lambda t, n, y: ("1",)),
    "negative": Operation(lambda u: -u, (lambda n, y: -1.0,), lambda u: f"−{u}", lambda t, n, y: ("−1",)),
    "add": Operation(
        lambda u, v: u + v,
        (lambda n, y: 1.0, lambda n, y: 1.0),
        lambda u, v: f"{u} + {v}",
        lambda t, n, y: ("1", "1"),
    ),
    "subtract": Operation(
        lambda u, v: u - v,
        (lambda n, y: 1.0, lambda n, y: -1.0),
        lambda u, v: f"{u} − {v}",
        lambda t, n, y: ("1", "−1"),
    ),
    "multiply": Operation(
        lambda u, v: u * v,
        (lambda n, y: n[1], lambda n, y: n[0]),
        lambda u, v: f"{u} · {v}",
        lambda t, n, y: (_bare(t[1]), _bare(t[0])),
    ),
    "divide": Operation(
        _divide,
        (lambda n, y: 1 / n[1], lambda n, y: -y / n[1]),
        lambda u, v: f"{u} / {v}",
        lambda t, n, y: (f"1 / {t[1]}", f"−{t[0]} / {t[1]}²"),
    ),
    "power": Operation(
        _power,
        (lambda n, y: _power_slope(n[0], n[1]),),
        _format_power,
        lambda t, n, y: (_slope_text(t[0], n[1]),),
    ),
    "exponentiate": Operation(
        _power,
        (lambda n, y: _power_slope(n[0], n[1]), lambda n, y: _exponent_slope(n[0], n[1])),
        lambda u, v: f"{u}^{v}",
        lambda t, n, y: (f"{t[1]} · {t[0]}^({t[1]} − 1)", f"{y} · log({_bare(t[0])})"),
    ),
    "power_over": Operation(
        lambda u, exponent, k: _divide(_power(u, exponent), k),
        (lambda n, y: _power_slope(n[0], n[1]) / n[2],),
        lambda u, exponent, k: f"{_format_power(u, exponent)} / {k}",
        lambda t, n, y: (_half_square_text(t[0], n, f"{_slope_text(t[0], n[1])} / {t[2]}"),),
    ),
    "times_power": Operation(
        lambda u, exponent, k: k * _power(u, exponent),
        (lambda n, y: n[2] * _power_slope(n[0], n[1]),),
        lambda u, exponent, k: f"{k} · {_format_power(u, exponent)}",
        lambda t, n, y: (_half_square_text(t[0], n, _slope_text(t[0], n[1], f"{t[2]} · ")),),
    ),
    "exp": Operation(_exp, (lambda n, y: y,), lambda u: f"exp({_bare(u)})", lambda t, n, y: (y,)),
    "log": Operation(_log, (lambda n, y: 1 / n[0],), lambda u: f"log({_bare(u)})", lambda t, n, y: (f"1 / {t[0]}",)),
    "tanh": Operation(
        math.tanh,
        (lambda n, y: 1 - y * y,),
        lambda u: f"tanh({_bare(u)})",
        lambda t, n, y: (f"1 − {y}²",),
    ),
    "sigmoid": Operation(
        sigmoid,
        (lambda n, y: sigmoid(n[0]) * sigmoid(-n[0]),),
        lambda u: f"sigmoid({_bare(u)})",
        lambda t, n, y: (f"{y} · (1 − {y})",),
    ),
    "relu": Operation(
        lambda u: max(0.0, u),
        (lambda n, y: 1.0 if n[0] > 0 else 0.0,),
        lambda u: f"relu({_bare(u)})",
        lambda t, n, y: (_side_text(n, t[0]),),
        _kink_of_relu,
    ),
    "max": Operation(
        max,
        (lambda n, y: 1.0 if n[0] >= n[1] else 0.0, lambda n, y: 1.0 if n[0] < n[1] else 0.0),
        lambda u, v: f"max({_bare(u)}, {_bare(v)})",
        lambda t, n, y: _sides_text([_bare(text) for text in t], n),
        _kink_of_max,
    ),
}

# The operations that are written as a function, with the number of their operands.
FUNCTIONS = {"exp": 1, "log": 1, "tanh": 1, "sigmoid": 1, "relu": 1, "max": 2}
