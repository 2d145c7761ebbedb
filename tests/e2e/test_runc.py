"""Workrooms in real containers by runc: no network but the gateway, no key but in the command's environment.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import sys
from pathlib import Path

import pytest

from support.images import (
    BUSYBOX,
    MACHINE,
    RUNC,
    UMOCI,
    busybox_image,
    layout_image,
    machine_image,
)

pytestmark = [
    pytest.mark.skipif(RUNC is None or BUSYBOX is None, reason="runc and busybox-static are not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="the runc runtime needs root"),
]


@pytest.fixture(scope="module")
def busybox(tmp_path_factory):
    return busybox_image(tmp_path_factory.mktemp("images") / "busybox")


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    return machine_image(tmp_path_factory.mktemp("images") / "machine")


def in_container(image, *more):
    return ("--runtime", "runc", "--image", str(image), *more)


def test_a_command_runs_alone_with_its_variables(room, busybox):
    _, token = room.add_key("github")

    script = "id -u; echo $$; ls /proc | grep -c '^[0-9]'; cat /proc/net/route | wc -l; env"
    done = room.run(["github"], ["sh", "-c", script], flags=in_container(busybox))
    user, pid, processes, routes, *variables = done.stdout.split("\n")
    assert (user, routes) == ("0", "1"), "root of its own, and no way out of the loopback"
    assert int(processes) < 6 and int(pid) < 10
    names = dict(line.split("=", 1) for line in variables if "=" in line)
    assert names["GH_TOKEN"] == token
    assert names["STRONGROOM_SOCKET"] == "/run/strongroom/gateway.sock"
    assert names["HOME"] == "/root" and "SSH_AUTH_SOCK" not in names


def test_the_status_passes_through(room, busybox):
    room.add_key("gemini")
    assert room.run(["gemini"], ["sh", "-c", "exit 7"], flags=in_container(busybox), expect=7)
    room.run(["gemini"], ["no-such-program"], flags=in_container(busybox), expect=127)
    room.run(["gemini"], ["/etc/passwd"], flags=in_container(busybox), expect=126)
