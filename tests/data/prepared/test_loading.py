"""Data sets of tensorflow-datasets: found, decoded without TensorFlow, cached; and what happens without a network."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nncli import data
from nncli.config.facts import ImageInput, Task
from nncli.config.sections import Data
from nncli.data.dataset import Dataset
from nncli.data.prepared import reachability
from nncli.data.prepared.tfrecords import checksums
from nncli.errors import DataError, UnreachableError

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (30, 6, 5, 1), dtype=np.uint8)
LABELS = np.arange(30) % 3


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read from or written to the folders of whoever runs the tests, and nobody asks the network."""
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "usual"))
    monkeypatch.setattr(reachability, "is_reachable", lambda: False)


def load(data_dir: Path | None, source: str = "tfds:shapes", **options: Any) -> Dataset:
    section = Data(**{"source": source, **options})
    return data.load(section, seed=1, data_dir=data_dir, progress=lambda what, share: None)


def field(number: int, body: bytes) -> bytes:
    size, length = b"", len(body)
    while length > 0x7F:
        size, length = size + bytes([length & 0x7F | 0x80]), length >> 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + body


def example(pixels: np.ndarray, label: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(buffer, "PNG")
    image = field(1, field(1, b"image") + field(2, field(1, field(1, buffer.getvalue()))))
    value = field(1, field(1, b"label") + field(2, field(3, field(1, bytes([label])))))
    return field(1, image + value)


def write_records(path: Path, examples: list[bytes]) -> None:
    lengths = [len(record).to_bytes(8, "little") for record in examples]
    parts = zip(lengths, checksums(lengths), examples, checksums(examples), strict=True)
    path.write_bytes(b"".join(n + a.tobytes() + record + b.tobytes() for n, a, record, b in parts))


def prepare(
    root: Path, name: str = "shapes/1.0.0", images: Any = IMAGES, parts: tuple[str, ...] = ("train", "test")
) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    shape = [str(size) if len({image.shape for image in images}) == 1 else "-1" for size in (6, 5)] + ["1"]
    kinds = "tensorflow_datasets.core.features"
    features = {
        "image": {"pythonClassName": f"{kinds}.Image", "image": {"dtype": "uint8", "shape": {"dimensions": shape}}},
        "label": {"pythonClassName": f"{kinds}.ClassLabel", "classLabel": {"numClasses": "3"}},
    }
    (folder / "features.json").write_text(json.dumps({"featuresDict": {"features": features}}))
    (folder / "label.labels.txt").write_text("circle\nsquare\nline\n")
    info = {
        "name": name.split("/")[0],
        "fileFormat": "tfrecord",
        "splits": [{"name": part, "shardLengths": [str(len(images))]} for part in parts],
        "supervisedKeys": {"tuple": {"items": [{"featureKey": "image"}, {"featureKey": "label"}]}},
    }
    (folder / "dataset_info.json").write_text(json.dumps(info))
    records = [example(image, int(label)) for image, label in zip(images, LABELS, strict=True)]
    for part in parts:
        write_records(folder / f"{name.split('/')[0]}-{part}.tfrecord-00000-of-00001", records)
    return folder


def test_checksums_are_those_of_the_standard() -> None:
    # RFC 3720, B.4: CRC-32C of "123456789" is E3069283; 32 zero bytes give 8A9136AA.
    def mask(crc: int) -> int:
        return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF

    assert checksums([b"123456789", bytes(32)]).tolist() == [mask(0xE3069283), mask(0x8A9136AA)]


def test_a_prepared_folder_becomes_a_data_set(tmp_path: Path) -> None:
    prepare(tmp_path / "here")
    dataset = load(tmp_path / "here")
    assert dataset.facts.rows == {"train": 27, "validation": 3, "test": 30}
    assert dataset.facts.target.classes == ("circle", "square", "line")
    assert dataset.facts.target.task is Task.MULTICLASS
    np.testing.assert_array_equal(dataset.test.inputs["image"], IMAGES)
    np.testing.assert_array_equal(dataset.train.inputs["image"], IMAGES[dataset.train.rows])
    np.testing.assert_array_equal(dataset.test.targets, LABELS)


def test_the_usual_folder_is_searched_and_the_newest_version_taken(tmp_path: Path) -> None:
    prepare(tmp_path / "usual", "shapes/1.9.0", images=IMAGES // 2)
    prepare(tmp_path / "usual", "shapes/1.10.0")
    for data_dir in (None, tmp_path / "none"):
        np.testing.assert_array_equal(load(data_dir).test.inputs["image"], IMAGES)
    older = load(None, "tfds:shapes:1.9.0")
    np.testing.assert_array_equal(older.test.inputs["image"], IMAGES // 2)


def test_the_folder_of_the_data_set_itself_can_be_named(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "here")
    assert load(folder).fingerprint == load(folder.parent).fingerprint == load(tmp_path / "here").fingerprint


def test_of_several_configurations_one_must_be_named(tmp_path: Path) -> None:
    prepare(tmp_path, "shapes/small/1.0.0")
    assert len(load(tmp_path).test) == 30
    prepare(tmp_path, "shapes/large/1.0.0")
    with pytest.raises(DataError, match="several configurations"):
        load(tmp_path)
    assert len(load(tmp_path, "tfds:shapes/large").test) == 30


def test_the_second_start_reads_the_cache_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(tmp_path / "here")
    first = load(tmp_path / "here")
    monkeypatch.setattr("nncli.data.prepared.prepared_folder.decode", None)
    assert load(tmp_path / "here").fingerprint == first.fingerprint


def test_the_cache_serves_when_the_folder_is_gone(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "here")
    first = load(tmp_path / "here")
    folder.rename(tmp_path / "gone")
    again = load(None)
    assert again.fingerprint == first.fingerprint
    assert any("from the copy in" in note for note in again.notes)
    with pytest.raises(UnreachableError):
        load(None, "tfds:shape")


@pytest.mark.parametrize("damage", ["cut", "flipped", "index", "gone"])
def test_a_damaged_cache_is_made_anew(tmp_path: Path, damage: str) -> None:
    prepare(tmp_path / "here")
    first = load(tmp_path / "here")
    (file,) = (tmp_path / "cache").rglob("train_images.npy")
    content = bytearray(file.read_bytes())
    if damage == "cut":
        file.write_bytes(content[:-100])
    elif damage == "flipped":
        content[-5] ^= 1
        file.write_bytes(content)
    elif damage == "index":
        (file.parent / "index.json").write_text("{")
    else:
        file.unlink()
    assert load(tmp_path / "here").fingerprint == first.fingerprint
    assert file.read_bytes()[-100:] != content[-100:] or damage in ("index", "gone", "cut")
    assert not [left for left in file.parent.iterdir() if left.name.startswith(".")]


def test_a_data_set_that_changed_is_decoded_again(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "here")
    load(tmp_path / "here")
    folder.rename(tmp_path / "old")
    prepare(tmp_path / "here", images=255 - IMAGES)
    np.testing.assert_array_equal(load(tmp_path / "here").test.inputs["image"], 255 - IMAGES)


def test_a_cache_that_cannot_be_written_is_only_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(tmp_path / "file" / "cache"))
    prepare(tmp_path / "here")
    dataset = load(tmp_path / "here")
    assert len(dataset.test) == 30
    assert any(note.startswith("cache:") for note in dataset.notes)


READER = """
import sys
from pathlib import Path
from nncli import data
from nncli.config.sections import Data
from nncli.data.prepared import array_cache
write = array_cache.write_file
def told(path, fill):
    print("wrote", path.name)
    write(path, fill)
array_cache.write_file = told
sys.stdin.readline()  # all begin at once
dataset = data.load(
    Data(source="tfds:shapes"), seed=1, data_dir=Path(sys.argv[1]), progress=lambda what, share: None
)
print(dataset.fingerprint)
"""


@pytest.mark.parametrize("count", [2, 8])
@pytest.mark.parametrize("damage", ["none yet", "flipped", "half written"])
def test_processes_share_a_cache_that_one_of_them_writes_or_repairs(tmp_path: Path, count: int, damage: str) -> None:
    prepare(tmp_path / "here")
    fingerprint = load(tmp_path / "here").fingerprint
    (array,) = (tmp_path / "cache").rglob("train_images.npy")
    entry, whole = array.parent, array.read_bytes()
    if damage == "none yet":
        shutil.rmtree(entry)
    elif damage == "flipped":
        array.write_bytes(whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:])
    else:  # a process that was killed before the index was written
        (entry / "index.json").unlink()
        (entry / ".test_images.npy-abc").write_bytes(b"half")
    processes = [
        subprocess.Popen([sys.executable, "-c", READER, str(tmp_path / "here")], stdin=-1, stdout=-1, text=True)
        for _ in range(count)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate()[0].split() for process in processes]
    assert {answer[-1] for answer in answers} == {fingerprint}
    assert array.read_bytes() == whole
    assert [path for path in (tmp_path / "cache").rglob(".*")] == []
    if sys.platform != "win32":  # which has no locks: there each writes the same bytes
        written = [word for answer in answers for word in answer[1:-1:2]]
        assert sorted(written) == sorted(path.name for path in entry.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_a_process_that_is_killed_while_it_fills_the_cache_keeps_nobody_waiting(tmp_path: Path) -> None:
    prepare(tmp_path / "here")
    code = READER.replace("    write(path, fill)", "    sys.stdout.flush(); import time; time.sleep(600)")
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "here")], stdin=-1, stdout=-1, text=True)
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline().startswith("wrote")
    process.kill()
    process.communicate()
    assert len(load(tmp_path / "here").test) == 30
    assert [path for path in (tmp_path / "cache").rglob(".*")] == []


def test_images_of_different_sizes_are_resized_and_said(tmp_path: Path) -> None:
    images = [*IMAGES[:20], *(np.zeros((9, 9, 1), np.uint8) for _ in range(10))]
    prepare(tmp_path, images=images)
    dataset = load(tmp_path)
    assert isinstance(dataset.facts.inputs, ImageInput)
    assert dataset.facts.inputs.shape == (6, 5, 1)
    assert any("images of 2 sizes are resized to 6 x 5" in note for note in dataset.notes)


def test_a_validation_part_is_the_test_part_where_there_is_no_other(tmp_path: Path) -> None:
    prepare(tmp_path / "two", parts=("train", "validation"))
    assert load(tmp_path / "two").facts.rows == {"train": 27, "validation": 3, "test": 30}
    prepare(tmp_path / "three", parts=("train", "validation", "test"))
    assert load(tmp_path / "three").facts.rows == {"train": 30, "validation": 30, "test": 30}


@pytest.mark.parametrize("place", [40, -20])
def test_a_damaged_record_is_noticed(tmp_path: Path, place: int) -> None:
    folder = prepare(tmp_path)
    file = next(folder.glob("*train*"))
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    with pytest.raises(DataError, match="is damaged"):
        load(tmp_path)


def test_what_is_no_image_classification_is_refused(tmp_path: Path) -> None:
    folder = prepare(tmp_path)
    features = {"text": {"pythonClassName": "tensorflow_datasets.core.features.Text"}}
    (folder / "features.json").write_text(json.dumps({"featuresDict": {"features": features}}))
    with pytest.raises(DataError, match="not a data set of images with one class each"):
        load(tmp_path)


def test_without_network_it_is_unreachable_or_the_fallback_is_used(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError) as caught:
        load(tmp_path, "mnist")
    assert "NNCLI_DATA_DIR" in str(caught.value.hint) and "fallback: digits" in str(caught.value.hint)
    dataset = load(tmp_path, "mnist", fallback="digits")
    assert dataset.facts.source == "digits"
    assert "the bundled digits are used instead" in dataset.notes[0]


def test_a_host_that_cannot_be_found_is_not_reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(reachability, "HOST", "no.such.host.invalid")
    monkeypatch.setenv("no_proxy", "*")
    assert not reachability.is_reachable(1.0)


def test_real_mnist_is_read_without_tensorflow(shared_data: Path) -> None:
    dataset = load(shared_data / "tfds", "mnist")
    assert dataset.facts.rows == {"train": 54000, "validation": 6000, "test": 10000}
    assert dataset.facts.inputs == ImageInput(height=28, width=28, channels=1, scale=1 / 255, border=0.0, prepare="ink")
    for file in sorted((shared_data / "digits_png").iterdir()):
        with Image.open(file) as image:
            same = (dataset.test.inputs["image"][..., 0] == np.asarray(image)).all(axis=(1, 2))
        assert dataset.test.targets[same].tolist() == [int(file.stem[0])]


BUILDER = """
import sys
from pathlib import Path
import numpy as np
import tensorflow_datasets as tfds
from nncli import data
from nncli.config.sections import Data
from nncli.data.prepared import reachability

class Blobs(tfds.core.GeneratorBasedBuilder):
    VERSION = tfds.core.Version("1.2.0")
    pkg_dir_path = Path(sys.argv[1])

    def _info(self):
        image = tfds.features.Image(shape=(8, 7, 3))
        label = tfds.features.ClassLabel(names=["cat", "dog", "emu"])
        features = tfds.features.FeaturesDict({"image": image, "label": label, "weight": np.float32, "note": np.int64})
        return self.dataset_info_from_configs(features=features, supervised_keys=("image", "label"))

    def _split_generators(self, manager):
        return {"train": self._generate_examples(40), "test": self._generate_examples(15)}

    def _generate_examples(self, count):
        random = np.random.default_rng(count)
        for index in range(count):
            image = random.integers(0, 255, (8, 7, 3), dtype=np.uint8)
            yield index, {"image": image, "label": index % 3, "weight": 0.5, "note": -index}

reachability.is_reachable = lambda: True
folder = Path(sys.argv[1]) / "prepared"
ours = data.load(Data(source="tfds:blobs"), seed=1, data_dir=folder, progress=lambda what, share: None).test
theirs = list(tfds.load("blobs", data_dir=str(folder), download=False, split="test").as_numpy_iterator())
assert ours.targets.tolist() == [int(example["label"]) for example in theirs]
assert all((ours.inputs["image"][index] == example["image"]).all() for index, example in enumerate(theirs))
print("equal", len(ours))
"""


def test_what_tensorflow_datasets_prepares_is_read_as_it_reads_it(shared_data: Path, tmp_path: Path) -> None:
    answer = subprocess.run([sys.executable, "-c", BUILDER, str(tmp_path)], capture_output=True, text=True, check=False)
    assert answer.stdout == "equal 15\n", answer.stderr[-2000:]
