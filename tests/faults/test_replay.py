"""A random fault is done again from the seed that was printed with it."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "benchmarks"))

from faulting import kills, signals


class Planned:
    """In place of what stops and kills: notes what was planned, and that two of four faults came in time."""

    planned: list[tuple[Any, ...]]

    def __init__(self, work: Path, *, spawned: bool = False) -> None:
        self.work, self.spawned = work, spawned

    def stop(self, config: str, seed: int, times: int) -> signals.Stopped:
        self.planned.append((config, seed, times, self.spawned))
        return signals.Stopped(config, seed, self.spawned, stops=[signals.Stop(2, 0.5)] * (times // 2))


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    noted: list[tuple[Any, ...]] = []
    monkeypatch.setattr(Planned, "planned", noted, raising=False)
    monkeypatch.setattr(signals, "Stopper", Planned)
    return noted


def test_a_signal_is_sent_again_to_the_same_training_at_the_same_moments(
    tmp_path: Path, planned: list[tuple[Any, ...]]
) -> None:
    done = list(signals.stop_many(tmp_path, 30, 1))
    assert sum(len(each.stops) for each in done) >= 30 and len({plan[0] for plan in planned}) == len(signals.CONFIGS)
    assert any(spawned for *_, spawned in planned)
    for index, whole in enumerate(list(planned)):
        planned.clear()
        place = tmp_path / str(index)
        place.mkdir()
        list(signals.stop_many(place, 1, whole[1]))
        assert planned == [whole]


def test_a_kill_is_done_again_to_the_same_training_at_the_same_moments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned: list[tuple[str, int, int]] = []

    def kill(self: kills.Killer, config: str, seed: int, times: int) -> kills.Killed:
        planned.append((config, seed, times))
        return kills.Killed(config, seed, kills=[0] * times)

    monkeypatch.setattr(kills.Killer, "kill", kill)
    killer = kills.Killer(tmp_path, spawned=True)
    list(killer.kill_many(40, 1))
    assert len({config for config, *_ in planned}) == len(kills.CONFIGS)
    for whole in list(planned):
        planned.clear()
        list(killer.kill_many(1, whole[1]))
        assert planned == [whole]
