"""The workflows that a forge runs: they may do little, and what they make is in the Makefile."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def steps(workflow: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(workflow.read_text())["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_do_little(workflow: Path) -> None:
    """Rights are given job by job, none by default, and each action is pinned by its commit."""
    whole = yaml.safe_load(workflow.read_text())
    assert whole["permissions"] in ({}, {"contents": "read"}) and "concurrency" in whole
    for step in steps(workflow):
        assert "uses" not in step or re.fullmatch(r"actions/[\w/-]+@[0-9a-f]{40}", step["uses"])
        assert "${{" not in step.get("run", ""), "values come by the environment, not as code"
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


def test_what_they_make_is_in_the_makefile() -> None:
    """Every target is there, and every variable that is given to one."""
    makefile = (ROOT / "Makefile").read_text()
    commands = [step.get("run", "") for workflow in WORKFLOWS for step in steps(workflow)]
    calls = re.findall(r"^\s*make (\w+)(.*)$", "\n".join(commands), re.MULTILINE)
    assert {target for target, _ in calls} >= {"release", "check", "audit", "image"}
    for target, arguments in calls:
        assert f"\n{target}:" in makefile
        for name in re.findall(r" ([A-Z]+)=", arguments):
            assert f"\n{name} ?=" in makefile, name
    assert (ROOT / ".ci/run").exists()


def test_a_release_is_attested() -> None:
    """Each file that is published, by the list of their digests, with rights for nothing else."""
    whole = yaml.safe_load((ROOT / ".github/workflows/nightly.yml").read_text())
    (attest,) = (step for step in steps(WORKFLOWS[1]) if "attest" in step.get("uses", ""))
    assert attest["with"] == {"subject-checksums": "data/release/SHA256SUMS"}
    rights = {"contents": "write", "id-token": "write", "attestations": "write"}
    assert whole["jobs"]["build"]["permissions"] == rights


def test_the_base_of_an_image_is_pinned_by_its_digest() -> None:
    """CI builds on no image that is named by a tag, which may be another tomorrow."""
    checks = [step["run"] for step in steps(WORKFLOWS[0]) if "sha256" in step.get("run", "")]
    assert len(checks) == 1
    for base, status in (("a.io/python@sha256:" + "0f" * 32, 0), ("a.io/python:3.13", 1)):
        done = subprocess.run(["sh", "-c", checks[0]], env={**os.environ, "BASE": base})
        assert done.returncode == status


@pytest.mark.parametrize("name", ["requirements", "requirements-release", "requirements-dev"])
def test_every_pin_has_its_hashes(name: str) -> None:
    """So pip installs these very files, or nothing."""
    text = (ROOT / f"{name}.lock").read_text().replace("\\\n", "")
    pins = [line for line in text.splitlines() if re.match(r"\w", line)]
    assert pins and all("==" in pin and "--hash=sha256:" in pin for pin in pins)
