"""Exercises: the questions and their answers, what counts as right, other numbers, the conversation, the worksheet."""

import json
import math
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer.testing
from hypothesis import given
from hypothesis import strategies as st

from nncli.cli import app
from nncli.lessons.backpropagation import EXPRESSION, make_example
from nncli.lessons.graph.exercise import ask_all, is_right, read_answer


def explain(*arguments: str) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, ["explain", "backprop", *arguments])


def test_the_answers_to_the_lectures_questions_are_the_lectures_numbers() -> None:
    answers = {question.asked: question.answer for question in ask_all(make_example())}
    assert answers == pytest.approx(
        {
            "c = w · x": -4, "a = c + b": 4, "d = a − y": 2, "J = d² / 2": 2,
            "∂J/∂d": 2, "∂J/∂y": -2, "∂J/∂a": 2, "∂J/∂b": 2, "∂J/∂c": 2, "∂J/∂x": 4, "∂J/∂w": -4,
            "w after the step": 2.4, "b after the step": 7.8,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("-4", -4), (" −0.5 ", -0.5), ("-1/2", -0.5), ("1 / -4", -0.25), ("0,5", 0.5), (".5", 0.5), ("2.", 2),
        ("1e-3", 1e-3), ("+3", 3), ("dJ/dw = -4", -4), ("", None), ("abc", None), ("1/0", None), ("--4", None),
        ("nan", None), ("inf", None), ("1/2/3", None), ("4 5", None), ("1e999", None),
    ],
)  # fmt: skip
def test_answers_are_numbers_and_fractions(text: str, number: float | None) -> None:
    assert read_answer(text) == number


@given(st.text(max_size=100))
def test_any_answer_is_a_finite_number_or_none(text: str) -> None:
    answer = read_answer(text)
    assert answer is None or math.isfinite(answer)


def test_whole_numbers_must_be_right_and_others_need_three_digits() -> None:
    questions = {question.asked: question for question in ask_all(make_example("J = sigmoid(w*x)*100"))}
    whole = questions["v1 = w · x"]
    assert is_right(whole, -4.0) and not is_right(whole, -4.01) and not is_right(whole, 4.0)
    cost = questions["J = v2 · 100"]
    assert cost.answer == pytest.approx(100 / (1 + math.e**4))
    assert is_right(cost, 1.80) and not is_right(cost, 1.82)


@pytest.mark.parametrize("seed", range(20))
def test_a_seed_draws_other_small_numbers_with_small_answers(seed: int) -> None:
    example = make_example(seed=seed)
    numbers = [*example.passes.values.values(), *example.passes.gradients.values()]
    assert all(number * 2 == round(number * 2) and 0 < abs(number) <= 20 for number in numbers)
    assert make_example(seed=seed).passes == example.passes


def test_seeds_differ_fixed_numbers_stay_and_numbers_without_a_value_are_avoided() -> None:
    drawn = {tuple(make_example(seed=seed).passes.values.values()) for seed in range(20)}
    assert len(drawn) > 10
    assert make_example(EXPRESSION, ["x=3"], seed=1).passes.values["x"] == 3.0
    assert make_example("log(w - x)", seed=1).passes.values["v1"] > 0
    assert make_example("relu(w)", seed=1).passes.values["w"] > 0
    outcome = explain("--expression", "log(0 - w**2)", "--exercise", "--seed", "1")
    assert outcome.exit_code == 2 and "no value for small whole numbers" in outcome.stderr


def test_without_a_terminal_the_questions_are_printed_and_the_answers_on_demand() -> None:
    asked = explain("--exercise", "--seed", "7")
    assert asked.exit_code == 0 and asked.stdout.count("= ?") == 13
    assert asked.stdout.endswith("next: nncli explain backprop --seed 7 --exercise --answers\n")
    answered = explain("--exercise", "--seed", "7", "--answers")
    assert "?" not in answered.stdout
    example = make_example(seed=7)
    for question in ask_all(example):
        assert question.reason in answered.stdout
    told = json.loads(explain("--exercise", "--seed", "7", "--json").stdout)
    assert len(told["questions"]) == 13 and not any("answer" in each for each in told["questions"])
    told = json.loads(explain("--exercise", "--seed", "7", "--answers", "--json").stdout)
    assert [each["answer"] for each in told["questions"]] == [each.answer for each in ask_all(example)]


def test_the_lines_of_an_exercise_fit_80_columns() -> None:
    text = "+".join(["max(w,x)*exp(b/y)"] * 8)
    for arguments in ([], ["--answers"]):
        told = explain("--exercise", "--expression", text, *arguments).stdout
        # a command stays in one line, to be copied
        assert max(len(line) for line in told.splitlines() if not line.startswith("next: ")) <= 80


def test_a_worksheet_has_the_questions_and_the_answers_at_its_end(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.md"
    told = explain("--exercise", "--seed", "7", "--output", str(sheet))
    assert told.exit_code == 0 and told.stdout.startswith(f"worksheet: {sheet}\nnext: ")
    blank = sheet.read_text()
    assert "exercise 7" in blank and "Given: w = " in blank and "Answers" not in blank
    assert re.findall(r"^\| (\d+) \|", blank, re.MULTILINE) == [str(number) for number in range(1, 14)]
    refused = explain("--exercise", "--seed", "8", "--output", str(sheet))
    assert refused.exit_code == 2 and "exists already" in refused.stderr and sheet.read_text() == blank
    assert explain("--exercise", "--seed", "7", "--output", str(sheet), "--answers", "--force").exit_code == 0
    filled = sheet.read_text()
    assert filled.startswith(blank.rstrip()) and filled.partition("## Answers")[2].count("`") == 26
    assert explain("--exercise", "--output", str(tmp_path / "sheet.pdf")).exit_code == 2
    assert explain("--exercise", "--output", str(tmp_path)).exit_code == 2


def converse(typed: list[bytes], *arguments: str) -> tuple[int, str]:
    """What the command says on a terminal of its own where these lines are typed, one for each question."""
    terminal, inner = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "nncli", "explain", "backprop", "--exercise", *arguments],
        stdin=inner, stdout=inner, stderr=inner, start_new_session=True,
        env={**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    os.close(inner)
    said, waiting = b"", list(typed)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the process has ended
            break
        said += piece
        if waiting and (said.endswith((b"= ", b": "))):
            line = waiting.pop(0)
            if line == b"^C":
                process.send_signal(signal.SIGINT)
            else:
                os.write(terminal, line)
    os.close(terminal)
    return process.wait(30), said.decode().replace("\r\n", "\n")


def test_on_a_terminal_each_answer_is_judged_with_the_chain_rule() -> None:
    typed = [b"-4\n", b"4\n", b"two\n", b"2\n", b"2\n", b"3\n", b"\n", b"2\n", b"4/2\n", b"2\n", b"4\n", b"-4\n"]
    code, said = converse([*typed, b"2.4\n", b"7.8\n"])
    assert code == 0
    assert "wrong: ∂J/∂d = ∂J/∂J · ∂J/∂d = 1 · 2 = 2\n" in said
    assert "that is no number" in said and "     ∂J/∂y = ∂J/∂d · ∂d/∂y = 2 · (−1) = −2\n" in said
    assert "right: ∂J/∂w = ∂J/∂c · ∂c/∂w = 2 · (−2) = −4\n" in said
    assert said.count("right: ") == 11 and said.endswith("11 of 13 right\n")


def test_the_end_of_the_input_and_ctrl_c_end_an_exercise() -> None:
    code, said = converse([b"-4\n", b"\x04"])
    assert code == 0 and said.endswith("1 of 13 right\n")
    code, said = converse([b"-4\n", b"^C"])
    assert code == 130 and said.endswith("interrupted\n") and "Traceback" not in said
