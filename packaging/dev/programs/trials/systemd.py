"""A unit with LoadCredential on a booted systemd (root only)."""

import os
import pathlib
import shutil
import subprocess

from lab import Lab
from processes import Failed

DIRECTORY = pathlib.Path(__file__).parents[1]


def run(lab: Lab) -> None:
    if os.getuid() != 0:
        raise Failed("only root can boot another system: run it with sudo")
    files = lab.home / "boot/files"
    files.mkdir(parents=True)
    shutil.copy(DIRECTORY / "systemd-steps", files / "program-steps")
    # A token with something behind it is a wrong one.
    damage = "x" if lab.refuses else ""
    (files / "steps").write_text(f"exec bash /lab/program-steps {damage}\n")
    done = subprocess.run(
        [DIRECTORY.parent / "boot-system", lab.bin, files.parent], capture_output=True, text=True, timeout=240)
    for line in done.stdout.splitlines():
        lab.say(f"  {line}")
    if lab.refuses:
        lab.refusals += done.stdout.count('"active":false')
    if done.returncode != 0:
        raise Failed(f"the steps in the booted system failed\n{done.stderr}")
