"""The Debian package, in a Debian 12 of its own: it installs, starts by its unit's line as its unit's user, upgrades, goes, comes back, and is purged.

systemd is not process 1 there, so what it would do is done by hand: the unit's command, user and directory are read from the unit itself.
SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import re
import shutil
import signal
import subprocess

import pytest

from support.debian_root import PLAIN, debian_root, in_root, run_in
from support.room import PROGRAMS
from support.waiting import until

UNIT = "lib/systemd/system/strongroom.service"
DATA = "var/lib/strongroom"


def field(package, name):
    return subprocess.run(["dpkg-deb", "-f", package, name], capture_output=True, text=True, check=True).stdout.strip()


def again_as(package, version, folder):
    """The same package with another version."""
    shutil.rmtree(folder / "tree", ignore_errors=True)
    subprocess.run(["dpkg-deb", "-R", package, folder / "tree"], check=True)
    control = folder / "tree" / "DEBIAN" / "control"
    control.write_text(re.sub(r"(?m)^Version: .*", f"Version: {version}", control.read_text()))
    made = folder / f"strongroom_{version}.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", folder / "tree", made], check=True, capture_output=True)
    return made


def files_of(root):
    """What is there, but for the lists of packages, users, logs and caches that any package changes."""
    passing = ("proc/", "dev/", "var/lib/dpkg/", "var/cache/", "var/log/", "var/lib/systemd/", "etc/passwd", "etc/group", "etc/shadow", "etc/gshadow", "etc/subuid", "etc/subgid", "root/", "tmp/", "run/", "etc/ld.so.cache")
    found = {os.path.relpath(os.path.join(folder, name), root) for folder, folders, names in os.walk(root) for name in folders + names}
    return {path for path in found if not path.startswith(passing)}


class Installed:
    """A root in which the package is; its server is started as the unit says."""

    def __init__(self, root):
        self.root, self.server = root, None

    def dpkg(self, action, what):
        if hasattr(what, "name"):
            shutil.copy(what, self.root / "tmp" / what.name)
            what = f"/tmp/{what.name}"
        return run_in(self.root, ["dpkg", action, what])

    def unit(self, name):
        return re.search(rf"(?m)^{name}=(.*)$", (self.root / UNIT).read_text())[1]

    def start(self):
        (self.root / DATA / "endpoints.json").unlink(missing_ok=True)
        command = in_root(self.root, self.unit("ExecStart").split(), user=f"{self.unit('User')}:{self.unit('Group')}")
        with open(self.root / "tmp" / "serve.log", "ab") as log:
            self.server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=PLAIN)
        log = self.root / "tmp" / "serve.log"
        until(lambda: (self.root / DATA / "endpoints.json").exists() or self.server.poll() is not None, 60, "it is ready")
        assert self.server.poll() is None, log.read_text()

    def stop(self):
        if self.server is not None:
            self.server.send_signal(signal.SIGTERM)
            assert self.server.wait(30) == 0
            self.server = None

    def cli(self, *arguments, **options):
        command = ["strongroom", *arguments, "--data", f"/{DATA}", "--json"]
        return json.loads(run_in(self.root, command, user="strongroom:strongroom", **options).stdout)

    def doctor(self):
        done = run_in(self.root, ["strongroom", "doctor", "--data", f"/{DATA}", "--config", "/etc/strongroom/strongroom.toml", "--json"], check=False)
        return {each["id"]: each for each in json.loads(done.stdout)}


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    subprocess.run(["cpack", "--config", PROGRAMS / "CPackConfig.cmake", "-B", folder], check=True, capture_output=True, timeout=300)
    (made,) = folder.glob("strongroom_*.deb")
    yield made
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def bare(package, tmp_path_factory):
    """A Debian with what the package needs, and without it."""
    depends = [re.sub(r" *\(.*\)", "", each).strip() for each in field(package, "Depends").split(",")]
    folder = tmp_path_factory.mktemp("debian")
    yield debian_root(depends, folder / "root")
    shutil.rmtree(folder)


def test_lintian_has_nothing_to_say(package):
    done = subprocess.run(["lintian", "--fail-on", "error,warning", package], capture_output=True, text=True)
    assert done.returncode == 0 and re.search("^[EW]:", done.stdout, re.M) is None, done.stdout


def try_unit(installed):
    """Its syntax, all that it names, and how much it leaves open, by systemd's own measure."""
    verified = run_in(installed.root, ["systemd-analyze", "verify", f"/{UNIT}"], check=False)
    assert verified.returncode == 0 and "strongroom.service" not in verified.stderr, verified.stderr
    run_in(installed.root, ["systemd-analyze", "security", "--offline=true", "--threshold=20", f"/{UNIT}"])


def try_files(installed):
    """What a person finds: the program in PATH, the manual, completions, the enabled unit, and nothing open to others."""
    root = installed.root
    for path in ("usr/share/man/man1/strongroom.1.gz", "usr/share/bash-completion/completions/strongroom", "usr/share/zsh/vendor-completions/_strongroom"):
        assert (root / path).exists(), path
    assert (root / "etc/systemd/system/multi-user.target.wants/strongroom.service").is_symlink()
    assert "strongroom key revoke" in run_in(root, ["man", "strongroom"]).stdout
    facts = run_in(root, ["stat", "-c", "%n %U:%G %a", f"/{DATA}", "/etc/strongroom", "/etc/strongroom/strongroom.toml"]).stdout.splitlines()
    assert facts == [f"/{DATA} strongroom:strongroom 700", "/etc/strongroom root:strongroom 750", "/etc/strongroom/strongroom.toml root:strongroom 640"]
    assert run_in(root, ["getent", "passwd", "strongroom"]).stdout.strip().endswith(":/var/lib/strongroom:/usr/sbin/nologin")


def try_work(installed, value):
    """A key goes in; the doctor, as root, finds nothing wrong."""
    installed.cli("tenant", "add", "acme")
    key = installed.cli("key", "add", "gemini", "--tenant", "acme", input=value)["id"]
    wrong = {code for code, finding in installed.doctor().items() if finding["state"] == "wrong"}
    # The machine's own limits are not the unit's.
    assert wrong <= {"locked_memory", "descriptors"}
    return key


@pytest.mark.timeout(900)
def test_from_install_to_purge(package, bare, canaries, tmp_path):
    before = files_of(bare)
    installed = Installed(bare)
    try:
        installed.dpkg("-i", package)
        try_files(installed)
        try_unit(installed)
        # An operator's change of the configuration outlives an upgrade.
        toml = bare / "etc/strongroom/strongroom.toml"
        toml.write_text(toml.read_text() + 'listen = "127.0.0.1:0"\nmetrics = "127.0.0.1:0"\n[gateway]\nlisten = "127.0.0.1:0"\n')
        installed.start()
        key = try_work(installed, canaries.new("gemini"))

        # A running one is replaced; the new one starts on the same data.
        newer = again_as(package, field(package, "Version") + ".1", tmp_path)
        installed.dpkg("-i", newer)
        assert installed.cli("key", "list")[0]["id"] == key, "it runs on meanwhile"
        installed.stop()
        installed.start()
        assert installed.cli("key", "list")[0]["id"] == key and 'listen = "127.0.0.1:0"' in toml.read_text()

        # Gone, but for what is the operator's; and back.
        installed.stop()
        installed.dpkg("-r", "strongroom")
        assert not (bare / "usr/lib/strongroom").exists() and toml.exists() and (bare / DATA / "strongroom.db").exists()
        installed.dpkg("-i", newer)
        installed.start()
        assert installed.cli("key", "list")[0]["id"] == key
        installed.stop()

        installed.dpkg("--purge", "strongroom")
        left = files_of(bare) - before
        assert left == set(), left
        assert "strongroom" not in run_in(bare, ["dpkg", "-l"]).stdout
    finally:
        installed.stop()
