"""From the text of an expression to its graph; a small grammar of its own, by recursive descent.

    program   = statement { ";" statement } [";"]
    statement = [ NAME "=" ] sum
    sum       = product { ("+" | "-") product }
    product   = unary { ("*" | "/") unary }
    unary     = ("-" | "+") unary | power
    power     = atom [ "**" unary ]
    atom      = NUMBER | NAME | FUNCTION "(" sum { "," sum } ")" | "(" sum ")"

Nothing is evaluated by Python. Operators bind as in Python. The signs of a slide stand for those of a keyboard: · and ×
for *, − for -, ² for **2.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from nncli.config.reading.spelling import did_you_mean
from nncli.lessons.graph.graph import Builder, Graph, Operand, refuse
from nncli.lessons.graph.operations import FUNCTIONS

MAX_LENGTH = 500  # characters
MAX_DEPTH = 30  # levels of parentheses, functions, signs and exponents
MAX_NAME = 12  # letters

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<raised>[⁰¹²³⁴⁵⁶⁷⁸⁹]+)"
    r"|(?P<name>[^\W0-9⁰¹²³⁴⁵⁶⁷⁸⁹][^\W⁰¹²³⁴⁵⁶⁷⁸⁹]*)"
    r"|(?P<sign>\*\*|[-+*/(),;=·×−])"
    r"|(?P<end>\Z)|(?P<other>.))",
    re.DOTALL,
)
_ASCII_SIGNS = {"·": "*", "×": "*", "−": "-"}
_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_HINTS = {"^": "a power is written **", "÷": "a quotient is written /"}
_A_VALUE = "a number, a name, a function or ("
_OPERATORS = "an operator (+ - * / **)"


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    column: int

    @property
    def shown(self) -> str:
        if self.kind == "end":
            return "the end"
        return f'"{self.text}"' if self.text.isprintable() else repr(self.text)


def parse_expression(text: str) -> Graph:
    """The graph of an expression such as `J = (w*x + b - y)**2 / 2`; several statements are separated by `;`.

    The last statement is the cost, called J if it has no name. Raises UsageError with the column and what was expected.
    """
    if len(text) > MAX_LENGTH:
        raise refuse(text, MAX_LENGTH + 1, f"an expression has at most {MAX_LENGTH} characters, got {len(text)}")
    return _Parser(text).parse()


def _read_tokens(text: str) -> list[_Token]:
    tokens = []
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or "end"
        token = _Token(kind, found[kind], found.start(kind) + 1)
        if kind == "other":
            known = "numbers, names, + - * / ** ( ) , ; ="
            raise refuse(text, token.column, f"got {token.shown}, expected {known}", _HINTS.get(token.text))
        if kind == "name" and len(token.text) > MAX_NAME:
            raise refuse(text, token.column, f"a name has at most {MAX_NAME} letters, got {len(token.text)}")
        tokens.append(token)
        if kind == "end":
            break
    return tokens


class _Parser:
    """Reads the tokens from left to right; every operation goes to the builder as soon as it is complete."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _read_tokens(text)
        self._place = 0
        self._depth = 0
        self._builder = Builder(text)

    @property
    def _next(self) -> _Token:
        return self._tokens[self._place]

    @property
    def _sign(self) -> str:
        """The next token if it is a sign, as a keyboard has it, else ""."""
        return _ASCII_SIGNS.get(self._next.text, self._next.text) if self._next.kind == "sign" else ""

    def _take(self) -> _Token:
        token = self._next
        self._place += 1
        return token

    def _refuse_next(self, expected: str, hint: str | None = None) -> Exception:
        return refuse(self._text, self._next.column, f"got {self._next.shown}, expected {expected}", hint)

    def parse(self) -> Graph:
        """The whole program."""
        while True:
            self._statement()
            if self._sign == ";":
                self._take()
            if self._next.kind == "end":
                return self._builder.finish()

    def _statement(self) -> None:
        name, column = None, self._next.column
        following = self._tokens[min(self._place + 1, len(self._tokens) - 1)]
        if self._next.kind == "name" and following.text == "=":
            name = self._take().text
            self._take()
            if name in FUNCTIONS:
                raise refuse(self._text, column, f'"{name}" is a function, expected a name of your own')
        value = self._sum()
        if self._sign != ";" and self._next.kind != "end":
            raise self._refuse_next(f"{_OPERATORS}, ; or the end", self._hint_between())
        self._builder.define(name, column, value)

    def _hint_between(self) -> str | None:
        """What was probably meant where an operator is missing."""
        if self._sign == "=":
            return "only a name stands before =, as in c = w*x"
        if self._next.kind in ("name", "number") or self._sign == "(":
            return "a product is written with *, as in 2*x"
        return "there is no ( for it" if self._sign == ")" else None

    def _sum(self) -> Operand:
        value = self._product()
        while self._sign in ("+", "-"):
            operation = "add" if self._sign == "+" else "subtract"
            token = self._take()
            value = self._builder.apply(operation, (value, self._product()), token.column)
        return value

    def _product(self) -> Operand:
        value = self._unary()
        while self._sign in ("*", "/"):
            operation = "multiply" if self._sign == "*" else "divide"
            token = self._take()
            value = self._builder.apply(operation, (value, self._unary()), token.column)
        return value

    def _unary(self) -> Operand:
        if self._sign not in ("-", "+"):
            return self._power()
        is_negative = self._sign == "-"
        token = self._take()
        value = self._nested(token, self._unary)
        return self._builder.apply("negative", (value,), token.column) if is_negative else value

    def _power(self) -> Operand:
        base = self._atom()
        if self._next.kind == "raised":
            token = self._take()
            return self._builder.apply("power", (base, float(token.text.translate(_DIGITS))), token.column)
        if self._sign != "**":
            return base
        token = self._take()
        return self._builder.apply("power", (base, self._nested(token, self._unary)), token.column)

    def _atom(self) -> Operand:
        if self._sign == "(":
            token = self._take()
            value = self._nested(token, self._sum)
            self._close(f'{_OPERATORS} or ")"')
            return value
        if self._next.kind == "number":
            return self._number(self._take())
        if self._next.kind != "name":
            raise self._refuse_next(_A_VALUE)
        token = self._take()
        if self._sign == "(":
            return self._call(token)
        if token.text in FUNCTIONS:
            raise self._refuse_next(f'"(", as {token.text} is a function')
        return self._builder.name(token.text, token.column)

    def _number(self, token: _Token) -> float:
        number = float(token.text)
        if not math.isfinite(number):
            raise refuse(self._text, token.column, f"{token.text} is too large for float64")
        return number

    def _call(self, token: _Token) -> Operand:
        if token.text not in FUNCTIONS:
            problem = f'there is no function "{token.text}"{did_you_mean(token.text, FUNCTIONS)}'
            hint = f"a product is written with *, as in {token.text}*(" if len(token.text) <= 2 else None
            raise refuse(self._text, token.column, problem, hint)
        self._take()
        values = [self._nested(token, self._sum)]
        while self._sign == "," and len(values) < FUNCTIONS[token.text]:
            self._take()
            values.append(self._nested(token, self._sum))
        if len(values) < FUNCTIONS[token.text]:
            raise self._refuse_next(f'",", as {token.text} takes {FUNCTIONS[token.text]} values')
        too_many = self._sign == ","
        count = FUNCTIONS[token.text]
        told = f'")", as {token.text} takes {count} value{"s" * (count > 1)}'
        self._close(told if too_many else f'{_OPERATORS} or ")"')
        return self._builder.apply(token.text, tuple(values), token.column)

    def _close(self, expected: str) -> None:
        if self._sign != ")":
            raise self._refuse_next(expected)
        self._take()

    def _nested(self, token: _Token, read: Callable[[], Operand]) -> Operand:
        """One level deeper, for what can contain itself."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise refuse(self._text, token.column, f"nested more than {MAX_DEPTH} levels deep")
        value = read()
        self._depth -= 1
        return value
