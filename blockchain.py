#!/usr/bin/env python3
"""The developer's tool: installs what is missing, builds what changed, runs the node and its tests.

Needs Python 3.9 and its standard library, nothing else.
"""
from __future__ import annotations

import argparse
import ctypes
import ctypes.util
import fcntl
import glob
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree

ROOT = os.path.dirname(os.path.abspath(__file__))
ARTIFACTS = os.path.join(ROOT, "artifacts")
RESULTS = os.path.join(ARTIFACTS, "tests")
ENGINE_FILE = os.path.join(ARTIFACTS, "engine")
EXPLORER = os.path.join("src", "Gateway", "explorer")
BROWSERS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
ENGINES = {"embedded": "Embedded", "orleans": "Orleans"}
COVERAGE_FLOOR = 90.0
TERM_PATIENCE = 5.0  # seconds between asking a process to end and ending it
CONTRACT = "Kimura.Tests.Unit.Embedded."  # what both engines promise
COVERED = ("Kimura.Cryptography", "Kimura.Chain", "Kimura.Storage", "Kimura.Grains")

# What can be built: project, and the folders whose files go into it.
TARGETS = {
    "silo": ("src/Silo/Kimura.Silo.csproj", ("src",)),
    "gateway": ("src/Gateway/Kimura.Gateway.csproj", ("src",)),
    "unit": ("tests/Unit/Kimura.Tests.Unit.csproj", ("src", "tests/Unit", "tests/Simulation")),
    "integration": ("tests/Integration/Kimura.Tests.Integration.csproj", ("src", "tests/Integration")),
    "simulation": ("tests/Simulation/Kimura.Tests.Simulation.csproj", ("src", "tests/Simulation")),
    "bench": ("benchmarks/Kimura.Benchmarks.csproj", ("src", "benchmarks")),
    "all": ("Kimura.Orleans.sln", ("src", "tests", "benchmarks", "samples")),
}


class Stop(Exception):
    """What ends a command: one line and an exit code."""

    def __init__(self, line, code=1):
        super().__init__(line)
        self.code = code


def note(line):
    print(f"blockchain: {line}", file=sys.stderr, flush=True)


# --- Native libraries ---------------------------------------------------------------------------------

class Native:
    """A shared library: how to see whether it is there, and which Debian package holds it."""

    def __init__(self, title, name, soname, package, pattern):
        self.title, self.name, self.soname, self.package, self.pattern = title, name, soname, package, pattern

    def present(self):
        if loads(self.soname):
            return True
        found = ctypes.util.find_library(self.name)
        return found is not None and loads(found)


NATIVES = (
    Native("RocksDB", "rocksdb", "librocksdb.so.7.8", "librocksdb7.8", r"librocksdb(\d+)\.(\d+)"),
    Native("libsecp256k1", "secp256k1", "libsecp256k1.so.1", "libsecp256k1-1", r"libsecp256k1-(\d+)"),
    Native("libsodium", "sodium", "libsodium.so.23", "libsodium23", r"libsodium(\d+)"),
)


def loads(soname):
    try:
        ctypes.CDLL(soname)
        return True
    except OSError:
        return False


def pick_package(preferred, pattern, names):
    """The preferred package where the release has it, otherwise the newest that the pattern fits, or None."""
    if preferred in names:
        return preferred
    fitting = [(tuple(map(int, match.groups())), match.group()) for match in (re.fullmatch(pattern, name) for name in names) if match]
    return max(fitting)[1] if fitting else None


def ensure_natives():
    missing = [native for native in NATIVES if not native.present()]
    if not missing:
        return
    titles = ", ".join(native.title for native in missing)
    if shutil.which("apt-get") is None:
        if sys.platform == "darwin":
            raise Stop(f"missing: {titles}; run: brew install rocksdb secp256k1 libsodium", 2)
        raise Stop(f"missing: {titles}; install them with your system's package manager", 2)
    packages = [pick_package(native.package, native.pattern, known_packages()) or native.package for native in missing]
    if os.geteuid() != 0:
        raise Stop(f"missing: {titles}; run: sudo apt-get install -y {' '.join(packages)}", 2)
    note(f"installing {titles}")
    known = known_packages()
    if any(pick_package(native.package, native.pattern, known) is None for native in missing):
        apt("update")
        known = known_packages()
    packages = [pick_package(native.package, native.pattern, known) for native in missing]
    for native, package in zip(missing, packages):
        if package is None:
            raise Stop(f"this system's package lists have no {native.title} (looked for {native.package})", 2)
    install(packages)
    still = [native.title for native in missing if not native.present()]
    if still:
        raise Stop(f"{', '.join(still)} cannot be loaded although {' '.join(packages)} is installed", 2)


def known_packages():
    names = subprocess.run(["apt-cache", "pkgnames"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return set(names.stdout.split())


def install(packages):
    """Installs, with fresh package lists if the ones at hand turn out to be stale."""
    if apt("install", "--no-install-recommends", *packages) != 0:
        apt("update")
        if apt("install", "--no-install-recommends", *packages) != 0:
            raise Stop(f"apt-get could not install {' '.join(packages)}", 2)


def apt(*arguments):
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "-y", "-qq", "-o", "DPkg::Lock::Timeout=120", "-o", "Dpkg::Use-Pty=0", *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, env=environment, check=False).returncode


def ensure_tool(title, present, packages, purpose):
    """Something that tests run against. It may be missing: they say so then."""
    if present:
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        note(f"installing {title}, for {purpose}")
        try:
            install(packages)
            return
        except Stop as stop:
            note(stop)
    note(f"{title} is missing: {purpose} will say so; install your system's package {packages[0]}")


def ensure_compiler():
    """The library under which the tests cut the power is built from C."""
    ensure_tool("a C compiler", sys.platform != "linux" or shutil.which("cc"), ["gcc", "libc6-dev"], "the tests that cut the power")


def ensure_promtool():
    """One test asks Prometheus' own tool. Taken out of Debian's package, not installed: that would start a server."""
    place = os.path.join(ARTIFACTS, "tools", "promtool")
    if os.path.exists(place) or shutil.which("promtool"):
        return
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        note("promtool is missing: the tests that need it will say so; it comes with Prometheus")
        return
    note("fetching promtool, for two tests")
    with tempfile.TemporaryDirectory(prefix="kimura-promtool-") as folder:
        def fetch():
            return subprocess.run(["apt-get", "-qq", "download", "prometheus"], cwd=folder, stdin=subprocess.DEVNULL,
                                  stdout=sys.stderr, check=False).returncode == 0
        fetched = fetch() or (os.geteuid() == 0 and apt("update") == 0 and fetch())
        for package in glob.glob(os.path.join(folder, "*.deb")) if fetched else []:
            subprocess.run(["dpkg-deb", "-x", package, folder], check=False)
        found = os.path.join(folder, "usr", "bin", "promtool")
        if os.path.exists(found):
            os.makedirs(os.path.dirname(place), exist_ok=True)
            shutil.copy(found, place)
        else:
            note("promtool could not be fetched: the tests that need it will say so")


# --- The explorer ---------------------------------------------------------------------------------------

def ensure_explorer():
    """Builds the web page with Node.js where it is there; the node runs without the page, and says at its root how to get it."""
    folder = os.path.join(ROOT, EXPLORER)
    current, stamp, page = explorer_fingerprint(folder), os.path.join(ARTIFACTS, "explorer"), os.path.join(folder, "dist", "index.html")
    if os.path.exists(page) and read_text(stamp) == current:
        return
    if not has_node():
        note("Node.js 20 or later, with npm, is missing: the node runs without its explorer page")
        return
    note("building the explorer page")
    log = os.path.join(ARTIFACTS, "explorer.log")
    modules = os.path.join(folder, "node_modules", ".package-lock.json")
    lock = os.path.join(folder, "package-lock.json")
    with open(log, "wb") as output:
        code = 0
        if not os.path.exists(modules) or os.path.getmtime(modules) < os.path.getmtime(lock):
            code = run_tree(["npm", "ci", "--no-audit", "--no-fund", "--prefix", folder], output, limit=300)
        if code == 0:
            code = run_tree(["npm", "run", "build", "--prefix", folder], output, limit=120)
    if code != 0:
        note(f"the explorer page could not be built; the node runs without it. The end of {os.path.relpath(log, ROOT)}:\n{tail(log, 15)}")
        return
    with open(stamp, "w", encoding="utf-8") as file:
        file.write(current)


def explorer_fingerprint(folder):
    """A hash over the bytes that go into the page."""
    state = hashlib.sha256()
    for path, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if name not in ("node_modules", "dist"))
        for name in sorted(names):
            with open(os.path.join(path, name), "rb") as file:
                state.update(f"{os.path.relpath(os.path.join(path, name), folder)}\0".encode() + file.read() + b"\0")
    return state.hexdigest()


def has_node():
    if not shutil.which("node") or not shutil.which("npm"):
        return False
    version = subprocess.run(["node", "--version"], stdout=subprocess.PIPE, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.", version)
    return found is not None and int(found.group(1)) >= 20


def read_text(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None


# --- .NET ---------------------------------------------------------------------------------------------

def environment():
    quiet = {"DOTNET_CLI_TELEMETRY_OPTOUT": "1", "DOTNET_NOLOGO": "1", "DOTNET_SKIP_FIRST_TIME_EXPERIENCE": "1",
             "DOTNET_GENERATE_ASPNET_CERTIFICATE": "false", "DOTNET_CLI_UI_LANGUAGE": "en", "MSBUILDDISABLENODEREUSE": "1"}
    return {**os.environ, **quiet}


# What tests kill would leave its debugger's sockets in the temporary folder.
UNOBSERVED = {"DOTNET_EnableDiagnostics": "0"}


def ensure_sdk():
    with open(os.path.join(ROOT, "global.json"), encoding="utf-8") as file:
        wanted = json.load(file)["sdk"]["version"]
    major = wanted.split(".")[0]
    if shutil.which("dotnet"):
        listed = subprocess.run(["dotnet", "--list-sdks"], stdout=subprocess.PIPE, text=True, env=environment(), check=False).stdout
        if any(line.startswith(major + ".") for line in listed.splitlines()):
            return
    raise Stop(f"the .NET SDK {major} is missing; install it from https://dot.net/download "
               f"(or your system's dotnet-sdk-{major}.0 package)", 2)


def engine():
    """The remembered choice, as MSBuild spells it; Embedded where nobody chose."""
    return ENGINES.get((read_text(ENGINE_FILE) or "").partition("\n")[0].strip(), "Embedded")


def choose_engine(wanted):
    """Takes an engine and remembers it, with the reason: Orleans where its packages can be restored, unless one is asked for."""
    why = "as asked for"
    if wanted != "embedded":
        problem = probe_orleans()
        if problem and wanted == "orleans":
            raise Stop(f"the Orleans engine cannot be restored: {problem}")
        if wanted == "auto":
            wanted = "embedded" if problem else "orleans"
            why = f"the Orleans packages cannot be restored: {problem}" if problem else "the Orleans packages can be restored"
    os.makedirs(ARTIFACTS, exist_ok=True)
    with open(ENGINE_FILE, "w", encoding="utf-8") as file:
        file.write(f"{wanted}\n{why}\n")


def engine_line():
    name, _, why = (read_text(ENGINE_FILE) or "embedded\nnobody chose").partition("\n")
    return f"engine: {name.strip()} ({why.strip() or 'as chosen before'})"


def engine_properties(name):
    """The lock files in the repository are the embedded engine's; with Orleans the first restore decides."""
    if name == "Orleans":
        return ["-p:Engine=Orleans"]
    locked = ["-p:RestoreLockedMode=true"] if os.environ.get("CI", "").lower() in ("1", "true") else []
    return ["-p:Engine=Embedded", *locked]


def fingerprint(folders, engine_name):
    """A hash over path, size and time of everything that goes into a build."""
    settings = re.compile(r"\.(props|targets|sln|json|editorconfig|config)$", re.IGNORECASE)
    files = [os.path.join(ROOT, name) for name in os.listdir(ROOT) if settings.search(name)]
    for folder in folders:
        for path, below, names in os.walk(os.path.join(ROOT, folder)):
            below[:] = [name for name in below if name not in ("bin", "obj", "__pycache__", "node_modules")]
            files += [os.path.join(path, name) for name in names]
    state = hashlib.sha256(engine_name.encode())
    for path in sorted(files):
        entry = os.stat(path)
        state.update(f"{path}\0{entry.st_size}\0{entry.st_mtime_ns}\n".encode())
    return state.hexdigest()


def build(target, mode="Release", name=None):
    """An incremental build, on the chosen engine or a named one, and none at all when nothing changed since the last one."""
    os.makedirs(ARTIFACTS, exist_ok=True)
    project, folders = TARGETS[target]
    with open(os.path.join(ARTIFACTS, "build.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two nodes started at once must not build into one folder
        ensure_explorer()
        name = name or engine()
        prints = {key: fingerprint(TARGETS[key][1], name) for key in TARGETS}
        stamps = load_stamps()
        current = stamps.get(f"{target}-{mode}-{name}") == prints[target] and os.path.exists(output_of(target, mode, name))
        if not current or shutil.which("dotnet") is None:
            ensure_sdk()
        if current:
            return
        note(f"building {project} ({mode}, {name} engine)")
        started = time.monotonic()
        # msbuild, not build: that prints a summary whatever one asks for.
        command = ["dotnet", "msbuild", project, "-restore", "-nologo", "-v:q", f"-p:Configuration={mode}", *engine_properties(name)]
        code = run_tree(command, stdout=sys.stderr)
        if code != 0:
            raise Stop(f"the build failed (exit code {code})")
        note(f"built in {time.monotonic() - started:.0f} s")
        for key in TARGETS if target == "all" else {target, "silo"}:
            stamps[f"{key}-{mode}-{name}"] = prints[key]
        with open(os.path.join(ARTIFACTS, "build.json"), "w", encoding="utf-8") as file:
            json.dump(stamps, file, indent=2)


def load_stamps():
    try:
        with open(os.path.join(ARTIFACTS, "build.json"), encoding="utf-8") as file:
            stamps = json.load(file)
        return stamps if isinstance(stamps, dict) else {}
    except (FileNotFoundError, ValueError):
        return {}


def output_of(target, mode, name=None):
    folder, project = os.path.split(TARGETS["silo" if target == "all" else target][0])
    own = ("orleans",) if (name or engine()) == "Orleans" else ()
    return os.path.join(ROOT, folder, "bin", *own, mode, "net10.0", project.replace(".csproj", ".dll"))


# --- Processes ------------------------------------------------------------------------------------------

def run_tree(command, stdout=None, limit=None, variables=None):
    """Runs a command in a session of its own and leaves nothing of it behind. The exit code, or None after the limit."""
    child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=stdout,
                             stderr=subprocess.STDOUT if stdout else None, env={**environment(), **UNOBSERVED, **(variables or {})},
                             start_new_session=True)
    try:
        return child.wait(timeout=limit)
    except subprocess.TimeoutExpired:
        return None
    finally:
        end_session(child)


def end_session(child):
    """Ends by process id what is left of a session: build servers, nodes of a crashed test."""
    for number, patience in ((signal.SIGTERM, TERM_PATIENCE), (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + patience
        members = session_members(child.pid)
        for pid in members:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
        while members and time.monotonic() < deadline:
            child.poll()
            members = session_members(child.pid)
            time.sleep(0.02)
        if not members:
            break
    child.wait()


def session_members(session):
    members = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue  # it has just ended
        if len(fields) > 3 and int(fields[3]) == session and fields[0] != b"Z":
            members.append(int(path.split("/")[2]))
    return members


def detach():
    """In the child: a process group of its own, so that Ctrl-C comes once, through us; and an end when we are killed."""
    os.setpgrp()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def foreground(target, options, folder=None):
    """A built program in the foreground. Signals are passed on by process id; its exit code is ours."""
    child = None
    early = []

    def forward(number, frame):
        if child is None:
            early.append(number)
        elif child.poll() is None:
            child.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, forward)
    child = subprocess.Popen(["dotnet", output_of(target, "Release"), *options], cwd=folder, env=environment(), preexec_fn=detach)
    for number in early:
        child.send_signal(number)
    code = child.wait()
    return code if code >= 0 else 128 - code


class Network:
    """A leader and peers beside it, for trying things out: one Ctrl-C stops them all."""

    OWN = ("--db-path", "--rpc-port", "--listen-addr", "--leader-address", "--leader-key", "--key-file")

    def __init__(self, options, count):
        self.options, self.count, self.children, self.stopping = options, count, [], threading.Event()

    def run(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.stopping.set())
        data, port = self.value("--db-path", "db_path", "data"), int(self.value("--rpc-port", "rpc_port", "8545"))
        try:
            leader = self.start("leader", ["--leader", *without(self.options, ["--bodies"])])
            shared = without([option for option in self.options if option != "--leader"], self.OWN)
            for number in range(1, self.count + 1):
                if self.wait(lambda: leader.is_ready):
                    self.start(f"peer {number}", [
                        *shared, "--leader-address", leader.address, "--listen-addr", "/ip4/127.0.0.1/tcp/0",
                        "--db-path", os.path.join(data, "peers", str(number)), "--rpc-port", str(port + number if port else 0)])
            self.wait(lambda: False)
        finally:
            for child in self.children:
                child.stop()
            codes = [child.process.wait() for child in self.children]
        return max((code if code >= 0 else 128 - code for code in codes), default=0)

    def start(self, name, options):
        child = NamedNode(name, options)
        self.children.append(child)
        return child

    def wait(self, reached):
        """True once it is reached; False when asked to stop, or when a node has ended."""
        while not reached():
            if self.stopping.wait(0.05) or any(child.process.poll() is not None for child in self.children):
                return False
        return True

    def value(self, option, key, standard):
        """What the leader takes for an option: from the command line, the environment or the file."""
        given = {name: value for name, value in pairs(self.options)}
        if option in given:
            return given[option]
        variable = os.environ.get("KIMURA_" + key.upper())
        if variable:
            return variable
        path = given.get("--config") or os.environ.get("KIMURA_CONFIG")
        if path and os.path.isfile(path):
            try:
                with open(path, encoding="utf-8") as file:
                    return str(json.load(file).get(key, standard))
            except ValueError:
                return standard  # the node itself says what is wrong with its file
        return standard


class NamedNode:
    """One node of several: each line of its output behind its name."""

    def __init__(self, name, options):
        self.name, self.address, self.is_ready = name, None, False
        leads = {} if "--leader" in options else {"KIMURA_LEADER": "false"}
        if engine() == "Orleans" and "--leader" not in options:
            leads |= {"KIMURA_SILO_PORT": "0", "KIMURA_SILO_GATEWAY_PORT": "0"}  # the defaults are the leader's
        self.process = subprocess.Popen(["dotnet", output_of("silo", "Release"), *options], env={**environment(), **leads}, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=detach)
        threading.Thread(target=self.pass_on, daemon=True).start()

    def pass_on(self):
        for line in self.process.stdout:
            print(f"{self.name}: {line}", end="", flush=True)
            if line.startswith("/"):
                self.address = line.strip()
            self.is_ready |= " is ready" in line

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)


def pairs(options):
    """The options with their values, given as --name value or --name=value; a flag has none."""
    at = 0
    while at < len(options):
        name, equals, value = options[at].partition("=")
        if not equals and at + 1 < len(options) and not options[at + 1].startswith("--"):
            at, value = at + 1, options[at + 1]
        at += 1
        yield name, value


def without(options, names):
    kept = []
    for name, value in pairs(options):
        if name not in names:
            kept += [name, value] if value else [name]
    return kept


# --- Test results -----------------------------------------------------------------------------------------

class Outcome:
    """What a suite came to: names of the failed with their first words, reasons of the skipped, and what went wrong around them."""

    def __init__(self, suite, passed=0, failed=(), skipped=(), crash=None, seconds=0.0):
        self.suite, self.passed, self.failed, self.skipped = suite, passed, list(failed), list(skipped)
        self.crash, self.seconds = crash, seconds

    def failures(self):
        return len(self.failed) + (1 if self.crash else 0)

    def ran(self):
        return self.passed + len(self.failed)


def parse_trx(path):
    """Passed, failed and skipped of a TRX file, counted test by test, and whether the run was completed."""
    root = ElementTree.parse(path).getroot()
    space = {"t": "http://microsoft.com/schemas/VisualStudio/TeamTest/2010"}
    passed, failed, skipped = 0, [], []
    for result in root.iterfind(".//t:UnitTestResult", space):
        name, outcome = result.get("testName", "?"), result.get("outcome")
        message = (result.findtext(".//t:Message", "", space) or "").strip()
        if outcome == "Passed":
            passed += 1
        elif outcome in ("NotExecuted", "Skipped", "Inconclusive"):
            # One without a reason is an explicit test (a child process of another one), which was not asked for.
            skipped += [(name, first_line(message))] if message else []
        else:
            failed.append((name, message))
    summary = root.find("t:ResultSummary", space)
    completed = summary is not None and summary.get("outcome") in ("Completed", "Passed", "Failed")
    for text in root.iterfind(".//t:RunInfo/t:Text", space):
        # A host that dies leaves a file that counts what ran until then, and says so only here.
        completed = completed and not re.search(r"FATAL ERROR|aborted|crashed", text.text or "")
    return passed, failed, skipped, completed


def first_line(text):
    return text.strip().splitlines()[0] if text.strip() else ""


def parse_cobertura(paths):
    """Lines and covered lines by assembly, several reports merged line by line."""
    hits = {}
    for path in paths:
        root = ElementTree.parse(path).getroot()
        sources = [source.text or "" for source in root.iterfind("./sources/source")]
        for package in root.iterfind("./packages/package"):
            lines = hits.setdefault(package.get("name"), {})
            for class_ in package.iterfind("./classes/class"):
                file = source_path(class_.get("filename", ""), sources)
                if "/obj/" in file:
                    continue  # generated; the collector's own filter misses some
                for line in class_.iterfind("./lines/line"):
                    key = file, int(line.get("number"))
                    lines[key] = max(lines.get(key, 0), int(line.get("hits")))
    return {name: (len(lines), sum(1 for count in lines.values() if count)) for name, lines in hits.items()}


def source_path(name, sources):
    for source in sources:
        whole = os.path.join(source, name)
        if os.path.exists(whole):
            return os.path.realpath(whole)
    return name


def coverage_outcome(rates):
    """The table's lines, and what falls short of the floor."""
    short, shown = [], []
    for name in COVERED:
        total, covered = rates.get(name, (0, 0))
        percent = 100.0 * covered / total if total else 0.0
        shown.append(f"{name.partition('.')[2]} {percent:.1f} %" if total else f"{name.partition('.')[2]} no data")
        if percent < COVERAGE_FLOOR:
            short.append(shown[-1])
    others = [f"{name.partition('.')[2]} {100.0 * covered / total:.1f} %"
              for name, (total, covered) in sorted(rates.items()) if name not in COVERED and total]
    lines = [f"line coverage: {', '.join(shown)} (floor {COVERAGE_FLOOR:g} %)"]
    if others:
        lines.append(f"for information: {', '.join(others)}")
    return lines, short


# --- Suites --------------------------------------------------------------------------------------------------

def dotnet_suite(suite, limit, coverage=False, name="Embedded", only=None):
    project = f"tests/{suite.title()}/Kimura.Tests.{suite.title()}.csproj"
    suite += "" if name == "Embedded" else f"-{name.lower()}"
    folder = os.path.join(RESULTS, suite)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    log = os.path.join(RESULTS, f"{suite}.log")
    command = ["dotnet", "test", project, "-c", "Release", "--no-build", "--nologo", "--results-directory", folder,
               "--logger", "trx;LogFileName=results.trx", *engine_properties(name)]
    if only:
        command += ["--filter", f"FullyQualifiedName~{only}"]
    if coverage:
        command += ["--collect", "XPlat Code Coverage", "--settings", "tests/coverage.runsettings"]
    started = time.monotonic()
    with open(log, "wb") as output:
        code = run_tree(command, output, limit)
    outcome = Outcome(suite, seconds=time.monotonic() - started)
    completed = True
    results = os.path.join(folder, "results.trx")
    if os.path.exists(results):
        outcome.passed, outcome.failed, outcome.skipped, completed = parse_trx(results)
    if code is None:
        outcome.crash = f"ended after its limit of {limit} s"
    elif not completed or (code != 0 and not outcome.failed):
        outcome.crash = f"crashed (exit code {code})"
    if outcome.crash:
        outcome.crash += f"; the end of {os.path.relpath(log, ROOT)}:\n{tail(log)}"
    return outcome


def python_suite(suite, limit):
    os.makedirs(RESULTS, exist_ok=True)
    log, results = os.path.join(RESULTS, f"{suite}.log"), os.path.join(RESULTS, f"{suite}.json")
    if os.path.exists(results):
        os.unlink(results)
    started = time.monotonic()
    with open(log, "wb") as output:
        code = run_tree([sys.executable, "tests/python/run.py", results], output, limit)
    outcome = Outcome(suite, seconds=time.monotonic() - started)
    if os.path.exists(results):
        with open(results, encoding="utf-8") as file:
            told = json.load(file)
        outcome.passed, outcome.failed, outcome.skipped = told["passed"], told["failed"], told["skipped"]
    if code is None:
        outcome.crash = f"ended after its limit of {limit} s"
    elif code != 0 and not outcome.failed:
        outcome.crash = f"crashed (exit code {code})"
    if outcome.crash:
        outcome.crash += f"; the end of {os.path.relpath(log, ROOT)}:\n{tail(log)}"
    return outcome


def tail(path, lines=40):
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - 16_384))
        return "\n".join("    " + line for line in file.read().decode("utf-8", "replace").splitlines()[-lines:])


def report(outcome):
    print(f"{outcome.suite}: {outcome.passed} passed, {len(outcome.failed)} failed, {len(outcome.skipped)} skipped "
          f"({outcome.seconds:.1f} s)")
    for name, message in outcome.failed[:50]:
        print(f"  FAILED {name}")
        for line in message.strip().splitlines()[:12]:
            print(f"         {line}")
    for name, reason in outcome.skipped[:10]:
        print(f"  skipped {name}: {reason}")
    if outcome.crash:
        print(f"  {outcome.suite} {outcome.crash}")
    sys.stdout.flush()


def run_suites(names):
    """The suites by name, in order: what each came to. All of them on the embedded engine; on Orleans, where that is the chosen one, what differs."""
    runs = {
        "unit": [lambda: dotnet_suite("unit", 420, coverage=True), lambda: python_suite("python", 180)],
        "integration": [lambda: dotnet_suite("integration", 600)],
        "interop": [lambda: dotnet_suite("interop", 240)],
        "browser": [lambda: dotnet_suite("browser", 240)],
    }
    if engine() == "Orleans":
        runs["contract"] = [lambda: dotnet_suite("unit", 420, name="Orleans", only=CONTRACT)]
        runs["integration"].append(lambda: dotnet_suite("integration", 900, name="Orleans"))
    outcomes = []
    for name in names:
        note(f"running {name}")
        for run in runs[name]:
            outcomes.append(run())
            report(outcomes[-1])
    return outcomes


def test(suite):
    started = time.monotonic()
    ensure_natives()
    ensure_compiler()
    ensure_tool("strace", sys.platform != "linux" or shutil.which("strace"), ["strace"], "one test")
    names = ("unit", "integration", "interop", "browser") if suite == "all" else (suite,)
    if "unit" in names:
        ensure_promtool()
    if "unit" in names or "integration" in names:
        ensure_tool("PostgreSQL", glob.glob("/usr/lib/postgresql/*/bin/initdb"), ["postgresql"], "the cluster tests")
    if "browser" in names:
        chromium = os.environ.get("KIMURA_CHROMIUM") or any(os.path.exists(path) for path in BROWSERS)
        ensure_tool("Chromium", chromium, ["chromium"], "the browser tests")
    ensure_sdk()
    if not os.path.exists(ENGINE_FILE):
        choose_engine("auto")
    print(engine_line(), flush=True)
    if suite == "contract" and engine() != "Orleans":
        raise Stop("the contract suite is for the Orleans engine: python3 blockchain.py setup --engine orleans")
    engines = {"unit": ("Embedded",), "contract": ("Orleans",)}.get(suite, ("Embedded", "Orleans") if engine() == "Orleans" else ("Embedded",))
    for name in engines:
        build("unit" if suite in ("unit", "contract") else "all", name=name)
    outcomes = run_suites(names)
    failed, short = sum(outcome.failures() for outcome in outcomes), []
    if "unit" in names:
        lines, short = coverage_outcome(parse_cobertura(glob.glob(os.path.join(RESULTS, "unit", "*", "coverage.cobertura.xml"))))
        print("\n".join(lines))
        if short:
            print(f"  FAILED coverage is below {COVERAGE_FLOOR:g} %: {', '.join(short)}")
            failed += 1
    print(f"duration: {time.monotonic() - started:.1f} s")
    skipped = sum(len(outcome.skipped) for outcome in outcomes)
    passed = sum(outcome.passed for outcome in outcomes)
    if passed + failed == 0:
        print("no test ran")
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or passed == 0 else 0


def soak(options):
    """Ends a leader in the middle, again and again, under load; the test's own implementation, in its long form."""
    ensure_natives()
    ensure_compiler()
    build("integration")
    asked = {"KIMURA_SOAK_KILLS": options.kills, "KIMURA_SOAK_POWER_CUTS": options.power_cuts,
             "KIMURA_SOAK_BLOCKS": options.blocks, "KIMURA_SOAK_SEED": options.seed}
    variables = {name: str(value) for name, value in asked.items() if value}
    return run_tree(["dotnet", output_of("integration", "Release"), "-explicit", "only", "-method", "*CrashTests.Soak_of", "-noColor"], variables=variables)


# --- Commands ---------------------------------------------------------------------------------------------------

def setup(wanted):
    ensure_natives()
    ensure_sdk()
    choose_engine(wanted)
    print(engine_line())
    code = run_tree(["dotnet", "restore", "Kimura.Orleans.sln", "-v", "q", *engine_properties(engine())], sys.stderr)
    if code != 0:
        raise Stop(f"the packages could not be restored (exit code {code})")
    return 0


def probe_orleans():
    """None where the feed has everything of Orleans, or why not. Tried outside the repository, so that nothing there is touched."""
    with open(os.path.join(ROOT, "Directory.Packages.props"), encoding="utf-8") as file:
        packages = re.findall(r'<PackageVersion Include="(Microsoft\.Orleans\.[^"]+)" Version="([^"]+)"', file.read())
    references = "".join(f'<PackageReference Include="{name}" Version="[{version}]" />' for name, version in packages)
    with tempfile.TemporaryDirectory(prefix="kimura-probe-") as folder:
        for name in os.listdir(ROOT):
            if name.lower() == "nuget.config":
                shutil.copy(os.path.join(ROOT, name), folder)
        project, log = os.path.join(folder, "probe.csproj"), os.path.join(folder, "log")
        with open(project, "w", encoding="utf-8") as file:
            file.write('<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>'
                       f"<ItemGroup>{references}</ItemGroup></Project>")
        with open(log, "wb") as output:
            code = run_tree(["dotnet", "restore", project, "-v", "q"], output, limit=60)
        if code == 0:
            return None
        with open(log, encoding="utf-8", errors="replace") as file:
            errors = re.findall(r"error (NU\d+: .+)", file.read())
    if code is None:
        return "no answer from the package feed within 60 s"
    return errors[0].strip() if errors else f"dotnet restore failed (exit code {code})"


def git_commit(options):
    command = ["git", "commit", "--message", options.message] + (["--all"] if options.all else [])
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def git_pr(options):
    if shutil.which("gh") is None:
        raise Stop("a pull request needs GitHub's program gh, which is not installed: https://cli.github.com")
    command = ["gh", "pr", "create", "--title", options.title, "--base", options.base, "--fill"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


RUN_HELP = """\
usage: blockchain.py run [node options]

Builds what changed and runs one node in the foreground until SIGINT or SIGTERM. Without options: a leader on the
defaults, JSON-RPC and the explorer at http://127.0.0.1:8545/. Every option is the node's own; the most used:
  --test-mode                100 ms blocks
  --db-path DIR              where the chain is kept
  --rpc-port N               JSON-RPC port (8545)
  --chain-id ID              sign for one chain only
  --key-file FILE            the leader's key
  --block-interval-ms N      5000
  --verify headers|full|tip  how much to check on start
  --listen-addr MULTIADDR    where other nodes reach this one (/ip4/127.0.0.1/tcp/9000)
  --leader-address MULTIADDR a node to follow; makes this one a peer
  --leader-key HEX           whose blocks to accept (a peer without it keeps what the first node that it dials says)
  --bodies full|on-demand    fetch messages with their blocks, or when somebody asks
  --config FILE              all of these in a file
  --backup-dir DIR           make backups there, every 24 hours, 7 kept (--backup-interval-hours, --backup-keep)
  --peers N                  this tool's own: a leader with N peers beside it, on the next ports
Exit codes: 0 stopped on request, 2 bad option or file, 3 database refused, 4 port or lock taken, 5 storage failed."""

GATEWAY_HELP = """\
usage: blockchain.py gateway [gateway options]

Builds what changed and runs a gateway in a process of its own: JSON-RPC for a cluster of silos, until SIGINT or SIGTERM.
It needs the Orleans engine (setup --engine orleans).
  --cluster-db CONNECTION    the PostgreSQL database in which the cluster's silos are listed (better: KIMURA_CLUSTER_DB)
  --cluster-id ID            the cluster's name (kimura)
  --silo-gateway ADDR:PORT   one silo's --silo-gateway-port, without a database: for one machine
  --rpc-host ADDRESS, --rpc-port N, --rate-limit N, --cors-origin ORIGIN   as of a node
  --retry-for-ms N           how long what fails because a silo died is tried again (10000)
Exit codes: 0 stopped on request, 2 bad option or engine, 4 port taken."""

BENCH_HELP = """\
usage: blockchain.py bench [benchmark options]

Builds and runs the benchmarks; the options are the benchmark program's own."""


BACKUP_HELP = """\
usage: blockchain.py backup create|list|verify|restore --db-path DIR --backup-dir DIR [options]

  create   a backup, of a running node or of one that is stopped (--backup-keep N: and keep so many)
  list     the backups with time, height and sizes
  verify   check every byte of them (--backup NAME: of one; --full: and its whole chain, on a copy in --scratch DIR)
  restore  into a data directory without a database (--backup NAME, --height N, --replace: move what is there aside)
Data directory and backup directory come from the node's own options, variables and file (--config). The leader's key and
its guard are never in a backup. More: docs/operations/backups.md.
Exit codes: 0 done, 2 bad option, 3 damaged or refused, 4 in use by another process, 5 storage failed, 130 interrupted."""


def parse(arguments):
    parser = argparse.ArgumentParser(prog="blockchain.py", description="The developer's tool of Kimura.", allow_abbrev=False)
    commands = parser.add_subparsers(metavar="COMMAND", dest="command", required=True)
    add = commands.add_parser("setup", help="install what is missing, choose the engine, restore packages", allow_abbrev=False)
    add.add_argument("--engine", choices=["auto", *ENGINES], default="auto",
                     help="auto takes Orleans where its packages can be restored; the choice is remembered in artifacts/engine")
    add = commands.add_parser("build", help="build everything", allow_abbrev=False)
    add.add_argument("--mode", choices=["release", "debug"], default="release")
    commands.add_parser("run", help="run one node; what follows are the node's options (run --help)", add_help=False)
    add = commands.add_parser("test", help="build, run the tests, print totals and coverage", allow_abbrev=False)
    add.add_argument("--suite", choices=["all", "unit", "integration", "interop", "browser", "contract"], default="all",
                     help="contract: what both engines promise, on Orleans; not part of all")
    add = commands.add_parser("soak", help="end a leader in the middle, again and again, under load: nothing answered may be lost", allow_abbrev=False)
    add.add_argument("--kills", type=int, default=0, metavar="N", help="rounds that end with SIGKILL")
    add.add_argument("--power-cuts", type=int, default=0, metavar="N", help="rounds that lose what was not synced, too")
    add.add_argument("--blocks", type=int, default=10_000, metavar="N", help="the chain's height before the first kill (10000)")
    add.add_argument("--seed", type=int, default=0, metavar="N", help="the seed that a run has printed, for the same draws again")
    commands.add_parser("gateway", help="run a gateway in a process of its own; what follows are its options (gateway --help)", add_help=False)
    commands.add_parser("bench", help="run the benchmarks", add_help=False)
    commands.add_parser("simulate", help="run a whole network under faults, in simulated time", add_help=False)
    commands.add_parser("backup", help="make, list, verify and restore backups (backup --help)", add_help=False)
    commands.add_parser("cluster", help="cluster migrate: make the tables that the silos of a cluster share", add_help=False)
    git = commands.add_parser("git", help="commit, or open a pull request").add_subparsers(metavar="COMMAND", dest="verb", required=True)
    add = git.add_parser("commit", help="git commit", allow_abbrev=False)
    add.add_argument("--message", required=True)
    add.add_argument("--all", action="store_true", help="every changed file that git knows")
    add = git.add_parser("pr", help="gh pr create", allow_abbrev=False)
    add.add_argument("--title", required=True)
    add.add_argument("--base", default="main")
    return parser.parse_args(arguments)


CLUSTER_HELP = """\
usage: blockchain.py cluster migrate [--cluster-db CONNECTION]

Makes the tables of a cluster in a PostgreSQL database, and may be run again. The connection, such as
Host=127.0.0.1;Database=kimura;Username=kimura, is better given as KIMURA_CLUSTER_DB (docs/cluster.md)."""


def welcome(options):
    """Where to look and what to try, for somebody at a terminal who runs a node as it is."""
    if not sys.stderr.isatty() or "--config" in options:
        return
    given = dict(pairs(options))
    url = f"http://{given.get('--rpc-host', '127.0.0.1')}:{given.get('--rpc-port', '8545')}/"
    rpc = "" if url.endswith("127.0.0.1:8545/") else f" --rpc {url}"
    note(f"when it says ready, open {url} in a browser, and try in another terminal:")
    for line in ("key new me", "message send --content hello --sender me --wait", "message verify ID", "watch"):
        note(f"    python3 kimura.py {line}{rpc}")


def passes_on(command, options):
    """run, gateway, bench, backup and cluster: what follows them belongs to the program that they start."""
    if options in (["--help"], ["-h"]) or (command == "cluster" and options[:1] != ["migrate"]):
        print({"run": RUN_HELP, "gateway": GATEWAY_HELP, "bench": BENCH_HELP, "backup": BACKUP_HELP, "cluster": CLUSTER_HELP}[command])
        return 0 if options in (["--help"], ["-h"]) else 2
    ensure_natives()
    if command in ("backup", "cluster"):
        build("silo")
        return foreground("silo", [command, *options])
    if command == "run":
        build("silo")
        peers = dict(pairs(options)).get("--peers")
        if peers is not None:
            if not peers.isdigit() or not 1 <= int(peers) <= 16:
                raise Stop(f"--peers: '{peers}' is not a number from 1 to 16", 2)
            return Network(without(options, ["--peers"]), int(peers)).run()
        welcome(options)
        return foreground("silo", options)  # in the caller's folder: the data directory is named from there
    if command == "gateway":
        build("gateway")
        return foreground("gateway", options)
    build("bench")
    return foreground("bench", options, ROOT)


def simulate(arguments):
    """Histories of a whole network; the rest is beside the program that runs them."""
    sys.path.insert(0, os.path.join(ROOT, "tests", "Simulation"))
    import simulate as simulation  # pylint: disable=import-outside-toplevel
    options = simulation.parse(arguments)
    ensure_natives()
    ensure_sdk()
    if not options.planted:
        build("simulation", name="Embedded")
    return simulation.main(output_of("simulation", "Release", "Embedded"), options)


def dispatch(arguments):
    if arguments[:1] == ["simulate"]:
        return simulate(arguments[1:])
    if arguments[:1] in (["run"], ["gateway"], ["bench"], ["backup"], ["cluster"]):
        return passes_on(arguments[0], arguments[1:])
    options = parse(arguments)
    if options.command == "setup":
        return setup(options.engine)
    if options.command == "build":
        ensure_natives()
        build("all", "Release" if options.mode == "release" else "Debug")
        return 0
    if options.command == "test":
        return test(options.suite)
    if options.command == "soak":
        return soak(options)
    return git_commit(options) if options.verb == "commit" else git_pr(options)


def main(arguments):
    try:
        return dispatch(arguments)
    except Stop as stop:
        note(stop)
        return stop.code
    except KeyboardInterrupt:
        note("interrupted")
        return 130


def program():
    # As Ctrl-C: what was started is ended first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(program())
