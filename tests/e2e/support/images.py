"""Root filesystems for containers, made from what this machine has. SPDX-License-Identifier: Apache-2.0"""

import os
import shutil
import subprocess
from pathlib import Path

BUSYBOX = next((p for p in ("/bin/busybox", "/usr/bin/busybox") if os.path.exists(p)), None)
RUNC = shutil.which("runc") or next((p for p in ("/usr/sbin/runc",) if os.path.exists(p)), None)
UMOCI = shutil.which("umoci")

#: With these, an image of machine_image() has this machine's programs.
MACHINE = ("--mount", "/usr:/usr:ro", "--mount", "/etc/alternatives:/etc/alternatives:ro")


def users(root):
    (root / "etc").mkdir(parents=True, exist_ok=True)
    (root / "etc/passwd").write_text(
        "root:x:0:0:root:/root:/bin/sh\nagent:x:1000:1000::/home/agent:/bin/sh\nother:x:1001:1001::/:/bin/sh\n"
    )
    (root / "etc/group").write_text("root:x:0:\nagent:x:1000:\nother:x:1001:\n")
    (root / "home/agent").mkdir(parents=True)
    os.chown(root / "home/agent", 1000, 1000)


def busybox_image(folder):
    """The smallest image there is: one static program under many names."""
    root = Path(folder)
    for each in ("bin", "tmp", "root", "run"):
        (root / each).mkdir(parents=True, exist_ok=True)
    shutil.copy(BUSYBOX, root / "bin/busybox")
    names = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True)
    for name in names.stdout.split():
        if name != "busybox":
            (root / "bin" / name).symlink_to("busybox")
    users(root)
    return root


def machine_image(folder):
    """No program of its own: MACHINE shows it this machine's, read-only."""
    root = Path(folder)
    for each in ("usr", "tmp", "root", "run", "etc/alternatives", "var/tmp"):
        (root / each).mkdir(parents=True, exist_ok=True)
    for each in ("bin", "sbin", "lib", "lib64"):
        (root / each).symlink_to(f"usr/{each}")
    users(root)
    (root / "etc/nsswitch.conf").write_text("hosts: files\n")
    return root


def layout_image(folder, root, **config):
    """An OCI image layout of this root filesystem, tag "latest"."""
    folder = Path(folder)
    bundle = folder.with_name(folder.name + "-bundle")
    for command in (
        ["init", "--layout", folder],
        ["new", "--image", f"{folder}:latest"],
        ["unpack", "--image", f"{folder}:latest", bundle],
    ):
        subprocess.run(["umoci", *command], check=True, capture_output=True)
    subprocess.run(["cp", "-a", f"{root}/.", bundle / "rootfs"], check=True)
    subprocess.run(
        ["umoci", "repack", "--image", f"{folder}:latest", bundle], check=True, capture_output=True
    )
    flags = [part for name, value in config.items() for part in (f"--config.{name}", value)]
    if flags:
        subprocess.run(
            ["umoci", "config", "--image", f"{folder}:latest", *flags],
            check=True,
            capture_output=True,
        )
    shutil.rmtree(bundle)
    return f"{folder}:latest"


def shown(*paths):
    """Mounts by which these paths are in the container what they are here, links included."""
    flags, seen = [], set()
    for path in map(Path, paths):
        for each in (path.absolute(), path.resolve()):
            if each.exists() and str(each) not in seen and not str(each).startswith("/usr/"):
                seen.add(str(each))
                flags += ["--mount", f"{each.resolve()}:{each}:ro"]
    return tuple(flags)
