"""The command line's comforts: help, real shells that complete it, the manual page, colours, progress.

SPDX-License-Identifier: Apache-2.0
"""

import os
import re
import shutil
import subprocess

import pytest

from support.room import PROGRAMS, WRONG_USE, Room
from support.shell import InTerminal

PROGRAM = str(PROGRAMS / "strongroom")
#: A label of a session, whose values may be nearly any text.
HOSTILE = "x$(touch${IFS}pwned);'`touch pwned`"


@pytest.fixture(scope="module")
def world(suite_folder, standins_process, canaries, environment):
    """One server for all of this file: two tenants, a key with a label, a session with one."""
    folder = suite_folder / "comfort"
    folder.mkdir(mode=0o700)
    room = Room(folder, standins_process, canaries, environment).start().people()
    room.cli("tenant", "add", "apex")
    room.cli("member", "add", "--tenant", "apex", "albert")
    room.key_id, room.value = room.add_key("gemini", label="reviews")
    room.cli(*"session start --tenant acme --member alice --service gemini:reviews".split(), "--label", f"job={HOSTILE}")
    yield room
    assert room.stop() == 0


def shell_environment(room):
    path = f"{PROGRAMS}:{os.environ['PATH']}"
    return {**room.environment, "PATH": path, "TERM": "xterm", "STRONGROOM_DATA": str(room.data), "PS1": "> ", "HISTFILE": ""}


@pytest.fixture(params=["bash", "zsh"])
def typed(request, world):
    """Types the beginning of a line and a tab, and answers what the line has become."""
    shell = shutil.which(request.param)
    assert shell, f"{request.param} is not installed"
    flags = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"]}[request.param]
    terminal = InTerminal([shell, *flags], shell_environment(world), columns=200)
    set_up = {
        "bash": "bind 'set enable-bracketed-paste off'; bind 'set bell-style none'; cd /; ",
        "zsh": "unsetopt zle_bracketed_paste prompt_cr prompt_sp beep; PS1='> '; cd /; autoload -U compinit; compinit -u -D; ",
    }[request.param]
    terminal.type(f"{set_up} source <(strongroom completion {request.param}); echo RE''ADY\n")
    terminal.comes("READY\r\n")

    def become(line):
        # What the shell itself then has for the line: shown instead of done.
        terminal.type(f"{line}\t")
        terminal.type("\x01printf '<%s>' \x05; echo EN''D\n")
        terminal.comes("\r\n|\r\r\n")
        shown = terminal.comes(r"((?:<[^>]*>)+)\s*END").group(1).decode()
        return re.findall("<([^>]*)>", shown)

    yield become
    terminal.stop()


def test_bash_and_zsh_complete_commands_flags_services_and_names(typed, world):
    assert typed("strongroom ke") == ["strongroom", "key"]
    assert typed("strongroom key rot") == ["strongroom", "key", "rotate"]
    assert typed("strongroom key add eleven") == ["strongroom", "key", "add", "elevenlabs"]
    assert typed("strongroom key list --ten") == ["strongroom", "key", "list", "--tenant"]
    assert typed("strongroom key list --tenant ac") == ["strongroom", "key", "list", "--tenant", "acme"]
    assert typed("strongroom key list --tenant=ac") == ["strongroom", "key", "list", "--tenant=acme"]
    assert typed("strongroom run --tenant apex --member al")[-1] == "albert"
    assert typed("strongroom run --tenant acme --service gemini:re")[-1] == "gemini:reviews"
    assert typed("strongroom run --tenant acme --service=gemini:re")[-1] == "--service=gemini:reviews"
    assert typed("strongroom key show key_")[-1] == world.key_id
    assert typed("strongroom serve --config /etc/host")[-1].startswith("/etc/host")


def test_what_a_label_says_is_inserted_as_text_and_does_nothing(typed, world):
    line = typed("strongroom session list --tenant acme --label job")
    assert line[-1] == f"job={HOSTILE}"
    assert not list(world.folder.glob("**/pwned")) and not os.path.exists("/pwned")


def test_fish_completes(world):
    def offered(line):
        script = f"strongroom completion fish | source; complete -C '{line}'"
        done = subprocess.run(
            ["fish", "--no-config", "-c", script], env=shell_environment(world), cwd="/", capture_output=True, text=True, timeout=60, check=True
        )
        assert done.stderr == ""
        return [each.split("\t")[0] for each in done.stdout.splitlines()]

    assert offered("strongroom ke") == ["key"]
    assert "--tenant" in offered("strongroom key list --t")
    assert offered("strongroom key list --tenant ap") == ["apex"]
    assert offered("strongroom run --tenant acme --service gemini:") == ["gemini:reviews"]
    assert "/etc/hosts" in offered("strongroom serve --config /etc/host")


def test_no_answer_holds_a_value(world):
    lines = [["key", "add", ""], ["key", "show", ""], ["run", "--tenant", "acme", "--service", ""], ["key", "add", "gemini", "--label", ""]]
    said = "".join(world.cli("complete-as-asked", "--", *line).stdout for line in lines)
    assert world.key_id in said and "gemini:reviews" in said
    assert world.value not in said and world.value[-4:] not in said


def test_completes_without_a_server(world, tmp_path):
    done = subprocess.run(
        [PROGRAM, "complete-as-asked", "--", "--data", str(tmp_path), "key", "add", "gem"], env=world.environment, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[0] == "words" and done.stdout.splitlines()[1].startswith("gemini\t")
    assert done.returncode == 0 and done.stderr == ""


def test_a_mistyped_command_is_told_what_it_may_have_meant(world):
    assert "did you mean 'key'?" in world.cli("kye", "list", expect=WRONG_USE).stderr
    assert "did you mean 'list'?" in world.cli("key", "lits", expect=WRONG_USE).stderr
    assert "AIza" not in world.cli("key", "list", "AIzaSomething", expect=WRONG_USE).stderr


def test_the_manual_page_is_right(world, tmp_path):
    page = tmp_path / "strongroom.1"
    page.write_text(world.cli("manual-page").stdout)
    lint = subprocess.run(["mandoc", "-T", "lint", "-W", "style", page], capture_output=True, text=True)
    # It has no date, so that the same source makes the same page.
    told = [line for line in lint.stdout.splitlines() if "missing date" not in line and "text line longer" not in line]
    assert told == []
    shown = subprocess.run(["mandoc", "-T", "utf8", page], capture_output=True, text=True).stdout
    shown = re.sub(".\b", "", shown)
    for word in ("strongroom key revoke", "--on-misplaced refuse|mask", "EXIT STATUS", "NO_COLOR"):
        assert word in shown, word


def on_terminal(room, *arguments, columns=100, **variables):
    environment = {**room.environment, "TERM": "xterm", **variables}
    return InTerminal([PROGRAM, *arguments, "--data", str(room.data)], environment, columns).rest()


def test_tables_have_colours_on_a_terminal_and_are_plain_elsewhere(world):
    plain = world.cli("key", "list").stdout
    assert "\x1b" not in plain and plain.splitlines()[0].startswith("SERVICE  LABEL")
    shown, status = on_terminal(world, "key", "list")
    assert status == 0 and "\x1b[1mSERVICE\x1b[0m" in shown and "\x1b[32mactive\x1b[0m" in shown and world.key_id in shown
    for variables in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\x1b" not in on_terminal(world, "key", "list", **variables)[0]
    assert "\x1b[1m" in on_terminal(world, "--help")[0] and "\x1b" not in world.cli("--help").stdout
    assert "\x1b[31mstrongroom:\x1b[0m" in on_terminal(world, "key", "show", "key_no")[0]


def test_a_table_fits_the_terminal(world):
    lines = on_terminal(world, "audit", "list", "--tenant", "acme", columns=60, NO_COLOR="1")[0].splitlines()
    assert all(len(line) <= 60 for line in lines) and any("…" in line for line in lines)
    assert "HOST" not in lines[0]  # nothing is in that column
    plain = world.cli("audit", "list", "--tenant", "acme").stdout
    assert "…" not in plain and "HOST" in plain.splitlines()[0]


def test_progress_is_for_terminals(world):
    shown, status = on_terminal(world, "rewrap", "--tenant", "acme")
    assert status == 0 and re.search(r"acme  \[[#.]{20}\]  \d+ of \d+ keys", shown), shown
    assert world.cli("rewrap", "--tenant", "acme").stderr == ""
    folder = world.folder / "to-scan"
    folder.mkdir()
    (folder / "much").write_bytes(os.urandom(1 << 20))
    assert "MiB searched" in on_terminal(world, "scan", "--tenant", "acme", str(folder))[0]
    assert "MiB searched" not in world.cli("scan", "--tenant", "acme", str(folder)).stderr
