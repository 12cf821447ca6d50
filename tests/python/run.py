#!/usr/bin/env python3
"""Runs the tests of this folder; with a file name as argument, counts go there as JSON for blockchain.py."""
import json
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


class Counting(unittest.TextTestResult):
    """Keeps the passed too, which unittest only counts by subtraction (and subtests make that wrong)."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def counts(result):
    failed = [[str(test), text.strip().splitlines()[-1]] for test, text in result.failures + result.errors]
    failed += [[str(test), "passed although it is marked as failing"] for test in result.unexpectedSuccesses]
    return {"passed": result.passed, "failed": failed, "skipped": [[str(test), reason] for test, reason in result.skipped]}


def main(arguments):
    sys.dont_write_bytecode = True
    sys.path[:0] = [ROOT, HERE]
    suite = unittest.TestLoader().discover(HERE, pattern="test_*.py", top_level_dir=HERE)
    result = unittest.TextTestRunner(resultclass=Counting, verbosity=2).run(suite)
    if arguments:
        with open(arguments[0], "w", encoding="utf-8") as file:
            json.dump(counts(result), file, indent=2)
    return 0 if result.wasSuccessful() and result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
