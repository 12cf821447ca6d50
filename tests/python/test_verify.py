"""message verify against answers that are true, and against every way to falsify one field of them."""
import contextlib
import copy
import io
import json
import tempfile
import unittest

import kimura
import support

LEADER = (4242).to_bytes(32, "big")
SENDER = (1717).to_bytes(32, "big")


def path(leaves, index):
    """The audit path of RFC 6962, section 2.1.1, from the leaf upwards."""
    if len(leaves) == 1:
        return []
    left = 1 << ((len(leaves) - 1).bit_length() - 1)
    if index < left:
        return path(leaves[:left], index) + [kimura.merkle_root(leaves[left:])]
    return path(leaves[left:], index - left) + [kimura.merkle_root(leaves[:left])]


def answers_for(contents, index, chain_id):
    """What a true node says of message `index` of a block with these contents."""
    key = kimura.public_key(SENDER)
    messages = []
    for nonce, content in enumerate(contents):
        signature = kimura.sign(SENDER, kimura.signing_digest(key, nonce, content, chain_id))
        digest = kimura.blake3(kimura.message_encoding(key, nonce, 1000 + nonce, signature, content))
        messages.append((kimura.message_id(key, nonce), digest, signature))
    leaves = [kimura.merkle_leaf(id_, digest) for id_, digest, _ in messages]
    root, previous, height, timestamp = kimura.merkle_root(leaves), kimura.blake3(b"before"), 7, 2000
    hash_ = kimura.block_hash(height, timestamp, previous, root)
    header = {"height": height, "timestamp": timestamp, "prev_hash": previous.hex(), "message_root": root.hex(),
              "producer_pubkey": kimura.public_key(LEADER).hex(), "producer_sig": kimura.sign(LEADER, hash_).hex()}
    id_, digest, signature = messages[index]
    content = contents[index]
    message = {"message_id": id_.hex(), "public_key": key.hex(), "nonce": index, "content": kimura.text_of(content),
               "content_hex": content.hex(), "signature": signature.hex(), "timestamp": 1000 + index,
               "status": "confirmed", "height": height, "index": index}
    proof = {"message_id": id_.hex(), "message_hash": digest.hex(), "height": height, "index": index, "count": len(contents),
             "leaf": leaves[index].hex(), "path": [node.hex() for node in path(leaves, index)], "header": header, "hash": hash_.hex()}
    status = {"chain_id": chain_id, "genesis_hash": kimura.genesis_hash(chain_id).hex(), "leader_key": kimura.public_key(LEADER).hex()}
    return {"get_message": message, "get_proof": proof, "get_status": status}


def verify(id_, answers, chain_id="chain-a"):
    checks = kimura.Verification(lambda name: None)
    checks.run(bytes.fromhex(id_), answers["get_message"], answers["get_proof"], chain_id, kimura.public_key(LEADER))
    return checks.checks


def falsified(value):
    """Other values of a field that are still of its type."""
    if isinstance(value, bool) or value is None:
        return [1]
    if isinstance(value, int):
        return [value + 1, value - 1 if value else value + 2, value ^ 1 << 40]
    if isinstance(value, list):
        return [value[:-1], value + [value[0] if value else "00" * 32], list(reversed(value)) if len(value) > 1 else ["11" * 32]]
    changed = []
    if all(c in "0123456789abcdef" for c in value) and value:
        for position in (0, len(value) // 2, len(value) - 1):
            changed.append(value[:position] + format(int(value[position], 16) ^ 1, "x") + value[position + 1:])
        return changed + [value[2:], value + "00", "zz" + value[2:]]
    return [value + "x", "", None]


class Verify(unittest.TestCase):
    CONTENTS = [f"message {number}".encode() for number in range(5)]

    def test_true_answers_verify_at_every_index_of_every_count(self):
        for count in (1, 2, 3, 4, 5, 8, 9):
            contents = [f"m{number}".encode() for number in range(count)]
            for index in range(count):
                answers = answers_for(contents, index, "chain-a")
                self.assertEqual(len(verify(answers["get_message"]["message_id"], answers)), 10)

    def test_contents_of_any_bytes_verify(self):
        for content in (b"", b"\xff\xfe\x00", "grüße 🎈".encode(), bytes(kimura.MAX_CONTENT)):
            answers = answers_for([content], 0, None)
            self.assertEqual(answers["get_message"]["content"] is None, content == b"\xff\xfe\x00")
            verify(answers["get_message"]["message_id"], answers, chain_id=None)

    def test_every_falsified_field_is_noticed(self):
        true = answers_for(self.CONTENTS, 2, "chain-a")
        id_, tried = true["get_message"]["message_id"], 0
        places = [(answer, None, name) for answer in ("get_message", "get_proof") for name in true[answer] if name != "header"]
        places += [("get_proof", "header", name) for name in true["get_proof"]["header"]]
        for answer, inner, name in places:
            true_place = true[answer][inner] if inner else true[answer]
            for value in falsified(true_place[name]):
                false = copy.deepcopy(true)
                (false[answer][inner] if inner else false[answer])[name] = value
                if name == "count" and value in (6, 7):
                    continue  # the root does not commit to the count: with this path 6 and 7 are as good as 5
                tried += 1
                with self.subTest(answer=answer, field=name, value=value):
                    self.assertRaises(kimura.Failure, verify, id_, false)
            with self.subTest(answer=answer, missing=name):
                false = copy.deepcopy(true)
                del (false[answer][inner] if inner else false[answer])[name]
                self.assertRaises(kimura.Failure, verify, id_, false)
        self.assertGreater(tried, 80)

    def test_every_path_element_counts(self):
        true = answers_for(self.CONTENTS, 2, "chain-a")
        for position in range(len(true["get_proof"]["path"])):
            false = copy.deepcopy(true)
            false["get_proof"]["path"][position] = "42" * 32
            self.assertRaisesRegex(kimura.Failure, "path", verify, true["get_message"]["message_id"], false)

    def test_another_message_under_the_asked_id_is_refused(self):
        other = answers_for(self.CONTENTS, 3, "chain-a")
        asked = answers_for(self.CONTENTS, 2, "chain-a")["get_message"]["message_id"]
        self.assertRaisesRegex(kimura.Failure, "message id", verify, asked, other)

    def test_signature_for_another_chain_is_refused(self):
        answers = answers_for(self.CONTENTS, 0, "chain-b")
        self.assertRaisesRegex(kimura.Failure, "sender's signature", verify, answers["get_message"]["message_id"], answers)

    def test_block_of_another_leader_is_refused(self):
        answers = answers_for(self.CONTENTS, 0, "chain-a")
        header = answers["get_proof"]["header"]
        impostor = (99).to_bytes(32, "big")
        header["producer_sig"] = kimura.sign(impostor, bytes.fromhex(answers["get_proof"]["hash"])).hex()
        self.assertRaisesRegex(kimura.Failure, "producer's signature", verify, answers["get_message"]["message_id"], answers)
        header["producer_pubkey"] = kimura.public_key(impostor).hex()
        self.assertRaisesRegex(kimura.Failure, "producer is the leader", verify, answers["get_message"]["message_id"], answers)

    def test_high_s_of_sender_or_producer_is_refused(self):
        def high(signature):
            return signature[:64] + format(kimura.N - int(signature[64:], 16), "064x")

        answers = answers_for(self.CONTENTS, 0, "chain-a")
        false = copy.deepcopy(answers)
        false["get_message"]["signature"] = high(answers["get_message"]["signature"])
        self.assertRaisesRegex(kimura.Failure, "sender's signature", verify, answers["get_message"]["message_id"], false)
        false = copy.deepcopy(answers)
        false["get_proof"]["header"]["producer_sig"] = high(answers["get_proof"]["header"]["producer_sig"])
        self.assertRaisesRegex(kimura.Failure, "producer's signature", verify, answers["get_message"]["message_id"], false)


class Command(unittest.TestCase):
    """The same through the command line, with the answers served over HTTP."""

    def run_verify(self, answers, home, *options):
        with support.ScriptedNode(answers=answers) as node:
            out, err = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                arguments = ["message", "verify", answers["get_message"]["message_id"], "--home", home, "--rpc", node.url, *options]
                code = kimura.main(arguments)
            return code, out.getvalue(), err.getvalue()

    def test_prints_each_check_and_pins_on_first_use(self):
        answers = answers_for([b"hello"], 0, "chain-a")
        with tempfile.TemporaryDirectory() as home:
            code, out, err = self.run_verify(answers, home)
            self.assertEqual(code, 0, err)
            self.assertEqual(len([line for line in out.splitlines() if line.startswith("ok  ")]), 10)
            self.assertIn("pinned chain id chain-a", err)
            self.assertIn("pinned leader key", err)

    def test_failure_is_one_line_that_names_the_check(self):
        answers = answers_for([b"hello"], 0, "chain-a")
        answers["get_proof"]["hash"] = "00" * 32
        with tempfile.TemporaryDirectory() as home:
            self.run_verify(answers_for([b"hello"], 0, "chain-a"), home)
            code, out, err = self.run_verify(answers, home, "--chain-id", "chain-a", "--leader-key", kimura.public_key(LEADER).hex())
            self.assertEqual((code, err), (1, "kimura: not verified: block hash\n"))
            code, out, _ = self.run_verify(answers, home, "--json", "--leader-key", kimura.public_key(LEADER).hex())
            self.assertEqual((code, json.loads(out)["verified"]), (1, False))

    def test_pending_message_is_not_verified(self):
        answers = answers_for([b"hello"], 0, None)
        answers["get_proof"] = {"error": {"code": kimura.NOT_FOUND, "message": "not found", "data": {"status": "pending"}}}
        with tempfile.TemporaryDirectory() as home:
            code, _, err = self.run_verify(answers, home)
            self.assertEqual(code, 1)
            self.assertIn("is not in a block yet", err)
