"""The client is held to the golden files of the protocol, the same that hold the node."""
import copy
import json
import os
import unittest

import kimura
import support


def golden(name):
    with open(os.path.join(support.ROOT, "tests", "vectors", name), encoding="utf-8") as file:
        return json.load(file)


def encoding_parts(encoding):
    """public key, nonce, timestamp, signature, content; None where the encoding has another shape."""
    if len(encoding) < 117 or len(encoding) != 117 + int.from_bytes(encoding[113:117], "big"):
        return None
    return (encoding[:33], int.from_bytes(encoding[33:41], "big"), int.from_bytes(encoding[41:49], "big"), encoding[49:113], encoding[117:])


def header_of(header):
    return int(header["height"]), int(header["timestamp"]), bytes.fromhex(header["prev_hash"]), bytes.fromhex(header["message_root"])


class Golden(unittest.TestCase):
    def test_keys(self):
        keys = golden("keys.json")
        for entry in keys["keys"]:
            with self.subTest(name=entry["name"]):
                self.assertEqual(kimura.public_key(bytes.fromhex(entry["private_key"])).hex(), entry["public_key"])
        for entry in keys["refused_private_keys"]:
            with self.subTest(why=entry["why"]):
                secret = bytes.fromhex(entry["private_key"])
                self.assertFalse(len(secret) == 32 and 0 < int.from_bytes(secret, "big") < kimura.N)
        for entry in keys["refused_public_keys"]:
            with self.subTest(why=entry["why"]):
                self.assertIsNone(kimura.parse_public_key(bytes.fromhex(entry["public_key"])))
        self.assertGreater(min(len(value) for name, value in keys.items() if name != "description"), 0)

    def test_chain_ids_and_genesis(self):
        chains = golden("chain_ids.json")["chains"]
        for chain in chains:
            with self.subTest(chain_id=chain["chain_id"]):
                self.assertEqual(kimura.genesis_hash(chain["chain_id"]).hex(), chain["genesis_hash"])
                self.assertEqual(kimura.block_hash(*header_of(chain["genesis_header"])).hex(), chain["genesis_hash"])
                if chain["chain_id"]:
                    self.assertEqual(kimura.blake3(chain["chain_id"].encode()).hex(), chain["digest_key"])
        self.assertTrue(chains)

    def test_messages(self):
        messages = golden("messages.json")["messages"]
        for message in messages:
            with self.subTest(name=message["name"]):
                secret, key = bytes.fromhex(message["private_key"]), bytes.fromhex(message["public_key"])
                nonce, timestamp, content = int(message["nonce"]), int(message["timestamp"]), bytes.fromhex(message["content_hex"])
                digest = kimura.signing_digest(key, nonce, content, message["chain_id"])
                self.assertEqual(kimura.public_key(secret), key)
                self.assertEqual(kimura.message_id(key, nonce).hex(), message["message_id"])
                self.assertEqual(digest.hex(), message["signing_digest"])
                signature = kimura.sign(secret, digest)
                self.assertEqual(signature.hex(), message["signature"])
                self.assertTrue(kimura.verify(key, digest, signature))
                encoding = kimura.message_encoding(key, nonce, timestamp, signature, content)
                self.assertEqual(encoding.hex(), message["encoding"])
                self.assertEqual(kimura.blake3(encoding).hex(), message["message_hash"])
        self.assertTrue(messages)

    def test_refused_messages(self):
        refused = golden("messages.json")["refused"]
        for entry in refused:
            with self.subTest(why=entry["why"]):
                parts = encoding_parts(bytes.fromhex(entry["encoding"]))
                if parts and len(parts[4]) <= kimura.MAX_CONTENT:
                    key, nonce, _, signature, content = parts
                    self.assertFalse(kimura.verify(key, kimura.signing_digest(key, nonce, content, entry["chain_id"]), signature))
        self.assertTrue(refused)

    def test_merkle_trees(self):
        trees = golden("merkle.json")["trees"]
        for tree in trees:
            leaves = [kimura.merkle_leaf(bytes.fromhex(entry["message_id"]), bytes.fromhex(entry["message_hash"])) for entry in tree["entries"]]
            root = bytes.fromhex(tree["root"])
            if len(leaves) == tree["count"]:
                self.assertEqual(kimura.merkle_root(leaves), root)
            for entry, leaf in zip(tree["entries"], leaves):
                with self.subTest(count=tree["count"], index=entry["index"]):
                    path = [bytes.fromhex(node) for node in entry["path"]]
                    self.assertEqual(leaf.hex(), entry["leaf"])
                    self.assertEqual(kimura.root_of_path(leaf, entry["index"], tree["count"], path), root)
                    for index in range(tree["count"]):
                        if index != entry["index"]:
                            self.assertNotEqual(kimura.root_of_path(leaf, index, tree["count"], path), root)
                    self.assertIsNone(kimura.root_of_path(leaf, tree["count"], tree["count"], path))
                    self.assertNotEqual(kimura.root_of_path(leaf, entry["index"], tree["count"], path + [leaf]), root)
                    self.assertNotEqual(kimura.root_of_path(leaf, entry["index"], tree["count"], path[:-1] or [leaf]), root)
        self.assertTrue(any(len(tree["entries"]) == tree["count"] > 1 for tree in trees))

    def test_blocks(self):
        blocks = 0
        for chain in golden("blocks.json")["chains"]:
            self.assertEqual(kimura.genesis_hash(chain["chain_id"]).hex(), chain["genesis_hash"])
            secret, previous = bytes.fromhex(chain["producer_private_key"]), chain["genesis_hash"]
            for block in chain["blocks"]:
                with self.subTest(chain=chain["chain_id"], height=block["header"]["height"]):
                    header = block["header"]
                    parts = [encoding_parts(bytes.fromhex(encoding)) for encoding in block["messages"]]
                    ids = [kimura.message_id(key, nonce) for key, nonce, *_ in parts]
                    hashes = [kimura.blake3(bytes.fromhex(encoding)) for encoding in block["messages"]]
                    self.assertEqual([id_.hex() for id_ in ids], block["message_ids"])
                    self.assertEqual([hash_.hex() for hash_ in hashes], block["message_hashes"])
                    for key, nonce, _, signature, content in parts:
                        self.assertTrue(kimura.verify(key, kimura.signing_digest(key, nonce, content, chain["chain_id"]), signature))
                    self.assertEqual(kimura.merkle_root([kimura.merkle_leaf(*pair) for pair in zip(ids, hashes)]).hex(), header["message_root"])
                    self.assertEqual(header["prev_hash"], previous)
                    hash_ = kimura.block_hash(*header_of(header))
                    self.assertEqual(hash_.hex(), block["hash"])
                    self.assertEqual(kimura.sign(secret, hash_).hex(), header["producer_sig"])
                previous, blocks = block["hash"], blocks + 1
        self.assertGreater(blocks, 1)


class GoldenProofs(unittest.TestCase):
    """get_proof as the node gives it, and the message of the block it belongs to, through the whole verification."""

    @classmethod
    def setUpClass(cls):
        cls.chain = golden("blocks.json")["chains"][0]
        cls.leader = bytes.fromhex(cls.chain["producer_public_key"])
        cls.proofs = golden("proofs.json")

    def message(self, proof):
        block = next(block for block in self.chain["blocks"] if block["hash"] == proof["hash"])
        index = block["message_ids"].index(proof["message_id"])
        key, nonce, timestamp, signature, content = encoding_parts(bytes.fromhex(block["messages"][index]))
        return {"message_id": proof["message_id"], "public_key": key.hex(), "nonce": nonce, "content": kimura.text_of(content),
                "content_hex": content.hex(), "signature": signature.hex(), "timestamp": timestamp, "status": "confirmed",
                "height": proof["height"], "index": proof["index"]}

    def verify(self, proof, message):
        kimura.Verification(lambda name: None).run(bytes.fromhex(proof["message_id"]), message, proof, self.chain["chain_id"], self.leader)

    def test_proofs_of_every_message_verify(self):
        for proof in self.proofs["proofs"]:
            with self.subTest(id=proof["message_id"]):
                self.verify(proof, self.message(proof))
        self.assertEqual(len(self.proofs["proofs"]), sum(block["message_count"] for block in self.chain["blocks"]))

    def test_refused_proofs_do_not(self):
        for proof in self.proofs["refused"]:
            with self.subTest(why=proof["name"]):
                leaf, path = bytes.fromhex(proof["leaf"]), [bytes.fromhex(node) for node in proof["path"]]
                self.assertNotEqual((kimura.root_of_path(leaf, int(proof["index"]), int(proof["count"]), path) or b"").hex(),
                                    proof["header"]["message_root"])
                ids = [id_ for block in self.chain["blocks"] for id_ in block["message_ids"]]
                message = self.message(proof if proof["message_id"] in ids else self.proofs["proofs"][-1])
                self.assertRaises(kimura.Failure, self.verify, proof, message)
        self.assertTrue(self.proofs["refused"])

    def test_any_flipped_digit_of_a_proof_is_noticed(self):
        proof = max(self.proofs["proofs"], key=lambda proof: len(proof["path"]))
        message = self.message(proof)
        for where in ("message_id", "message_hash", "leaf", "hash", "path", "prev_hash", "message_root", "producer_pubkey", "producer_sig"):
            place = proof if where in proof else proof["header"]
            length = len(place[where][0]) if where == "path" else len(place[where])
            for position in range(0, length, 9):
                false = copy.deepcopy(proof)
                place = false if where in false else false["header"]
                text = place[where][0] if where == "path" else place[where]
                text = text[:position] + format(int(text[position], 16) ^ 8, "x") + text[position + 1:]
                place[where] = [text, *place[where][1:]] if where == "path" else text
                with self.subTest(where=where, position=position):
                    self.assertRaises(kimura.Failure, kimura.Verification(lambda name: None).run,
                                      bytes.fromhex(proof["message_id"]), message, false, self.chain["chain_id"], self.leader)
