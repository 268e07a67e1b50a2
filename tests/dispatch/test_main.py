"""The command line: plans come out as files, wrong input is one line on the field and exit 2."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dispatch.__main__ import main
from dispatch.files import problem_to_json, write_plan
from dispatch.model import Limits
from dispatch.solve import solve
from tests.dispatch.cases import busy_day, busy_plan
from tests.dispatch.published import instance, score


def written(path: Path, document: Any) -> str:
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def test_a_published_instance_becomes_a_published_solution(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = instance(20, 5, 3)
    out = tmp_path / "plan.json"
    assert main(["solve", written(tmp_path / "day.json", document), "--out", str(out), "--steps", "30000"]) == 0
    value, wrong = score(document, json.loads(out.read_text()))
    assert wrong == []
    told = json.loads(capsys.readouterr().out)
    assert (told["engine"], told["unserved"]) == ("search", 0)
    assert abs(told["objective"] - value) < 0.002


def test_our_own_problem_becomes_a_plan_that_check_accepts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    day, out = written(tmp_path / "day.json", problem_to_json(busy_day())), str(tmp_path / "plan.json")
    assert main(["solve", day, "--out", out, "--steps", "5000"]) == 0
    cost = json.loads(capsys.readouterr().out)["cost"]
    assert main(["check", day, out]) == 0
    assert capsys.readouterr().out == f"cost {cost}, 0 violations\n"


def test_check_names_what_a_plan_breaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    late = {**problem_to_json(busy_day())}
    for task in late["tasks"]:
        task["windows"] = [{"opens_minutes": 0, "closes_minutes": 1}]
        task.pop("pinned_start_minutes", None)
    write_plan(busy_plan(), tmp_path / "plan.json")
    assert main(["check", written(tmp_path / "day.json", late), str(tmp_path / "plan.json")]) == 1
    assert "window" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("{", "is not JSON"),
        ('{"patients": [], "caregivers": [{}], "distances": []}', "caregivers[0].abilities"),
        ("{}", "format"),
        ('{"format": "dispatch-problem/1", "tasks": [], "tasks": []}', "stands twice"),
        ("[" * 200_000, "nested too deeply"),
    ],
)
def test_a_bad_file_is_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, named: str
) -> None:
    (tmp_path / "day.json").write_text(content)
    assert main(["solve", str(tmp_path / "day.json"), "--out", str(tmp_path / "plan.json")]) == 2
    told = capsys.readouterr().err
    assert named in told
    assert told.count("\n") == 1
    assert not (tmp_path / "plan.json").exists()


def test_a_missing_file_and_a_missing_folder_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["solve", str(tmp_path / "none.json"), "--out", "plan.json"]) == 2
    assert "none.json: cannot be read (No such file" in capsys.readouterr().err
    day = written(tmp_path / "day.json", instance(4, 3, 1))
    assert main(["solve", day, "--out", str(tmp_path / "no" / "plan.json"), "--steps", "10", "--engine", "search"]) == 2
    assert "plan.json: No such file" in capsys.readouterr().err


def test_limits_have_to_be_above_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--seconds", "--steps", "--workers"):
        with pytest.raises(SystemExit) as stopped:
            main(["solve", "day.json", "--out", "plan.json", option, "0"])
        assert stopped.value.code == 2
        assert f"{option}: 0 is not above 0" in capsys.readouterr().err


def test_an_engine_that_cannot_say_the_day_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    day = written(tmp_path / "day.json", problem_to_json(busy_day()))
    assert main(["solve", day, "--out", str(tmp_path / "plan.json"), "--engine", "routing"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("--engine routing: ") and told.count("\n") == 1


@pytest.mark.parametrize("seed", ["-1", "99999999999"])
def test_a_seed_is_one_that_every_engine_takes(capsys: pytest.CaptureFixture[str], seed: str) -> None:
    with pytest.raises(SystemExit):
        main(["solve", "day.json", "--out", "plan.json", "--seed", seed])
    assert f"{seed} is not from 0" in capsys.readouterr().err


def test_the_module_runs_and_warms() -> None:
    done = subprocess.run([sys.executable, "-m", "dispatch", "warm"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_steps_repeat_from_the_command_line(tmp_path: Path) -> None:
    plans = []
    for name in ("first", "second"):
        day, out = written(tmp_path / "day.json", instance(15, 4, 9)), tmp_path / f"{name}.json"
        assert main(["solve", day, "--out", str(out), "--steps", "9000", "--seed", "5", "--engine", "search"]) == 0
        plans.append(out.read_text())
    assert plans[0] == plans[1]
    assert solve(busy_day(), Limits(steps=10), 1).engine == "search"
