import contextlib
import io
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from unittest import mock

import blockchain
import support

TRX = """<?xml version="1.0" encoding="utf-8"?>
<TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010">
  <Results>
    <UnitTestResult testName="A.Good" outcome="Passed" />
    <UnitTestResult testName="A.Table(x: 1)" outcome="Passed" />
    <UnitTestResult testName="A.Bad" outcome="Failed"><Output><ErrorInfo><Message>Expected: 1
Actual: 2</Message></ErrorInfo></Output></UnitTestResult>
    <UnitTestResult testName="A.Explicit" outcome="NotExecuted" />
    <UnitTestResult testName="A.Odd" outcome="Timeout" />
    <UnitTestResult testName="A.Skipped" outcome="NotExecuted"><Output><ErrorInfo><Message>no vectors</Message></ErrorInfo></Output></UnitTestResult>
  </Results>
  <ResultSummary outcome="Failed"><Counters total="99" passed="99" />%s</ResultSummary>
</TestRun>"""

COBERTURA = """<?xml version="1.0" encoding="utf-8"?>
<coverage><sources><source>%s</source></sources><packages>
  <package name="Kimura.Chain"><classes>
    <class name="A" filename="Chain/A.cs"><methods><method><lines><line number="1" hits="5" /></lines></method></methods>
      <lines><line number="1" hits="%d" /><line number="2" hits="%d" /></lines></class>
    <class name="G" filename="Chain/obj/Release/G.g.cs"><lines><line number="1" hits="0" /></lines></class>
    <class name="A/Inner" filename="Chain/A.cs"><lines><line number="2" hits="0" /><line number="3" hits="0" /></lines></class>
  </classes></package>
</packages></coverage>"""


class TestResults(unittest.TestCase):
    def write(self, text):
        handle, path = tempfile.mkstemp()
        self.addCleanup(os.unlink, path)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_trx_is_counted_test_by_test(self):
        passed, failed, skipped, completed = blockchain.parse_trx(self.write(TRX % ""))
        self.assertEqual((passed, failed, skipped, completed),
                         (2, [("A.Bad", "Expected: 1\nActual: 2"), ("A.Odd", "")], [("A.Skipped", "no vectors")], True))

    def test_trx_of_a_host_that_died_is_not_completed(self):
        dead = "<RunInfos><RunInfo outcome='Error'><Text>[xUnit.net] [FATAL ERROR] Xunit.Sdk.TestPipelineException</Text></RunInfo></RunInfos>"
        self.assertFalse(blockchain.parse_trx(self.write(TRX % dead))[3])

    def test_coverage_is_merged_line_by_line(self):
        first, second = self.write(COBERTURA % ("/src", 1, 0)), self.write(COBERTURA % ("/src", 0, 0))
        self.assertEqual(blockchain.parse_cobertura([first]), {"Kimura.Chain": (3, 1)})
        self.assertEqual(blockchain.parse_cobertura([second]), {"Kimura.Chain": (3, 0)})
        third = self.write(COBERTURA % ("/src", 0, 1))
        self.assertEqual(blockchain.parse_cobertura([first, second, third]), {"Kimura.Chain": (3, 2)})

    def test_coverage_below_the_floor_or_missing_falls_short(self):
        good = {name: (100, 90) for name in blockchain.COVERED}
        self.assertEqual(blockchain.coverage_outcome(good)[1], [])
        self.assertEqual(blockchain.coverage_outcome({**good, "Kimura.Chain": (1000, 899)})[1], ["Chain 89.9 %"])
        self.assertEqual(blockchain.coverage_outcome({**good, "Kimura.Grains": (0, 0)})[1], ["Grains no data"])
        self.assertEqual(len(blockchain.coverage_outcome({})[1]), 4)
        self.assertIn("Gateway 50.0 %", blockchain.coverage_outcome({**good, "Kimura.Gateway": (2, 1)})[0][1])

    def total(self, outcomes, coverage):
        out = io.StringIO()
        with mock.patch.multiple(blockchain, ensure_natives=mock.DEFAULT, ensure_tool=mock.DEFAULT, ensure_promtool=mock.DEFAULT,
                                 build=mock.DEFAULT, choose_engine=mock.DEFAULT, run_suites=mock.Mock(return_value=outcomes), parse_cobertura=mock.Mock(return_value=coverage)):
            with contextlib.redirect_stdout(out):
                code = blockchain.main(["test", "--suite", "unit"])
        return code, out.getvalue().splitlines()[-1]

    def test_total_is_the_last_line_and_decides_the_exit_code(self):
        full, outcome = {name: (1, 1) for name in blockchain.COVERED}, blockchain.Outcome
        self.assertEqual(self.total([outcome("unit", 3)], full), (0, "3 passed, 0 failed"))
        self.assertEqual(self.total([outcome("unit", 3), outcome("python", 4, skipped=[("t", "")])], full), (0, "7 passed, 0 failed, 1 skipped"))
        self.assertEqual(self.total([outcome("unit", 3, [("t", "")])], full), (1, "3 passed, 1 failed"))
        self.assertEqual(self.total([outcome("unit", 3, crash="crashed")], full), (1, "3 passed, 1 failed"))
        self.assertEqual(self.total([outcome("unit", 3)], {}), (1, "3 passed, 1 failed"))
        self.assertEqual(self.total([outcome("unit")], full), (1, "0 passed, 0 failed"))

    def test_own_runner_counts_what_happened(self):
        with tempfile.TemporaryDirectory() as folder:
            inner = os.path.join(folder, "tests", "python")
            os.makedirs(inner)
            with open(os.path.join(support.HERE, "run.py"), encoding="utf-8") as file:
                runner = file.read()
            with open(os.path.join(inner, "run.py"), "w", encoding="utf-8") as file:
                file.write(runner)
            with open(os.path.join(inner, "test_x.py"), "w", encoding="utf-8") as file:
                file.write("import unittest\nclass T(unittest.TestCase):\n def test_a(self): pass\n def test_b(self): self.fail('no')\n"
                           " def test_c(self): self.skipTest('why')\n def test_d(self):\n"
                           "  for i in range(3):\n   with self.subTest(i=i): self.assertNotEqual(i, 1)\n")
            done = subprocess.run([sys.executable, os.path.join(inner, "run.py"), os.path.join(folder, "out")],
                                  capture_output=True, timeout=60, check=False)
            with open(os.path.join(folder, "out"), encoding="utf-8") as file:
                counts = json.load(file)
        self.assertEqual(done.returncode, 1)
        self.assertEqual((counts["passed"], len(counts["failed"]), counts["skipped"][0][1]), (1, 2, "why"))


class Packages(unittest.TestCase):
    PATTERN = blockchain.NATIVES[0].pattern

    def test_preferred_package_wins_and_otherwise_the_newest(self):
        self.assertEqual(blockchain.pick_package("librocksdb7.8", self.PATTERN, {"librocksdb7.8", "librocksdb9.10"}), "librocksdb7.8")
        self.assertEqual(blockchain.pick_package("librocksdb7.8", self.PATTERN, {"librocksdb6.11", "librocksdb9.10", "librocksdb9.2", "librocksdb-dev"}),
                         "librocksdb9.10")
        self.assertIsNone(blockchain.pick_package("librocksdb7.8", self.PATTERN, {"librocksdb-dev", "xlibrocksdb7.8"}))

    def missing(self, root, known, after_update=None):
        """What would be run for a library that nothing can load."""
        absent = blockchain.Native("RocksDB", "kimura-absent", "libkimura-absent.so.1", "librocksdb7.8", self.PATTERN)
        calls, lists = [], [known, after_update if after_update is not None else known]

        def apt(*arguments):
            calls.append(arguments)
            if arguments[0] == "install":
                absent.present = lambda: True
            return 0

        def names():
            return lists[1] if ("update",) in calls else lists[0]

        with mock.patch.multiple(blockchain, NATIVES=(absent,), apt=apt, known_packages=names), \
                mock.patch.object(os, "geteuid", return_value=0 if root else 1000), \
                mock.patch.object(blockchain.shutil, "which", return_value="/usr/bin/apt-get"), \
                contextlib.redirect_stderr(io.StringIO()):
            blockchain.ensure_natives()
        return calls

    def test_root_installs_after_an_update_where_the_lists_are_empty(self):
        install = ("install", "--no-install-recommends", "librocksdb9.10")
        self.assertEqual(self.missing(True, {"librocksdb9.10"}), [install])
        self.assertEqual(self.missing(True, set(), {"librocksdb9.10"}), [("update",), install])

    def test_others_are_told_the_one_command(self):
        with self.assertRaisesRegex(blockchain.Stop, r"run: sudo apt-get install -y librocksdb7\.8$") as caught:
            self.missing(False, set())
        self.assertEqual(caught.exception.code, 2)

    def test_system_without_the_package_is_said(self):
        with self.assertRaisesRegex(blockchain.Stop, "have no RocksDB"):
            self.missing(True, set())


class Passing(unittest.TestCase):
    def start(self, *arguments):
        """What the node would be started with."""
        with mock.patch.multiple(blockchain, ensure_natives=mock.DEFAULT, build=mock.DEFAULT, foreground=mock.DEFAULT) as fakes:
            fakes["foreground"].return_value = 4
            code = blockchain.main(["run", *arguments])
        self.assertEqual(fakes["build"].call_args, mock.call("silo"))
        return code, fakes["foreground"].call_args[0][1]

    def test_node_options_pass_unchanged_and_its_exit_code_comes_back(self):
        self.assertEqual(self.start(), (4, []))
        odd = ["--test-mode", "--rpc-port", "0", "--unknown=x y", "--", "--help", "-c"]
        self.assertEqual(self.start(*odd), (4, odd))

    def test_run_at_a_terminal_says_where_to_look(self):
        err = io.StringIO()
        err.isatty = lambda: True
        with contextlib.redirect_stderr(err):
            self.start("--rpc-port", "9545")
        self.assertIn("open http://127.0.0.1:9545/ in a browser", err.getvalue())
        self.assertIn("kimura.py watch --rpc http://127.0.0.1:9545/", err.getvalue())

    def test_help_of_every_command_is_there(self):
        for command in (["run"], ["bench"], ["backup"], ["cluster"], ["setup"], ["build"], ["test"], ["git"], ["git", "commit"], ["git", "pr"], []):
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                try:
                    blockchain.main([*command, "--help"])
                except SystemExit as end:
                    self.assertEqual(end.code, 0)
            self.assertIn("usage: blockchain.py", out.getvalue())

    def test_pull_request_without_gh_is_one_line(self):
        err = io.StringIO()
        with mock.patch.object(blockchain.shutil, "which", return_value=None), contextlib.redirect_stderr(err):
            self.assertEqual(blockchain.main(["git", "pr", "--title", "T"]), 1)
        self.assertRegex(err.getvalue(), r"\A[^\n]*gh[^\n]*\n\Z")


class Explorer(unittest.TestCase):
    """What is run to build the page, on a folder of the test's own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder, self.ran, self.code, self.has_node = os.path.join(folder.name, "explorer"), [], 0, True
        os.makedirs(os.path.join(self.folder, "src"))
        os.makedirs(os.path.join(folder.name, "artifacts"))
        self.write("package-lock.json", "{}")
        self.write("src/main.ts", "1")
        patches = mock.patch.multiple(blockchain, ROOT=folder.name, ARTIFACTS=os.path.join(folder.name, "artifacts"), EXPLORER="explorer",
                                      run_tree=self.run_tree, has_node=lambda: self.has_node)
        patches.start()
        self.addCleanup(patches.stop)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def run_tree(self, command, output, limit):
        self.ran.append(command[1])
        if command[1] == "ci":
            self.write("node_modules/.package-lock.json", "{}")
        elif self.code == 0:
            self.write("dist/index.html", "page")
        return self.code if command[1] == "run" else 0

    def build(self):
        self.ran.clear()
        err = io.StringIO()
        with contextlib.redirect_stderr(err):
            blockchain.ensure_explorer()
        return self.ran, err.getvalue()

    def test_page_is_built_when_its_source_changed_and_only_then(self):
        self.assertEqual(self.build()[0], ["ci", "run"])
        self.assertEqual(self.build()[0], [])
        self.write("src/main.ts", "2")
        self.assertEqual(self.build()[0], ["run"])
        os.unlink(os.path.join(self.folder, "dist", "index.html"))
        self.assertEqual(self.build()[0], ["run"])

    def test_no_node_and_a_failed_build_are_said_and_stop_nothing(self):
        self.has_node = False
        ran, said = self.build()
        self.assertEqual(ran, [])
        self.assertIn("Node.js 20", said)
        self.has_node, self.code = True, 1
        self.assertIn("could not be built", self.build()[1])
        self.code = 0
        self.assertEqual(self.build()[0], ["run"])


class Building(unittest.TestCase):
    def test_fingerprint_sees_change_addition_removal_and_engine_but_not_output(self):
        with tempfile.TemporaryDirectory() as root, mock.patch.object(blockchain, "ROOT", root):
            os.makedirs(os.path.join(root, "src", "A", "obj"))

            def write(name, text="x"):
                with open(os.path.join(root, *name.split("/")), "w", encoding="utf-8") as file:
                    file.write(text)

            seen = []

            def look(engine="Embedded"):
                seen.append(blockchain.fingerprint(("src",), engine))
                return seen.count(seen[-1]) == 1

            write("src/A/A.cs")
            self.assertTrue(look())
            write("src/A/obj/x")
            write("README.md")
            self.assertFalse(look())
            write("src/A/A.cs", "xy")
            self.assertTrue(look())
            write("src/A/B.cs")
            self.assertTrue(look())
            os.utime(os.path.join(root, "src", "A", "B.cs"), (1, 1))
            self.assertTrue(look())
            write("Directory.Build.props")
            self.assertTrue(look())
            self.assertTrue(look("Orleans"))
            os.unlink(os.path.join(root, "src", "A", "B.cs"))
            self.assertTrue(look())

    def test_the_engine_is_chosen_once_and_the_reason_remembered(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(blockchain, "ARTIFACTS", folder), \
                mock.patch.object(blockchain, "ENGINE_FILE", os.path.join(folder, "engine")):
            self.assertEqual(blockchain.engine(), "Embedded")
            with mock.patch.object(blockchain, "probe_orleans", return_value="NU1101: not there"):
                blockchain.choose_engine("auto")
                self.assertEqual(blockchain.engine(), "Embedded")
                self.assertEqual(blockchain.engine_line(), "engine: embedded (the Orleans packages cannot be restored: NU1101: not there)")
                with self.assertRaisesRegex(blockchain.Stop, "cannot be restored: NU1101"):
                    blockchain.choose_engine("orleans")
            with mock.patch.object(blockchain, "probe_orleans", return_value=None):
                blockchain.choose_engine("auto")
                self.assertEqual(blockchain.engine(), "Orleans")
                self.assertEqual(blockchain.engine_line(), "engine: orleans (the Orleans packages can be restored)")
                self.assertIn(os.path.join("bin", "orleans", "Release"), blockchain.output_of("silo", "Release"))
            blockchain.choose_engine("embedded")
            self.assertEqual(blockchain.engine_line(), "engine: embedded (as asked for)")

    def test_lock_files_hold_in_continuous_integration(self):
        with mock.patch.dict(os.environ, {"CI": "true"}):
            self.assertIn("-p:RestoreLockedMode=true", blockchain.engine_properties("Embedded"))
            self.assertNotIn("-p:RestoreLockedMode=true", blockchain.engine_properties("Orleans"))
        with mock.patch.dict(os.environ, {"CI": ""}):
            self.assertEqual(blockchain.engine_properties("Embedded"), ["-p:Engine=Embedded"])


@unittest.skipUnless(sys.platform == "linux", "reads /proc")
class Processes(unittest.TestCase):
    def test_limit_ends_the_whole_tree(self):
        with tempfile.TemporaryDirectory() as folder:
            mark = os.path.join(folder, "pid")
            script = f"trap '' TERM; sleep 300 & echo $! > {mark}; wait; sleep 300"
            started = time.monotonic()
            with open(os.path.join(folder, "out"), "wb") as out, mock.patch.object(blockchain, "TERM_PATIENCE", 0.2):
                self.assertIsNone(blockchain.run_tree(["bash", "-c", script], out, limit=0.5))
            self.assertLess(time.monotonic() - started, 20)
            with open(mark, encoding="ascii") as file:
                self.assertFalse(alive(int(file.read())))

    def test_what_a_finished_command_leaves_behind_is_ended(self):
        with tempfile.TemporaryDirectory() as folder:
            mark = os.path.join(folder, "pid")
            with open(os.path.join(folder, "out"), "wb") as out:
                self.assertEqual(blockchain.run_tree(["bash", "-c", f"sleep 300 & echo $! > {mark}; exit 7"], out, limit=60), 7)
            with open(mark, encoding="ascii") as file:
                self.assertFalse(alive(int(file.read())))

    def test_node_ends_when_the_tool_is_killed(self):
        with tempfile.TemporaryDirectory() as folder:
            fake = os.path.join(folder, "dotnet")
            with open(fake, "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\necho $$\nexec sleep 300\n")
            os.chmod(fake, 0o755)
            program = f"import sys; sys.path.insert(0, {support.ROOT!r}); import blockchain; blockchain.foreground('silo', [])"
            child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True,
                                     env={**os.environ, "PATH": folder + os.pathsep + os.environ["PATH"]})
            with child.stdout:
                node = int(child.stdout.readline())
                child.kill()
                child.wait()
                ended = bool(select.select([child.stdout], [], [], 20)[0])  # the last holder of the pipe, the node, has let go
                if not ended:
                    os.kill(node, signal.SIGKILL)
            self.assertTrue(ended)

    def test_sigterm_leaves_nothing_of_what_was_started(self):
        # Not at once: until it is waited for, nobody would end it.
        command = ["bash", "-c", "sleep 300 & sleep 0.5; echo $!; wait"]
        program = (f"import sys; sys.path.insert(0, {support.ROOT!r}); import blockchain; "
                   f"blockchain.dispatch = lambda _: blockchain.run_tree({command!r}); sys.exit(blockchain.program())")
        child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        with child.stdout:
            sleeper = int(child.stdout.readline())
            child.terminate()
            self.assertEqual(child.wait(timeout=30), 130)
        self.assertFalse(alive(sleeper))

    def test_signals_are_passed_on_once_and_the_exit_code_comes_back(self):
        """A stand-in for dotnet counts the signals that reach it."""
        with tempfile.TemporaryDirectory() as folder:
            fake, log = os.path.join(folder, "dotnet"), os.path.join(folder, "log")
            with open(fake, "w", encoding="utf-8") as file:
                file.write(f"#!{sys.executable}\nimport signal, sys, time\nlog = open({log!r}, 'a', buffering=1)\n"
                           "def stop(number, frame):\n    log.write(f'{number}\\n')\n    time.sleep(0.2)\n    sys.exit(5)\n"
                           "signal.signal(signal.SIGINT, stop)\nsignal.signal(signal.SIGTERM, stop)\nlog.write('up\\n')\nprint(sys.argv[2:], flush=True)\n"
                           "signal.pause()\n")
            os.chmod(fake, 0o755)
            program = f"import sys; sys.path.insert(0, {support.ROOT!r}); import blockchain; sys.exit(blockchain.foreground('silo', ['--a', 'b']))"
            for number in (signal.SIGINT, signal.SIGTERM):
                with open(log, "w", encoding="utf-8"):
                    pass
                child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, start_new_session=True,
                                         env={**os.environ, "PATH": folder + os.pathsep + os.environ["PATH"]})
                try:
                    self.assertEqual(child.stdout.readline(), "['--a', 'b']\n")
                    os.killpg(child.pid, number)  # as a terminal does: to the whole foreground group
                    self.assertEqual(child.wait(timeout=30), 5)
                finally:
                    child.kill()
                    child.stdout.close()
                    child.wait()
                with open(log, encoding="utf-8") as file:
                    self.assertEqual(file.read(), f"up\n{int(number)}\n")


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] != b"Z"
    except FileNotFoundError:
        return False
