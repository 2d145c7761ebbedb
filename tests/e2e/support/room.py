"""A running Strongroom of a test's own: vault and gateway on a fresh data directory, all ports free ones.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import re
import resource
import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from support.waiting import until

REPOSITORY = Path(__file__).resolve().parents[3]
PROGRAMS = Path(os.environ.get("STRONGROOM_BIN", REPOSITORY / "build" / "release")).resolve()
AGENTS = Path(__file__).resolve().parents[1] / "agents"

#: Debian's user of that name.
NOBODY = 65534

DONE, FAILED, WRONG_USE, REFUSED, NOT_FOUND, UNAVAILABLE = range(6)


class Workroom:
    """A `strongroom run` that goes on beside the test; its output is read line by line from a file."""

    def __init__(self, process, output, errors):
        self.process, self._output, self._errors = process, output, errors

    def lines(self):
        return self._output.read_text(errors="replace").splitlines()

    def errors(self):
        return self._errors.read_text(errors="replace")

    def line(self, start, seconds=60):
        """The rest of the first line that begins with `start`."""

        def find():
            found = [line for line in self.lines() if line.startswith(start)]
            if (
                not found
                and self.process.poll() is not None
                and not any(l.startswith(start) for l in self.lines())
            ):
                raise AssertionError(
                    f"ended with {self.process.returncode} before it said {start!r}: {self.lines()} {self.errors()}"
                )
            return found

        return until(find, seconds, f"the workroom says {start!r}")[0][len(start) :].strip()

    def wait(self, seconds=60):
        return self.process.wait(seconds)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)


class Room:
    def __init__(self, folder, standins, canaries, environment, flags=()):
        self.folder, self.data = folder, folder / "data"
        self.standins, self.canaries, self.flags = standins, canaries, list(flags)
        self.environment = {**environment, "HOME": str(folder)}
        self.process = None
        self.gateway_listen = self.control_listen = "127.0.0.1:0"
        self.before = []  # what starts the server, where that is not enough by itself
        self._process_options = {}
        self.endpoints = {}
        self._workrooms = []
        self._counter = 0
        self.data.mkdir(mode=0o700, parents=True)
        self._configure()

    def _configure(self):
        dials = "".join(
            f'[[gateway.dial]]\nhost = "{host}:443"\nto = "127.0.0.1:{self.standins.port}"\n'
            for host in self.standins.hosts
        )
        text = f'check_seconds = 0\n[gateway]\nextra_ca = "{self.standins.ca}"\n{dials}'
        (self.data / "strongroom.toml").write_text(text)
        (self.data / "strongroom.toml").chmod(0o600)

    def configure_gateway(self, lines):
        """More of the gateway's settings, before a start."""
        file = self.data / "strongroom.toml"
        file.write_text(file.read_text().replace("[gateway]\n", f"[gateway]\n{lines}\n", 1))

    # The server

    def _serve_command(self, data=None):
        return [
            *self.before,
            str(PROGRAMS / "strongroom"),
            "serve",
            "--data",
            str(data or self.data),
            "--listen",
            self.control_listen,
            "--gateway",
            self.gateway_listen,
            "--metrics",
            "127.0.0.1:0",
            *self.flags,
        ]

    def start_as(self, user):
        """Starts it as another user, to whom the folder belongs."""
        self._process_options = {"user": user, "group": user, "extra_groups": []}
        return self.start()

    def start_with_descriptors(self, most):
        """Starts it with room for so many of them in each of its processes."""
        few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        self._process_options = {**self._process_options, "preexec_fn": few}
        return self.start()

    def launch(self):
        """Starts the server and does not wait for it."""
        (self.data / "endpoints.json").unlink(missing_ok=True)
        with open(self.folder / "serve.log", "ab") as log:
            self.process = subprocess.Popen(
                self._serve_command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                cwd=self.folder,
                **self._process_options,
            )

    def refused_start(self, data=None):
        """The server must end by itself, neither with success nor by a signal, and say why; that sentence."""
        try:
            done = subprocess.run(
                self._serve_command(data),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=30,
                cwd=self.folder,
                env=self.environment,
            )
        except subprocess.TimeoutExpired:
            raise AssertionError("the server has started") from None
        assert done.returncode > 0 and done.stderr.strip(), (done.returncode, done.stderr)
        return done.stderr.strip()

    def start(self):
        self.launch()
        ready = self.data / "endpoints.json"
        until(
            lambda: ready.exists() or self.process.poll() is not None,
            60,
            "strongroom serve is ready",
        )
        if not ready.exists():
            raise AssertionError(
                f"strongroom serve ended with {self.process.returncode}: {self.log()[-3000:]}"
            )
        self.endpoints = json.loads(ready.read_text())
        return self

    def log(self):
        return (self.folder / "serve.log").read_text(errors="replace")

    @property
    def gateway(self):
        return f"http://{self.endpoints['gateway']}"

    def gateway_pids(self):
        return json.loads((self.data / "endpoints.json").read_text())["gateway_pids"]

    def stop(self):
        """A clean end, as an operator's; the exit status."""
        for workroom in self._workrooms:
            workroom.stop()
        self._workrooms.clear()
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise AssertionError(
                f"strongroom serve did not end within 60 s of SIGTERM: {self.log()[-2000:]}"
            ) from None
        self.process = None
        return status

    def console_url(self):
        """Where nothing else is configured: by a name, as passkeys are bound to one."""
        return f"http://localhost:{self.endpoints['control'].rsplit(':', 1)[1]}/"

    def first_invitation(self, start=1):
        """Of the first owner, as that start has printed it: after its endpoints were there."""
        links = lambda: re.findall(r"#/invitation/(srf_\S+)", self.log())[start - 1 :]
        return until(links, 30, "the first owner's link is printed")[0]

    def kill9(self):
        """The vault and its gateways, without a word of warning."""
        for pid in [self.process.pid, *self._children()]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(30)
        self.process = None

    def _children(self):
        """The server's own children, from the kernel: also while it has not said yet which they are."""
        children = []
        for task in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            try:
                children += map(int, task.read_text().split())
            except OSError:
                pass
        return children

    # The command line and the control API

    def cli(self, *arguments, input=None, expect=DONE, environment=None, timeout=150):
        """Runs one command; `expect` is the exit code it must have (None: any)."""
        command = [str(PROGRAMS / "strongroom"), *arguments, "--data", str(self.data)]
        if "--" in arguments:
            at = arguments.index("--")
            command = [
                str(PROGRAMS / "strongroom"),
                *arguments[:at],
                "--data",
                str(self.data),
                *arguments[at:],
            ]
        done = subprocess.run(
            command,
            input=b"" if input is None else input.encode() if isinstance(input, str) else input,
            capture_output=True,
            env=environment or self.environment,
            cwd=self.folder,
            timeout=timeout,
        )
        done.stdout, done.stderr = done.stdout.decode(errors="replace"), done.stderr.decode(
            errors="replace"
        )
        shown = " ".join(arguments[:6])
        if expect is not None and done.returncode != expect:
            raise AssertionError(
                f"`strongroom {shown}` ended with {done.returncode}, not {expect}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
            )
        return done

    def json(self, *arguments, **options):
        done = self.cli(*arguments, "--json", **options)
        return json.loads(done.stdout)

    def api(self, method, path, body=None, token=None):
        """(status, answer) over TCP with the operator's token."""
        token = token or (self.data / "operator.token").read_text().strip()
        request = urllib.request.Request(
            f"http://{self.endpoints['control']}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=90) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    # What most tests begin with

    def people(self, tenant="acme", members=("alice",)):
        self.cli("tenant", "add", tenant)
        for member in members:
            self.cli("member", "add", "--tenant", tenant, member)
        return self

    def add_key(
        self,
        service,
        *,
        tenant="acme",
        member=None,
        label=None,
        value=None,
        settings=None,
        shape=None,
    ):
        """Stores a canary of that service and makes it the real one at the stand-in; (id, value)."""
        provider = "generic" if service == "generic-http" else service
        value = value if value is not None else self.canaries.new(shape or provider)
        arguments = ["key", "add", service, "--tenant", tenant]
        arguments += ["--member", member] if member else []
        arguments += ["--label", label] if label else []
        for name, setting in (settings or {}).items():
            arguments += ["--set", f"{name}={setting}"]
        added = self.json(*arguments, input=value + "\n")
        if provider in (
            "gemini",
            "elevenlabs",
            "heygen",
            "firecrawl",
            "openai",
            "anthropic",
            "github",
            "gitlab",
            "slack",
            "npm",
            "pypi",
            "docker",
            "gcp",
            "bitbucket",
            "linear",
            "generic",
        ):
            self.standins.accept(provider, value)
        return added["id"], value

    def key(self, key_id):
        """The key as `key list --json` shows it."""
        return next(
            key for key in self.json("key", "list", "--tenant", "acme") if key["id"] == key_id
        )

    def _run_arguments(self, services, command, tenant, member, variables, flags=()):
        arguments = ["run", "--tenant", tenant, "--member", member, *flags]
        for service in services:
            arguments += ["--service", service]
        for name, value in (variables or {}).items():
            arguments += ["--env", f"{name}={value}"]
        return [*arguments, "--", *map(str, command)]

    def run(
        self,
        services,
        command,
        *,
        tenant="acme",
        member="alice",
        variables=None,
        flags=(),
        **options,
    ):
        """A whole `strongroom run`; its end is waited for."""
        return self.cli(
            *self._run_arguments(services, command, tenant, member, variables, flags), **options
        )

    def begin(
        self, services, command, *, tenant="acme", member="alice", variables=None, flags=(), **user
    ):
        """A `strongroom run` that goes on; see Workroom. `user`, `group`: whose it is."""
        self._counter += 1
        output, errors = (
            self.folder / f"run{self._counter}.out",
            self.folder / f"run{self._counter}.err",
        )
        arguments = self._run_arguments(services, command, tenant, member, variables, flags)
        at = arguments.index("--")
        with open(output, "wb") as out, open(errors, "wb") as err:
            process = subprocess.Popen(
                [
                    str(PROGRAMS / "strongroom"),
                    *arguments[:at],
                    "--data",
                    str(self.data),
                    *arguments[at:],
                ],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=self.environment,
                cwd=self.folder,
                **({"extra_groups": []} if "user" in user else {}),
                **user,
            )
        workroom = Workroom(process, output, errors)
        self._workrooms.append(workroom)
        return workroom

    def revoke(self, key_id):
        """Revokes and answers the receipt's body; the document must verify."""
        done = self.cli("key", "revoke", key_id, "--json")
        return self.verified(done.stdout)

    def verified(self, document):
        self._counter += 1
        file = self.folder / f"receipt{self._counter}.json"
        file.write_text(document)
        self.cli("receipt", "verify", str(file))
        return json.loads(document)


def flatten(value):
    """All numbers, texts and truths in a JSON document: for checks that do not fix its layout."""
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in flatten(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in flatten(item)]
    return [value]


def last_json(text):
    """The last line of `text` that is a JSON object."""
    found = [line for line in text.splitlines() if re.match(r"\s*\{", line)]
    if not found:
        raise AssertionError(f"no JSON line in: {text[-2000:]}")
    return json.loads(found[-1])
