"""What docs/serve.md installs to predict and serve without TensorFlow is enough: everything else is blocked."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
from PIL import Image

REPOSITORY = Path(__file__).parent.parent.parent
# The names that packages are imported by, where they are others than those they are installed by.
IMPORTED = {"pyyaml": "yaml", "pillow": "PIL", "ai-edge-litert": "ai_edge_litert", "scikit-learn": "sklearn"}
CHILD = """
import json, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ImportError(f"{name} is not in the list of docs/serve.md")

blocked = set(json.loads(sys.argv.pop(1)))
sys.meta_path.insert(0, Blocked())
from nncli.cli import main
main()
"""


def installed() -> set[str]:
    """The packages that the Dockerfile names."""
    page = (REPOSITORY / "docs" / "serve.md").read_text()
    found = re.search(r"-c /source/constraints\.txt \\\n\s+([a-z -]+) \\\n", page)
    assert found is not None
    return set(found[1].split())


def blocked() -> list[str]:
    """The other packages that nncli needs, and those that only they need."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    every = project["dependencies"] + project["optional-dependencies"]["serve"]
    names = {re.split(r"[><=~ ]", each)[0] for each in every}
    assert installed() <= names, "the list has a package that nncli does not name"
    others = {IMPORTED.get(name, name.replace("-", "_")) for name in names - installed()}
    return sorted(others | {"pandas", "h5py", "ml_dtypes", "jax", "absl", "joblib", "threadpoolctl"})


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CHILD, json.dumps(blocked()), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_the_large_packages_are_not_in_the_list() -> None:
    assert {"tensorflow", "keras", "sklearn", "scipy", "matplotlib", "tensorflow_datasets"} <= set(blocked())


def test_predict_works_on_a_table_and_a_drawing(digits: Path, shops: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("size,shop\n0.9,east\n,west\n")
    pixels = np.full((90, 90), 250, np.uint8)
    pixels[15:75, 42:50] = 10
    Image.fromarray(pixels).save(tmp_path / "one.png")
    for run_folder, source in ((shops, "rows.csv"), (digits, "one.png")):
        outcome = run("predict", tmp_path / source, "--run", run_folder, "--json")
        assert outcome.returncode == 0, outcome.stderr
        assert json.loads(outcome.stdout)["predictions"][0]["probability"] > 0.1


def test_the_workbench_says_that_it_needs_tensorflow() -> None:
    outcome = run("serve", "--port", 0)
    assert outcome.returncode == 2 and "nncli serve latest" in outcome.stderr and outcome.stderr.count("\n") == 2


def test_serve_works_with_all_that_the_page_asks_for(digits: Path, shops: Path) -> None:
    code = CHILD.replace("from nncli.cli import main\nmain()", SERVE)
    command = [sys.executable, "-c", code, json.dumps(blocked()), str(digits), str(shops)]
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert outcome.returncode == 0, outcome.stderr
    assert json.loads(outcome.stdout) == [200] * 5


SERVE = """
import urllib.request
from http.client import HTTPConnection
from threading import Thread
from pathlib import Path
from nncli.console import Console
from nncli.pipeline.folders import Folders
from nncli.pipeline.serving.serve import ServeRequest, serve

statuses = []
with serve(ServeRequest(sys.argv[1:], port=0), folders=Folders(Path("runs")), console=Console(quiet=True)) as started:
    def ask():
        client = HTTPConnection("127.0.0.1", int(started.address.rpartition(":")[2]), timeout=60)
        row, pixels = json.dumps([{"size": 0.5, "shop": "east"}]), json.dumps([[[8] * 8] * 8])
        for method, path, body in (
            ("GET", "/page/network?model=shops", None),
            ("GET", "/page/network", None),
            ("POST", "/page/row?model=shops", row),
            ("POST", "/predict", pixels),
            ("POST", "/predict?model=shops", row),
        ):
            client.request(method, path, body)
            answer = client.getresponse()
            answer.read()
            statuses.append(answer.status)
        client.close()
        import os, signal
        os.kill(os.getpid(), signal.SIGINT)

    Thread(target=ask).start()
    try:
        started.wait()
    except KeyboardInterrupt:
        pass
print(json.dumps(statuses))
"""
