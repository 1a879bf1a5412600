"""The page in headless Chromium, driven over WebDriver (https://www.w3.org/TR/webdriver2/) as a person would use it."""

import json
import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import typer.testing

from nncli.cli import app

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="needs a browser: apt-get install chromium chromium-driver"
)
ZERO = [(0.5 + 0.2 * math.cos(turn / 6), 0.5 + 0.32 * math.sin(turn / 6)) for turn in range(39)]
ONE = [(0.5, 0.2), (0.5, 0.8)]
Browser = Any  # see conftest.py


@pytest.fixture(scope="module")
def address(start: Callable[..., Any], digits: Path, shops: Path) -> Iterator[str]:
    with start(digits, shops, "--port", 0) as (_, told):
        yield told["page"]


@pytest.fixture(params=[390, 1280])
def browser(browse: Callable[..., Any], address: str, request: pytest.FixtureRequest) -> Iterator[Browser]:
    with browse(request.param) as browser:
        browser.open(address)
        browser.wait("state.network !== null")
        yield browser


def test_a_digit_is_drawn_and_the_answer_read(browser: Browser) -> None:
    browser.draw(ZERO)
    browser.wait("document.getElementById('answer').innerText.startsWith('0')")
    assert browser.run("return scrollX") == 0 and browser.run(
        "return document.documentElement.scrollWidth <= innerWidth"
    )
    bars = browser.run("return [...document.querySelectorAll('#bars .row')].map(row => row.innerText.split('\\n'))")
    assert [name for name, _ in bars] == [str(digit) for digit in range(10)]
    shares = [float(value.removesuffix(" %")) for _, value in bars]
    assert sum(shares) == pytest.approx(100, abs=1) and shares[0] == max(shares)
    assert browser.text("notes").startswith("8 × 8 pixels")
    names = browser.run("return [...document.querySelectorAll('#layers h3')].map(each => each.innerText)")
    assert names == ["dense_1", "dense_2", "output", "probabilities"]
    assert browser.text("paths-title") == "Strongest paths to 0"
    inked = (
        "const c = document.querySelectorAll(arguments[0])[arguments[1]];"
        "return new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size"
    )
    assert browser.run(inked, "#graph", 0) > 20
    assert all(browser.run(inked, "#layers canvas", layer) > 3 for layer in range(4))
    browser.press("clear")
    assert browser.text("bars") == "" and not browser.run("return document.getElementById('saw').offsetHeight")
    browser.draw(ONE)
    browser.wait("document.querySelectorAll('#bars .row').length === 10")
    assert browser.complaints() == []


def test_what_is_sent_while_drawing_is_answered_as_the_picture_is(browser: Browser) -> None:
    browser.draw(ZERO)
    script = """
        const told = async body => (await (await fetch("/predict", { method: "POST", body })).json()).predictions;
        return (async () => {
            const picture = await new Promise(done => pad.toBlob(done, "image/png"));
            return [await told(greyFile(pad, pen)), await told(picture)];
        })();
    """
    sent, picture = browser.run(script)
    assert sent == picture and sent[0]["prediction"] == "0"


def test_a_dark_look_has_its_own_colours(browser: Browser) -> None:
    seen = set()
    for look in ("light", "dark"):
        media = {"features": [{"name": "prefers-color-scheme", "value": look}]}
        browser.devtools("Emulation.setEmulatedMedia", media)
        browser.wait("matchMedia('(prefers-color-scheme: dark)').matches === (arguments[0] === 'dark')", look)
        browser.wait("colour('--paper') === getComputedStyle(document.documentElement).getPropertyValue('--paper')")
        seen.add(browser.run("return colour('--paper')"))
    assert len(seen) == 2


def test_a_stroke_does_not_scroll_the_page(browser: Browser) -> None:
    browser.place("pad")
    before = browser.run("return scrollY")
    browser.draw([(0.5, 0.9), (0.5, 0.5), (0.5, 0.1)])
    browser.wait("document.getElementById('answer').innerText !== '' && isDrawn")
    assert browser.run("return scrollY") == before
    assert browser.run("return getComputedStyle(pad).touchAction") == "none"
    assert browser.run("return getComputedStyle(document.body).touchAction") == "auto"


def test_the_strongest_paths_are_the_largest_products(browser: Browser, digits: Path) -> None:
    browser.draw(ZERO)
    browser.wait("document.querySelectorAll('#bars .row').length === 10 && !document.getElementById('paths').hidden")
    script = """
        const stack = denseStack(), seen = Array.from(bytesOf(state.answer.seen.bytes));
        const values = [Float32Array.from(seen, value => value / 255), ...stack.map(layer =>
            floatsOf(state.answer.layers.find(each => each.name === layer.name).values))];
        return {seen, edges: strongest(stack, values, 3)};
    """
    found = browser.run(script)
    with np.load(digits / "weights.npz") as weights:
        kernels = [weights[f"{name}/kernel"] for name in ("dense_1", "dense_2", "output")]
        biases = [weights[f"{name}/bias"] for name in ("dense_1", "dense_2")]
    values = [np.round(np.array(found["seen"]) / 255 * 16) / 16]
    for kernel, bias in zip(kernels[:2], biases, strict=True):
        values.append(np.maximum(values[-1] @ kernel + bias, 0))
    into = [edge for edge in found["edges"] if edge["level"] == 3]
    products = values[2] * kernels[2][:, 3]
    assert [edge["from"] for edge in into] == np.argsort(-np.abs(products), kind="stable")[:8].tolist()
    for edge in found["edges"]:
        product = values[edge["level"] - 1][edge["from"]] * kernels[edge["level"] - 1][edge["from"], edge["unit"]]
        assert edge["part"] == pytest.approx(product, abs=2e-3)


def train(config: Path, text: str) -> Path:
    """The run of a config that is written."""
    config.write_text(text)
    arguments = ["train", str(config), "--runs-dir", str(config.parent / "runs"), "--json"]
    outcome = typer.testing.CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 0, outcome.stderr
    return Path(json.loads(outcome.stdout)["run"])


@pytest.fixture(scope="module")
def convolution(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a convolution."""
    return train(
        tmp_path_factory.mktemp("convolution") / "conv.yaml",
        "data: {source: digits}\ntrain: {epochs: 1, batch_size: full}\n"
        "model: {layers: [{conv2d: {filters: 3, kernel_size: 3, padding: same}}, flatten, output]}\n",
    )


def test_the_kernel_over_the_drawing_gives_what_the_layer_has_there(
    browser: Browser, start: Callable[..., Any], convolution: Path
) -> None:
    run = convolution
    with start(run, "--port", 0) as (_, told):
        browser.open(told["page"])
        browser.wait("state.network !== null")
        browser.draw(ZERO)
        browser.wait("$('kernel-told')?.innerText")
        model = keras.models.load_model(run / "model.keras")
        layer = keras.Model(model.input, model.get_layer("conv2d_1").output)
        script = (
            "state.filter = arguments[0]; state.place = arguments[1]; slideKernel();"
            "return [Array.from(bytesOf(state.answer.seen.bytes)), document.getElementById('kernel-told').innerText]"
        )
        for row, column, kernel in ((0, 0, 0), (3, 2, 1), (7, 7, 2), (4, 5, 2)):
            seen, words = browser.run(script, kernel, 8 * row + column)
            image = np.round(np.array(seen) / 255 * 16).reshape(1, 8, 8, 1).astype(np.uint8)
            expected = float(layer.predict({"image": image}, verbose=0)[0, row, column, kernel])
            assert words.startswith(f"Filter {kernel}, row {row}, column {column}: 9 products")
            assert float(words.split("gives ")[1].rstrip(".")) == pytest.approx(expected, abs=2e-3)
        assert browser.complaints() == []


def test_occlusion_is_drawn_on_request(browser: Browser) -> None:
    browser.draw(ZERO)
    browser.wait("document.querySelectorAll('#bars .row').length === 10 && !document.getElementById('saw').hidden")
    browser.press("occlude")
    browser.wait("document.getElementById('notes').innerText.includes('lowers the probability of 0')")


def test_a_row_is_filled_in_and_the_answer_moves(browser: Browser) -> None:
    browser.choose("shops")
    browser.wait("document.querySelectorAll('#fields .field').length === 2")
    browser.wait("document.querySelectorAll('#reasons .row').length === 2")
    slide = (
        "const slider = document.querySelector('#fields input[type=range]'); slider.value = arguments[0];"
        "slider.dispatchEvent(new Event('input'))"
    )
    shown = "document.getElementById('answer').innerText.startsWith(arguments[0])"
    for size, price in ((0.99, "dear"), (0.01, "cheap")):
        browser.run(slide, size)
        browser.wait(shown, price)
    assert browser.text("why-title") == "What each column adds to the probability of dear"
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    assert browser.complaints() == []


def test_an_answer_that_comes_before_the_network_is_known_gets_its_activations(browser: Browser) -> None:
    browser.run(
        "const now = fetch; window.fetch = (address, ...more) => (String(address).includes('/page/network')"
        " ? new Promise(done => { window.tellNetwork = done; }) : Promise.resolve()).then(() => now(address, ...more))"
    )
    browser.choose("shops")
    told = "[...document.querySelectorAll('#layers header')].map(each => each.innerText).join()"
    browser.wait(f"window.tellNetwork && {told}.includes('probabilities') && !{told}.includes('before sigmoid')")
    browser.run("tellNetwork()")
    browser.wait(f"{told}.includes('before sigmoid')")


EVIL = "<img src=x onerror=document.title='broken'>"


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on a table whose names are HTML."""
    here = tmp_path_factory.mktemp("evil")
    lines = [f"{place / 60},{EVIL if place % 2 else 'plain'},{EVIL if place > 30 else '<b>low'}" for place in range(60)]
    (here / "evil.csv").write_text("\n".join([f"a,{EVIL},side", *lines]) + "\n")
    return train(
        here / "evil.yaml",
        "data: {source: csv, path: evil.csv, target: side}\nmodel: {layers: [output]}\n"
        "train: {epochs: 2, batch_size: full}\n",
    )


def test_names_from_data_are_shown_as_text(browser: Browser, start: Callable[..., Any], evil: Path) -> None:
    """A class whose name is HTML is shown as it is written."""
    with start(evil, "--port", 0) as (_, told):
        browser.open(told["page"])
        browser.wait("document.querySelectorAll('#bars .row').length === 2")
        browser.wait("document.querySelectorAll('#reasons .row').length === 2")
        assert EVIL in browser.text("bars") and EVIL in browser.text("fields")
        assert browser.run("return document.querySelectorAll('img, b').length") == 0
        assert browser.run("return document.title") == "nncli: evil"
        assert browser.complaints() == []


def test_a_server_with_a_token_is_opened_by_its_address(
    browser: Browser, start: Callable[..., Any], shops: Path
) -> None:
    with start(shops, "--port", 0, "--token", "a-long-secret-token") as (_, told):
        browser.open(told["address"] + "/")
        browser.wait("!document.getElementById('token').hidden")
        browser.open("about:blank")
        browser.open(told["page"])
        browser.wait("document.querySelectorAll('#bars .row').length === 2")
