"""Dots in characters: with braille a character has two across and four down (Unicode 28xx).

The low six bits go down the left and the right column, the high two are the lowest row.
"""

from collections.abc import Iterable

ACROSS, DOWN = 2, 4
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


def bit_of(x: int, y: int) -> int:
    """The bit of the dot at (across, from the top) in the character it lies in."""
    return _BITS[y % DOWN][x % ACROSS]


def sign_of(bits: int) -> str:
    """The character with these dots; for none a blank, which every font has."""
    return chr(0x2800 + bits) if bits else " "


def draw_dots(dots: Iterable[tuple[int, int]], width: int, height: int) -> list[str]:
    """Lines that show the dots (across, from the top) of a field of `width` times `height`."""
    cells = [[0] * -(-width // ACROSS) for _ in range(-(-height // DOWN))]
    for x, y in dots:
        cells[y // DOWN][x // ACROSS] |= bit_of(x, y)
    return ["".join(map(sign_of, row)) for row in cells]
