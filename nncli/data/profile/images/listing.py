"""Lists the files of an image folder by set and class, however untidy the folder, and finds copies. Decodes nothing."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nncli.data.dataset import Progress
from nncli.data.images.files import SUFFIXES, images_below, is_hidden, map_parallel
from nncli.data.images.folders import class_folders, ordered_names
from nncli.data.images.folders import part_folders as find_parts
from nncli.data.plurals import count
from nncli.data.profile.images.pixels import name_some
from nncli.data.profile.values import Finding, Level
from nncli.errors import DataError

_CHUNK = 512


@dataclass(frozen=True)
class ImageFiles:
    """All images of a folder, with the index of the set and of the class (-1 for none) of each."""

    root: Path
    paths: list[Path]
    parts: np.ndarray
    labels: np.ndarray
    part_names: tuple[str, ...]
    classes: tuple[str, ...]

    def name(self, index: int) -> str:
        """The path of the file at that index, relative to the folder."""
        path = self.paths[index]
        return str(path.relative_to(self.root) if path.is_relative_to(self.root) else path)


def list_files(root: Path, test: str | float | None, findings: list[Finding]) -> ImageFiles:
    """The images of the folder's sets; anything unusual about the folders is added to `findings`.

    Raises:
        DataError: the folder has no images.
    """
    folders = find_parts(root, test)
    found = {part: class_folders(folder) for part, folder in folders.items()}
    names = ordered_names(list(found["train"]))
    loose = [file for file in root.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file()]
    if not names:
        if not loose:
            raise DataError(f"{root} has no images in it", hint=f"images end in {', '.join(sorted(SUFFIXES))}")
        what = "has images but no class folders, so there is nothing to predict"
        findings.append(Finding("classes", Level.PROBLEM, "folder", what, "put the images of each class in a folder"))
        everything = images_below(root)
        none = np.full(len(everything), -1, np.int64)
        return ImageFiles(root, everything, np.zeros(len(everything), np.int64), none, ("train",), ())
    if loose:
        what = "not in a class folder, so skipped"
        findings.append(Finding("loose", Level.WARNING, count(len(loose), "image"), what, "move into class folders"))
    if len(names) == 1:
        what = f'has images of only one class, "{names[0]}", so there is nothing to learn'
        findings.append(Finding("classes", Level.PROBLEM, "folder", what, "add a folder for each other class"))
    findings += _folder_findings(folders, found, names)
    paths: list[Path] = []
    parts: list[int] = []
    labels: list[int] = []
    for part_index, listed in enumerate(found.values()):
        for label, name in enumerate(names):
            files = listed.get(name, [])
            paths += files
            parts += [part_index] * len(files)
            labels += [label] * len(files)
    return ImageFiles(root, paths, np.array(parts), np.array(labels), tuple(found), tuple(names))


def _folder_findings(
    folders: Mapping[str, Path], found: Mapping[str, Mapping[str, list[Path]]], names: Sequence[str]
) -> list[Finding]:
    findings = []
    for part, folder in folders.items():
        where = f"{'training' if part == 'train' else part} set"
        unknown = [name for name in found[part] if name not in names]
        if unknown:
            what = f"has folders that are no class of the training set: {', '.join(unknown[:5])}"
            findings.append(
                Finding("classes", Level.PROBLEM, where, what, "name its folders like those of the training set")
            )
        below = [sub for sub in folder.iterdir() if sub.is_dir() and not is_hidden(Path(sub.name))]
        empty = sorted(sub.name for sub in below if sub.name not in found[part])
        if empty and folder not in [other.parent for other in folders.values()]:
            what = f"has folders without images: {', '.join(empty[:5])}"
            findings.append(Finding("empty", Level.WARNING, where, what, "fill or remove the folders"))
        others = [
            file
            for name in found[part]
            for file in (folder / name).rglob("*")
            if file.is_file() and file.suffix.lower() not in SUFFIXES and not is_hidden(file.relative_to(folder))
        ]
        if others:
            told = ", ".join(sorted(file.name for file in others)[:3])
            what = f"{count(len(others), 'file')} in the class folders without the suffix of an image: {told}"
            findings.append(Finding("other_files", Level.NOTE, where, what, "skipped in training"))
    return findings


def hash_files(paths: Sequence[Path], progress: Progress) -> np.ndarray:
    """A hash, uint64 (n,), of the content of each file."""

    def digest(path: Path) -> int:
        try:
            content = path.read_bytes()
        except OSError:
            content = str(path).encode()  # reported elsewhere; equal to no other file
        return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")

    digests = np.empty(len(paths), np.uint64)
    for start in range(0, len(paths), _CHUNK):
        chunk = paths[start : start + _CHUNK]
        digests[start : start + len(chunk)] = list(map_parallel(digest, chunk))
        progress("comparing the files", start / len(paths))
    return digests


def find_copies(files: ImageFiles, digests: np.ndarray) -> list[Finding]:
    """Findings for files with the same content, and for such files in different classes."""
    order = np.argsort(digests, kind="stable")
    same = np.concatenate(([False], digests[order[1:]] == digests[order[:-1]]))
    again = np.sort(order[same])
    if not len(again):
        return []
    findings = []
    level = Level.WARNING if len(again) >= 0.01 * len(digests) else Level.NOTE
    what = "has" if len(again) == 1 else "have"
    findings.append(
        Finding("repeated", level, name_some(again, files.name), f"{what} the content of another file", "remove copies")
    )
    first: dict[int, int] = {}
    torn: list[tuple[int, int]] = []
    for index in order:
        kept = first.setdefault(int(digests[index]), int(index))
        if files.labels[kept] != files.labels[index]:
            torn.append((kept, int(index)))
    if torn:
        told = ", ".join(f"{files.name(one)} = {files.name(other)}" for one, other in torn[:2])
        what = f"the same image in two classes ({count(len(torn), 'case')})"
        findings.append(Finding("disagree", Level.WARNING, told, what, "keep it in one class only"))
    return findings
