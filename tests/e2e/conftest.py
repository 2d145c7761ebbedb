"""Fixtures of the end-to-end tests. SPDX-License-Identifier: Apache-2.0"""

import os
import re
import shutil
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from support.canary import Canaries  # noqa: E402
from support.neighbour import neighbour_or_none  # noqa: E402
from support.room import NOBODY, PROGRAMS, Room  # noqa: E402
from support.share import EACH, Share  # noqa: E402
from support.standins import Standins  # noqa: E402
from support.watch import ProcessWatch  # noqa: E402

E2E = Path(__file__).resolve().parent


def pytest_addoption(parser):
    parser.addoption("--share", metavar="FOLDER", type=Share, help="other processes run files of this suite as well: what is taken stands in FOLDER")


def pytest_configure(config):
    # Whoever started this in the background may have had them ignored, and so would every program under test.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    config.addinivalue_line(
        "markers", "violations: this test makes the stand-ins see what they must not"
    )


def pytest_collection_modifyitems(items):
    """The canary test looks at what all others have left behind: it is the last. Large files come first: who shares the
    run with others is not left alone with one at the end."""
    sizes = Counter(item.path.name for item in items)
    items.sort(key=lambda item: (item.path.name == EACH, -sizes[item.path.name], item.path.name))


def pytest_runtest_protocol(item):
    share = item.config.getoption("share")
    if share and not share.takes(item.path.name):
        return True  # done with, for this process
    return None


def pytest_sessionstart(session):
    if session.config.option.collectonly:
        return
    if not (PROGRAMS / "strongroom").exists():
        pytest.exit(
            f"no strongroom in {PROGRAMS}: build it, or name its folder in STRONGROOM_BIN", 2
        )
    if not (E2E / "node_modules" / "openai").exists():
        pytest.exit("run `npm ci` in tests/e2e and in tests/standins first", 2)


@pytest.fixture(scope="session")
def suite_folder(tmp_path_factory):
    """Everything of this run: data directories, logs, temporary files. What is left here is searched at the end."""
    return tmp_path_factory.mktemp("suite")


@pytest.fixture(scope="session")
def environment(suite_folder, request):
    """What the programs under test are started with: nothing of the caller's but what they cannot do without."""
    temporary = suite_folder / "tmp"
    temporary.mkdir()
    # Short, as the paths of sockets are in it; of this run alone, as others may be under way.
    runtime = Path(tempfile.mkdtemp(prefix="sr-"))
    request.addfinalizer(lambda: shutil.rmtree(runtime, ignore_errors=True))
    return {
        "XDG_RUNTIME_DIR": str(runtime),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "TMPDIR": str(temporary),
        "HOME": str(temporary),
    }


@pytest.fixture(scope="session")
def canaries():
    return Canaries()


@pytest.fixture(scope="session", autouse=True)
def process_watch(canaries):
    watch = ProcessWatch(canaries)
    watch.start()
    yield watch
    watch.stop()


@pytest.fixture(scope="session")
def standins_process(suite_folder, environment):
    standins = Standins(suite_folder / "standins", environment)
    yield standins
    standins.stop()


@pytest.fixture
def standins(standins_process, request):
    """The stand-ins, fresh for this test, which fails when they saw anything they must not see."""
    standins_process.reset()
    yield standins_process
    if request.node.get_closest_marker("violations") is None:
        assert standins_process.violations() == []


@pytest.fixture
def make_room(suite_folder, standins, canaries, environment, request):
    """Makes rooms; their data directories stay until the canary test has searched them."""
    rooms = []

    def make(flags=(), start=True, below=""):
        # Short: clients of a session's socket take 107 octets of its path.
        name = re.sub(r"\W", "-", request.node.name.removeprefix("test_"))[:12]
        folder = suite_folder / f"{len(os.listdir(suite_folder))}-{name}" / below
        folder.mkdir(mode=0o700, parents=True)
        room = Room(folder, standins, canaries, environment, flags)
        rooms.append(room)
        return room.start() if start else room

    yield make
    standins.release()
    for room in rooms:
        status = room.stop()
        assert status in (0, None), f"strongroom serve ended with {status}: {room.log()[-2000:]}"


@pytest.fixture
def room(make_room):
    """A running Strongroom with tenant acme and member alice."""
    return make_room().people()


@pytest.fixture
def neighbour():
    other = neighbour_or_none()
    if other is None:
        pytest.skip("this machine gives no network namespaces")
    yield other
    other.close()


@pytest.fixture
def room_of_nobody(standins, canaries, environment):
    """Everything of it belongs to, and runs as, the user nobody, who is no root."""
    with tempfile.TemporaryDirectory(prefix="strongroom-", dir="/tmp") as folder:
        room = Room(Path(folder), standins, canaries, {**environment, "TMPDIR": folder, "XDG_RUNTIME_DIR": folder})
        (room.data / "ca.pem").write_bytes(standins.ca.read_bytes())
        file = room.data / "strongroom.toml"
        file.write_text(file.read_text().replace(str(standins.ca), "ca.pem"))
        for path in (folder, room.data, *room.data.iterdir()):
            os.chown(path, NOBODY, NOBODY)
        yield room.start_as(NOBODY)
        assert room.stop() == 0
