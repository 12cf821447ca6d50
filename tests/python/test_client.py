"""The commands, run in this process against a scripted node."""
import contextlib
import io
import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest
from random import Random
from unittest import mock

import kimura
import support


class ClientCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = os.path.join(folder.name, "home")
        clean = mock.patch.dict(os.environ)
        clean.start()
        self.addCleanup(clean.stop)
        os.environ.pop("KIMURA_RPC", None)

    def run_client(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = kimura.main(["--home", self.home, *arguments])
        return code, out.getvalue(), err.getvalue()

    def succeed(self, *arguments):
        code, out, err = self.run_client(*arguments)
        self.assertEqual(code, 0, err)
        return out

    def fail_with(self, pattern, *arguments):
        code, out, err = self.run_client(*arguments)
        self.assertEqual(code, 1, out)
        self.assertRegex(err, pattern)
        self.assertEqual(err.count("\n"), 1, err)

    def node(self, **options):
        node = support.ScriptedNode(**options)
        node.__enter__()
        self.addCleanup(node.__exit__)
        return node

    def new_key(self, name="alice"):
        return self.succeed("key", "new", name).split()[1]


class Keys(ClientCase):
    def test_key_file_has_the_protocol_form(self):
        key = self.new_key()
        path = os.path.join(self.home, "keys", "alice.key")
        with open(path, encoding="ascii") as file:
            text = file.read()
        self.assertRegex(text, r"\A[0-9a-f]{64}\n\Z")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual(kimura.public_key(bytes.fromhex(text)).hex(), key)
        self.assertEqual(self.succeed("key", "list"), f"alice {key}\n")
        self.assertEqual(json.loads(self.succeed("key", "list", "--json")), [{"name": "alice", "public_key": key}])

    def test_key_is_never_overwritten(self):
        key = self.new_key()
        self.fail_with("exists already", "key", "new", "alice")
        self.assertEqual(self.succeed("key", "list").split()[1], key)

    def test_key_readable_by_others_is_refused(self):
        self.new_key()
        os.chmod(os.path.join(self.home, "keys", "alice.key"), 0o640)
        self.fail_with("can be read by others", "nonce", "get", "alice")
        self.fail_with("can be read by others", "key", "list")

    def test_what_is_not_a_key_is_refused(self):
        self.new_key()
        path = os.path.join(self.home, "keys", "alice.key")
        for text in ("", "ab" * 31, "00" * 32, "ff" * 32, "zz" * 32, "ab" * 33):
            with open(path, "w", encoding="ascii") as file:
                file.write(text + "\n")
            self.fail_with("key", "nonce", "get", "alice")

    def test_names_that_would_leave_the_folder_are_refused(self):
        for name in ("../x", "a/b", "", ".hidden", "x" * 65, "-x"):
            code, _, err = self.run_client("key", "new", "--", name)
            self.assertEqual(code, 1, name)
            self.assertIn("not a key name", err)

    def test_missing_key_says_how_to_make_it(self):
        self.fail_with("key new bob", "nonce", "get", "bob")


class CommandLine(ClientCase):
    def test_common_options_stand_anywhere(self):
        node = self.node(answers={"get_height": {"height": 12, "hash": "ab" * 32}})
        for arguments in (["--rpc", node.url, "height", "get"], ["height", "--rpc", node.url, "get"], ["height", "get", "--rpc", node.url]):
            self.assertEqual(self.succeed(*arguments), "12\n")
            self.assertEqual(json.loads(self.succeed("--json", *arguments))["height"], 12)

    def test_address_comes_from_option_environment_and_file_in_this_order(self):
        nodes = [self.node(answers={"get_height": {"height": height, "hash": "ab" * 32}}) for height in (1, 2, 3)]
        os.makedirs(self.home)
        with open(os.path.join(self.home, "config.json"), "w", encoding="utf-8") as file:
            json.dump({"rpc": nodes[2].url}, file)
        self.assertEqual(self.succeed("height", "get"), "3\n")
        os.environ["KIMURA_RPC"] = nodes[1].url
        self.assertEqual(self.succeed("height", "get"), "2\n")
        self.assertEqual(self.succeed("height", "get", "--rpc", nodes[0].url), "1\n")

    def test_refused_connection_says_how_to_start_a_node(self):
        node = support.ScriptedNode()
        node._server.server_close()
        self.fail_with("blockchain.py run", "height", "get", "--rpc", node.url)

    def test_mistakes_are_one_line(self):
        for arguments in ([], ["nothing"], ["message", "send"], ["block", "get"], ["message", "get", "xyz"], ["message", "get", "ab"],
                          ["block", "get", "--height", "-1"], ["block", "get", "--height", "tip"], ["height", "get", "--rpc", "ftp://x"],
                          ["message", "send", "--sender", "a", "--content", "x", "--count", "0"],
                          ["height", "get", "--timeout", "nan"], ["height", "get", "--chain-id"], ["height", "get", "--rpc", "http://x:99999"]):
            self.fail_with("kimura: ", *arguments)

    def test_strange_answers_are_one_line(self):
        for answer in (None, [], 7, "x", {}, {"height": -1}, {"height": "1"}, {"height": 1 << 64}, {"height": True}, {"height": 1.0}):
            node = self.node(answers={"get_height": answer})
            self.fail_with("no proper height", "height", "get", "--rpc", node.url)

    def test_answer_without_end_is_given_up(self):
        node = self.node(answers={"get_height": {"height": 1, "padding": "x" * 3_000_000}})
        with mock.patch.object(kimura, "MAX_ANSWER", 1 << 20):
            self.fail_with("larger than 1 MiB", "height", "get", "--rpc", node.url)
        self.succeed("height", "get", "--rpc", node.url)

    def test_node_cannot_steer_the_terminal(self):
        node = self.node(answers={"get_height": {"error": {"code": -32603, "message": "\x1b[2Jgone\nsecond line"}}})
        self.fail_with(r"\\x1b\[2Jgone\\nsecond line", "height", "get", "--rpc", node.url)

    def test_runs_as_a_program_without_a_traceback(self):
        program = os.path.join(support.ROOT, "kimura.py")
        done = subprocess.run([sys.executable, program, "--home", self.home, "--rpc", "http://127.0.0.1:1", "height", "get"],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (1, "", 1))


class Sending(ClientCase):
    def send(self, node, *arguments):
        return self.succeed("message", "send", "--sender", "alice", "--rpc", node.url, *arguments)

    def test_prints_the_id_alone_on_a_line(self):
        key, node = self.new_key(), self.node()
        out = self.send(node, "--content", "hello")
        self.assertEqual(out, kimura.message_id(bytes.fromhex(key), 0).hex() + "\n")
        self.assertEqual(node.contents(key), ["hello"])
        self.assertEqual(json.loads(self.send(node, "--content", "again", "--json"))["status"], "pending")
        self.assertEqual(node.contents(key), ["hello", "again"])

    def test_count_goes_out_in_bounded_batches(self):
        key, node = self.new_key(), self.node()
        out = self.send(node, "--content", "x", "--count", "60")
        self.assertEqual(out.splitlines(), [kimura.message_id(bytes.fromhex(key), nonce).hex() for nonce in range(60)])
        with mock.patch.object(kimura, "BATCH_BYTES", 4000):
            self.send(node, "--content", "y" * 1000, "--count", "9")
        self.assertEqual(node.contents(key), ["x"] * 60 + ["y" * 1000] * 9)
        self.assertEqual(node.largest, 60)
        self.assertEqual(node.requests.count("submit_messages"), 1 + 4)  # two to a request, the ninth alone
        self.assertEqual(node.requests.count("submit_message"), 1)

    def test_file_is_sent_line_by_line(self):
        key, node = self.new_key(), self.node()
        path = os.path.join(self.home, "lines")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write("one\n\ndrei 🎈\r\nlast")
        told = json.loads(self.send(node, "--file", path, "--json"))
        self.assertEqual(node.contents(key), ["one", "", "drei 🎈", "last"])
        self.assertEqual(told["message_ids"], [kimura.message_id(bytes.fromhex(key), nonce).hex() for nonce in range(4)])

    def test_nothing_is_sent_of_a_file_with_an_impossible_line(self):
        key, node = self.new_key(), self.node()
        path = os.path.join(self.home, "lines")
        for bad, words in ((b"\xff", "not UTF-8"), (b"x" * (kimura.MAX_CONTENT + 1), "at most 65536")):
            with open(path, "wb") as file:
                file.write(b"good\n" + bad + b"\n")
            self.fail_with(f"line 2 .*{words}", "message", "send", "--sender", "alice", "--rpc", node.url, "--file", path)
        self.assertEqual(node.contents(key), [])

    def test_lost_answer_is_sent_again_and_counts_once(self):
        key, node = self.new_key(), self.node()
        for fault in ("lose-answer", "lose-request"):
            node.faults = [fault, fault]
            self.send(node, "--content", "single")
            node.faults = [fault]
            self.assertEqual(len(self.send(node, "--content", fault, "--count", "7").splitlines()), 7)
        self.assertEqual(node.contents(key), ["single"] + ["lose-answer"] * 7 + ["single"] + ["lose-request"] * 7)

    def test_waits_where_the_node_asks_to(self):
        key, node = self.new_key(), self.node()
        node.faults = [(kimura.RATE_LIMITED, {"retry_after_ms": 20}, 0), (kimura.POOL_FULL, {"retry_after_ms": 20}, 3), (kimura.POOL_FULL, None, 0)]
        self.assertEqual(len(self.send(node, "--content", "x", "--count", "10").splitlines()), 10)
        self.assertEqual(node.contents(key), ["x"] * 10)

    def test_pool_that_stays_full_ends_in_one_line(self):
        _, node = self.new_key(), self.node()
        node.faults = [(kimura.POOL_FULL, {"retry_after_ms": 50}, 2)] + [(kimura.POOL_FULL, {"retry_after_ms": 50}, 0)] * 50
        code, out, err = self.run_client("message", "send", "--sender", "alice", "--rpc", node.url, "--content", "x", "--count", "5",
                                        "--timeout", "0.3", "--chain-id", "")
        self.assertEqual((code, len(out.splitlines())), (1, 2))
        self.assertRegex(err, r"kimura: no progress for 0\.3 s: .*; 2 of 5 were accepted\n\Z")

    def test_request_that_is_too_large_is_halved(self):
        key, node = self.new_key(), self.node()
        node.limit = 3
        self.send(node, "--content", "x", "--count", "10")
        self.assertEqual(node.contents(key), ["x"] * 10)

    def test_nonce_taken_by_another_program_with_this_key_is_replaced(self):
        key, node = self.new_key(), self.node()

        def somebody_else():
            # Even with the same content it is their message, so ours must go out as well.
            node.accepted[key] = {0: "mine", 1: "theirs"}
            return None

        node.faults = [somebody_else]
        self.assertEqual(len(self.send(node, "--content", "mine", "--count", "3").splitlines()), 3)
        self.assertEqual(node.contents(key), ["mine", "theirs", "mine", "mine", "mine"])

    def test_every_message_arrives_exactly_once_whatever_goes_wrong(self):
        seed = int.from_bytes(os.urandom(4), "big")
        random = Random(seed)
        key = self.new_key()
        for round_ in range(12):
            node = self.node()
            strangers = []

            def stranger(node=node, strangers=strangers):
                mine = node.accepted.setdefault(key, {})
                mine[len(mine)] = f"stranger {len(strangers)}"
                strangers.append(mine[len(mine) - 1])
                return random.choice([None, "lose-answer", "lose-request"])

            node.faults = [random.choice([None, "lose-answer", "lose-request", stranger,
                                          (kimura.POOL_FULL, {"retry_after_ms": 10}, random.randrange(4)),
                                          (kimura.RATE_LIMITED, {"retry_after_ms": 10}, 0)]) for _ in range(random.randrange(1, 7))]
            lines = [f"{round_}.{number}" for number in range(random.randrange(1, 12))]
            path = os.path.join(self.home, "lines")
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join(lines))
            with mock.patch.object(kimura, "BATCH_MESSAGES", random.randrange(1, 6)), mock.patch.object(kimura, "RETRY", 0.01):
                ids = self.send(node, "--file", path).split()
            accepted = node.contents(key)
            with self.subTest(seed=seed, round=round_):
                self.assertEqual(sorted(accepted), sorted(lines + strangers))
                own = {kimura.message_id(bytes.fromhex(key), nonce).hex() for nonce, content in enumerate(accepted) if content in lines}
                self.assertEqual((set(ids), len(ids)), (own, len(lines)))

    def test_refusal_for_good_ends_in_one_line(self):
        _, node = self.new_key(), self.node()
        node.faults = [(-32001, None, 0)]
        self.fail_with("refused.*-32001", "message", "send", "--sender", "alice", "--rpc", node.url, "--content", "x", "--chain-id", "")

    def test_wait_ends_when_confirmed_and_gives_up_in_time(self):
        _, node = self.new_key(), self.node(answers={"get_message": {"status": "confirmed", "height": 5, "index": 0}})
        told = json.loads(self.send(node, "--content", "x", "--wait", "--json"))
        self.assertEqual((told["status"], told["height"], told["index"]), ("confirmed", 5, 0))
        node.answers["get_message"] = {"status": "pending"}
        code, out, err = self.run_client("message", "send", "--sender", "alice", "--rpc", node.url, "--content", "x", "--wait", "--timeout", "0.2")
        self.assertEqual((code, len(out.splitlines())), (1, 1))
        self.assertIn("not in a block after 0.2 s", err)


class Pins(ClientCase):
    def test_chain_id_is_pinned_on_first_use_and_said(self):
        key, node = self.new_key(), self.node(chain_id="main-1")
        code, _, err = self.run_client("message", "send", "--sender", "alice", "--rpc", node.url, "--content", "x")
        self.assertEqual(code, 0)
        self.assertIn("pinned chain id main-1", err)
        self.assertEqual(node.contents(key), ["x"])
        _, _, err = self.run_client("message", "send", "--sender", "alice", "--rpc", node.url, "--content", "y")
        self.assertEqual(err, "")

    def test_changed_chain_id_is_refused(self):
        key, node = self.new_key(), self.node(chain_id="main-1")
        send = ["message", "send", "--sender", "alice", "--rpc", node.url, "--content", "x"]
        self.succeed(*send)
        node.chain_id, node.accepted = "main-2", {}
        self.fail_with("now says chain id main-2, pinned is main-1", *send)
        node.chain_id = None
        self.fail_with(r"now says chain id \(none\)", *send)
        self.assertEqual(node.contents(key), [])
        self.succeed(*send, "--chain-id", "")
        self.assertEqual(node.contents(key), ["x"])

    def test_given_chain_id_must_be_the_nodes(self):
        self.new_key()
        node = self.node(chain_id="main-1")
        self.fail_with("the node is on main-1", "message", "send", "--sender", "alice", "--rpc", node.url, "--content", "x", "--chain-id", "b")
        self.fail_with("--chain-id", "message", "send", "--sender", "alice", "--rpc", node.url, "--content", "x", "--chain-id", "UPPER")

    def test_genesis_hash_must_belong_to_the_chain_id(self):
        self.new_key()
        node = self.node(answers={"get_status": {"chain_id": "a", "genesis_hash": kimura.genesis_hash("b").hex(), "leader_key": None}})
        self.fail_with("genesis hash", "message", "send", "--sender", "alice", "--rpc", node.url, "--content", "x")
