"""Progress bars at the bottom of a terminal, with lines above and below them; neither flicker nor leave anything."""

from collections.abc import Callable, Iterator
from typing import Any

import rich.console
from rich.console import RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, ProgressColumn
from rich.segment import ControlType, Segment, Segments

from nncli.console.live import echo

# A terminal shows what is between them at once (https://gist.github.com/christianparpart/d8a62cc1ab659194337d73e399004036);
# those that do not know them ignore them.
_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"
_ERASE_LINE = "\r\x1b[2K\x1b[1A"
# The place of the cursor; and lines below the bars that can be typed without moving them up.
_SAVE, _RESTORE, _ROOM = "\x1b7", "\x1b8", 3
_NOTHING: list[RenderableType] = []


def make_bar() -> BarColumn:
    """A bar as wide as there is room, in a colour that is not that of an error."""
    return BarColumn(None, style="bright_black", complete_style="cyan", finished_style="cyan", pulse_style="cyan")


class Bars(Progress):
    """Bars that go when they are stopped; `above` and `below` are asked for the lines around them at each refresh."""

    def __init__(self, *columns: ProgressColumn, console: rich.console.Console) -> None:
        self.above: Callable[[], list[RenderableType]] = lambda: _NOTHING
        self.below: Callable[[], list[RenderableType]] = lambda: _NOTHING
        self._held = 0  # lines
        super().__init__(*columns, console=console, transient=True, expand=True)
        self._make_live()

    def _make_live(self) -> None:
        self.live = self._steady = _SteadyLive(console=self.console, transient=True, get_renderable=self.get_renderable)

    def start(self) -> None:
        """Shows the bars."""
        echo.silence(self.console.file)
        super().start()

    def stop(self) -> None:
        """Removes the bars."""
        was_shown = self.live.is_started
        super().stop()
        if was_shown:
            echo.restore()

    def hold(self) -> None:
        """Leaves them as they are while somebody types below, with keys that are shown again, until `release`."""
        if self.live.is_started:
            self._held = self._steady.lines
            self.live.transient = False
            self.stop()
            self.console.file.write("\n" * _ROOM + f"\x1b[{_ROOM}A" + _SAVE)
            self.console.file.flush()

    def release(self) -> None:
        """Removes what was held and typed, and shows the bars again."""
        if self._held:
            self.console.file.write(f"{_RESTORE}\r\x1b[{self._held}A\x1b[J")
            self._held = 0
            self._make_live()
            self.start()

    def get_renderables(self) -> Iterator[RenderableType]:
        """The lines above, the bars, the lines below."""
        yield from self.above()
        yield from super().get_renderables()
        yield from self.below()


class _SteadyLive(Live):
    """Erases and draws again within one frame of the terminal, also where that has become narrower meanwhile."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._drawn = _Measured(None)

    @property
    def lines(self) -> int:
        """The lines that were drawn last, as the terminal has broken them."""
        return self._drawn.lines_at(self.console.width)

    def process_renderables(self, renderables: list[Any]) -> list[Any]:
        """What rich writes for a refresh, or for a line above it, as one update."""
        if not self.console.is_terminal:
            return super().process_renderables(renderables)
        # rich goes up as many lines as it wrote; terminals have broken those that no longer fit into more.
        broken = self.lines - len(self._drawn.lengths)
        drawn = super().process_renderables(renderables)
        if drawn and drawn[-1] is self._live_render:
            self._drawn = _Measured(drawn[-1])
            drawn[-1] = self._drawn
        return [_control(_BEGIN + _ERASE_LINE * broken), *drawn, _control(_END)]


class _Measured:
    """A renderable that remembers the lengths of its lines."""

    def __init__(self, inner: Any) -> None:
        self._inner, self.lengths = inner, list[int]()

    def lines_at(self, width: int) -> int:
        """The lines that a terminal makes of them that breaks at a width."""
        return sum(max(1, -(-length // max(1, width))) for length in self.lengths)

    def __rich_console__(
        self, console: rich.console.Console, options: rich.console.ConsoleOptions
    ) -> Iterator[Segment]:
        segments = list(console.render(self._inner, options))
        self.lengths = [Segment.get_line_length(line) for line in Segment.split_lines(segments)]
        yield from segments


def _control(code: str) -> Segments:
    """A code that moves nothing; of a kind without text of its own, which rich leaves out of widths."""
    return Segments([Segment(code, None, [(ControlType.BELL,)])])
