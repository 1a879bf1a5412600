"""How much a request may ask for; one place, so that the documentation and the messages agree."""

from dataclasses import dataclass

MEGABYTE = 1 << 20
# Bytes that a client sends or takes in meanwhile if it does so at all; a slow phone manages a hundred times as many.
LEAST_SENT = 16_384


@dataclass(frozen=True)
class Limits:
    """Sizes, counts and times beyond which a request is refused.

    `waiting` requests are worked on at once, and all bodies have `held_bytes` together; `header_seconds` are given to a
    connection to say what it wants, `sending_seconds` to send LEAST_SENT bytes of its body, `seconds` to a request from
    its header to its answer, and `fetching_seconds` to a client to take in as much of it.
    """

    body_bytes: int = 16 * MEGABYTE
    pixels: int = 20_000_000
    pixels_together: int = 80_000_000
    rows: int = 20_000
    columns: int = 4_000
    images: int = 64
    waiting: int = 256
    held_bytes: int = 256 * MEGABYTE
    connections: int = 1_000
    seconds: float = 30.0
    header_seconds: float = 10.0
    sending_seconds: float = 10.0
    fetching_seconds: float = 10.0
    idle_seconds: int = 30
    ending_seconds: int = 20
