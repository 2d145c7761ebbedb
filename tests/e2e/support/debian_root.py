"""A Debian 12 in a folder, made by debootstrap from wherever this machine gets its packages, and kept under build/ for the next time.

SPDX-License-Identifier: Apache-2.0
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from support.room import REPOSITORY

KEPT = REPOSITORY / "build" / "debian-root"
RELEASE = "bookworm"
PLAIN = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}


def own_variables():
    return {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}


def sources():
    """Lines of sources.list for what this machine itself asks."""
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"], capture_output=True, text=True, check=True
    ).stdout
    targets = {tuple(line.split()) for line in told.splitlines() if len(line.split()) == 3}
    return sorted((uri, suite, component) for uri, suite, component in targets if suite.startswith((RELEASE, "stable")) or suite in ("oldstable",))


def settings():
    """How this machine's apt reaches them (a proxy, say)."""
    told = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    return "".join(f"{line}\n" for line in told.splitlines() if line.startswith(("Acquire::http", "Acquire::https", "Acquire::Check")))


def in_root(root, command, *, user=None, **options):
    """A process in the root, with its own /proc and /dev, and no mount left when it has ended."""
    spec = [f"--userspec={user}"] if user else []
    mounts = f"mount --bind /dev {root}/dev && mount -t proc proc {root}/proc && exec chroot {' '.join(spec)} {root} \"$@\""
    return ["unshare", "-m", "sh", "-c", mounts, "sh", *command]


def run_in(root, command, *, user=None, check=True, **options):
    done = subprocess.run(
        in_root(root, command, user=user), capture_output=True, text=True, stdin=options.pop("stdin", subprocess.DEVNULL) if "input" not in options else None,
        env={**PLAIN, **own_variables()}, timeout=300, **options
    )
    assert not check or done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done


def make(root, depends):
    found = sources()
    main = next(uri for uri, suite, component in found if suite == RELEASE and component == "main")
    command = ["debootstrap", "--variant=minbase", "--include=adduser,systemd,man-db", RELEASE, str(root), main]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    lines = [f"deb [trusted=no] {uri} {suite} {component}\n" for uri, suite, component in found]
    (root / "etc/apt/sources.list").write_text("".join(line.replace("[trusted=no] ", "") for line in lines))
    (root / "etc/apt/apt.conf.d/90machine").write_text(settings() + 'APT::Install-Recommends "false";\n')
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    # No server is started by its package.
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    run_in(root, ["apt-get", "update", "-qq"])
    run_in(root, ["apt-get", "install", "-y", "-qq", *depends])
    run_in(root, ["apt-get", "clean"])


def debian_root(depends, into):
    """A copy of one that has these packages."""
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        pytest.skip("debootstrap, and root for it, are needed")
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
        pytest.skip("this machine gives no mount namespaces")
    KEPT.parent.mkdir(exist_ok=True)
    with open(KEPT.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = hashlib.sha256(" ".join(sorted(depends)).encode()).hexdigest()
        if not (KEPT / ".stamp").exists() or (KEPT / ".stamp").read_text() != stamp:
            shutil.rmtree(KEPT, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix="debian-", dir=KEPT.parent) as folder:
                root = Path(folder) / "root"
                try:
                    make(root, depends)
                except (AssertionError, StopIteration, subprocess.SubprocessError) as problem:
                    pytest.skip(f"no Debian can be made here from where this machine gets its packages: {str(problem)[-300:]}")
                (root / ".stamp").write_text(stamp)
                root.rename(KEPT)
        subprocess.run(["cp", "-a", "--reflink=auto", KEPT, into], check=True)
    return into
