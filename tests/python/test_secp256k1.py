import hashlib
import unittest

import kimura
import support


def secret(number):
    return number.to_bytes(32, "big")


class Signing(unittest.TestCase):
    # Deterministic signatures over SHA-256 digests, published for this curve (trezor, bitcoinjs and others share them); low-S.
    KNOWN = (
        (1, b"Satoshi Nakamoto",
         "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d82442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"),
        (1, b"All those moments will be lost in time, like tears in rain. Time to die...",
         "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21"),
        (kimura.N - 1, b"Satoshi Nakamoto",
         "fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d06b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5"),
    )

    def test_rfc6979_known_answers(self):
        for number, text, expected in self.KNOWN:
            with self.subTest(key=number, text=text):
                self.assertEqual(kimura.sign(secret(number), hashlib.sha256(text).digest()).hex(), expected)

    def test_signature_verifies_and_only_for_its_key_and_digest(self):
        digest, other = hashlib.sha256(b"one").digest(), hashlib.sha256(b"two").digest()
        signature = kimura.sign(secret(77), digest)
        self.assertTrue(kimura.verify(kimura.public_key(secret(77)), digest, signature))
        self.assertFalse(kimura.verify(kimura.public_key(secret(78)), digest, signature))
        self.assertFalse(kimura.verify(kimura.public_key(secret(77)), other, signature))

    def test_high_s_is_refused(self):
        digest = hashlib.sha256(b"malleable").digest()
        signature = kimura.sign(secret(5), digest)
        high = signature[:32] + (kimura.N - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
        self.assertFalse(kimura.verify(kimura.public_key(secret(5)), digest, high))

    def test_every_flipped_bit_is_refused(self):
        digest = hashlib.sha256(b"bits").digest()
        key, signature = kimura.public_key(secret(9)), kimura.sign(secret(9), digest)
        for bit in range(0, 512, 37):
            changed = bytearray(signature)
            changed[bit // 8] ^= 1 << bit % 8
            self.assertFalse(kimura.verify(key, digest, bytes(changed)), bit)

    def test_out_of_range_values_are_refused(self):
        key, digest = kimura.public_key(secret(3)), bytes(32)
        one = (1).to_bytes(32, "big")
        for r, s in ((bytes(32), one), (one, bytes(32)), (secret(kimura.N), one), (one, secret(kimura.N)), (b"\xff" * 32, one)):
            self.assertFalse(kimura.verify(key, digest, r + s))
        self.assertFalse(kimura.verify(key, digest, one))


class PublicKeys(unittest.TestCase):
    def test_generator_and_its_multiples(self):
        self.assertEqual(kimura.public_key(secret(1)).hex(), "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
        self.assertEqual(kimura.public_key(secret(2)).hex(), "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5")
        self.assertEqual(kimura.public_key(secret(kimura.N - 1)).hex(), "0379be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")

    def test_compressed_form_round_trips(self):
        for number in (1, 2, 3, 12345, kimura.N - 2):
            key = kimura.public_key(secret(number))
            x, y = kimura.parse_public_key(key)
            self.assertEqual((y * y - x**3 - 7) % kimura.P, 0)
            self.assertEqual(bytes([2 + (y & 1)]) + x.to_bytes(32, "big"), key)

    def test_what_is_not_a_key_is_refused(self):
        on_no_curve = b"\x02" + (5).to_bytes(32, "big")  # 5^3 + 7 is not a square
        for data in (b"", b"\x02" * 32, b"\x04" + bytes(32), b"\x02" + b"\xff" * 32, on_no_curve, b"\x02" + bytes(64)):
            self.assertIsNone(kimura.parse_public_key(data), data.hex())

    def test_table_and_plain_multiplication_agree(self):
        for number in (1, 15, 16, 17, 2**255, kimura.N - 1, 0x0F0F << 200):
            self.assertEqual(kimura._affine(kimura._multiply_g(number)), kimura._affine(kimura._multiply(number, kimura.G)))


class Wycheproof(unittest.TestCase):
    def test_every_compact_signature_case(self):
        vectors = support.public_vectors("ecdsa_secp256k1_sha256_p1363_test.json")
        checked = accepted = 0
        for group in vectors["testGroups"]:
            point = bytes.fromhex(group["publicKey"]["uncompressed"])
            key = bytes([2 + (point[64] & 1)]) + point[1:33]
            for case in group["tests"]:
                signature = bytes.fromhex(case["sig"])
                # A signature that the file calls valid counts here only in its low-S form.
                low = len(signature) == 64 and int.from_bytes(signature[32:], "big") <= kimura.N // 2
                with self.subTest(case=case["tcId"], comment=case["comment"]):
                    good = kimura.verify(key, hashlib.sha256(bytes.fromhex(case["msg"])).digest(), signature)
                    self.assertEqual(good, case["result"] == "valid" and low)
                checked, accepted = checked + 1, accepted + good
        self.assertEqual(checked, vectors["numberOfTests"])
        self.assertGreater(accepted, 50)
