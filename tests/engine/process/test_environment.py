"""The environment that Keras is imported into, seen from a process of its own; and what is held back of stderr."""

import importlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nncli.engine.process.environment import KERAS_HOME, set_environment
from nncli.engine.process.import_blocking import without
from nncli.engine.process.silence import held_stderr

SCRIPT = """
import sys
from nncli.engine.process import environment
assert "keras" not in sys.modules and "tensorflow" not in sys.modules
environment.prepare()
environment.prepare(threads=1)
import keras
assert not {"matplotlib", "scipy", "sklearn", "pandas"} & set(sys.modules)
print(keras.config.floatx(), keras.config.image_data_format(), keras.config.backend(), keras.config.max_epochs())
keras.ops.matmul(keras.ops.ones((2, 2)), keras.ops.ones((2, 2)))
print(environment.prepare(threads=3))
"""


def test_keras_is_imported_in_silence_and_ignores_the_settings_of_the_user(tmp_path: Path) -> None:
    stray = tmp_path / ".keras"
    stray.mkdir()
    (stray / "keras.json").write_text('{"floatx": "float16", "image_data_format": "channels_first", "backend": "jax"}')
    settings = {"HOME": str(tmp_path), "KERAS_BACKEND": "jax", "KERAS_MAX_EPOCHS": "1"}
    before = sorted(KERAS_HOME.iterdir())
    set_elsewhere = ("KERAS_HOME", "TF_CPP_MIN_LOG_LEVEL")
    environment = {name: value for name, value in os.environ.items() if name not in set_elsewhere}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment | settings, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["float32 channels_last tensorflow None", "1"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".keras"]
    assert sorted(KERAS_HOME.iterdir()) == before


def test_xla_gets_its_level_beside_the_flags_of_the_user_and_not_instead_of_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    level = "--xla_backend_optimization_level="
    for given, expected in (
        (None, f"{level}2"),
        ("--xla_dump_to=here", f"--xla_dump_to=here {level}2"),
        (f"{level}1", f"{level}1"),
    ):
        if given is None:
            monkeypatch.delenv("XLA_FLAGS", raising=False)
        else:
            monkeypatch.setenv("XLA_FLAGS", given)
        for _ in range(2):  # a second call adds nothing
            set_environment()
            assert os.environ["XLA_FLAGS"] == expected


def test_a_package_is_missing_for_one_import_in_one_thread_and_there_again_afterwards() -> None:
    imported: list[str] = []
    thread = threading.Thread(target=lambda: imported.append(importlib.import_module("colorsys").__name__))
    sys.modules.pop("colorsys", None)
    with without("colorsys"):
        with pytest.raises(ModuleNotFoundError, match="colorsys"):
            importlib.import_module("colorsys")
        thread.start()
        thread.join()
    assert imported == ["colorsys"]
    assert importlib.import_module("colorsys").rgb_to_hsv(0, 0, 0) == (0.0, 0.0, 0)


def test_lines_of_the_cpp_loggers_are_dropped_and_others_are_given_out(capfd: pytest.CaptureFixture[str]) -> None:
    with held_stderr():
        os.write(2, b"I0000 00:00:1795406157.556065    3487 cudart_stub.cc:31] Could not find cuda drivers\n")
        os.write(2, b"Illegal instruction\n")
    assert capfd.readouterr().err == "Illegal instruction\n"


def test_nothing_is_lost_when_the_body_fails(capfd: pytest.CaptureFixture[str]) -> None:
    line = "E0000 00:00:1795406157.556065    3487 cuda.cc:31] it broke\n"
    with pytest.raises(ImportError), held_stderr():
        os.write(2, line.encode())
        raise ImportError("no")
    assert capfd.readouterr().err == line


def test_a_body_can_be_silenced_altogether(capfd: pytest.CaptureFixture[str]) -> None:
    with held_stderr(give_out=False):
        os.write(2, b"error: op is not supported\n")
    assert capfd.readouterr().err == ""


def test_what_python_says_meanwhile_is_seen_at_once() -> None:
    script = (
        "import os, sys\n"
        "from nncli.cli import process\n"
        "from nncli.engine.process.silence import held_stderr\n"
        "process._mend_streams()\n"
        "with held_stderr(give_out=False):\n"
        "    os.write(2, b'noise\\n')\n"
        "    print('seen', file=sys.stderr)\n"
        "    sys.stdout.write('inside\\n')\n"
        "print('after', file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == "seen\nafter\n"
