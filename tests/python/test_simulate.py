"""The simulation's command, without running any history: that is the unit suite's."""
import contextlib
import io
import os
import subprocess
import sys
import unittest

import support

sys.path.insert(0, os.path.join(support.ROOT, "tests", "Simulation"))
import simulate  # noqa: E402


class Planted(unittest.TestCase):
    def test_every_planted_bug_still_applies(self):
        self.assertGreaterEqual(len(simulate.planted()), 5)
        for name in simulate.planted():
            with self.subTest(name):
                checked = subprocess.run(["git", "apply", "--check", simulate.patch_of(name)], cwd=support.ROOT,
                                         stderr=subprocess.PIPE, text=True, check=False)
                self.assertEqual((checked.returncode, checked.stderr), (0, ""))


class Options(unittest.TestCase):
    def test_seeds_are_a_range(self):
        self.assertEqual(simulate.parse(["--seeds", "3..17"]).seeds, (3, 17))
        self.assertEqual(simulate.parse(["--seed", "5"]).seeds, (5, 5))
        for wrong in ("3", "3..", "17..3", "a..b"):
            with self.subTest(wrong), self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()):
                simulate.parse(["--seeds", wrong])

    def test_there_are_no_more_processes_than_seeds(self):
        self.assertEqual(simulate.parse(["--seeds", "1..2", "--jobs", "8"]).jobs, 2)

    def test_a_failure_comes_with_the_command_that_repeats_it(self):
        plain = simulate.parse(["--seeds", "1..9"])
        self.assertEqual(simulate.replay(plain, 7), "python3 blockchain.py simulate --seed 7 --trace")
        bug = simulate.parse(["--seeds", "1..9", "--planted", "batch-split"])
        self.assertEqual(simulate.replay(bug, 7), "python3 blockchain.py simulate --seed 7 --planted batch-split --trace")
