import unittest

import kimura
import support


class Blake3(unittest.TestCase):
    def test_official_vectors_hash_and_keyed(self):
        vectors = support.public_vectors("blake3.json")
        key = vectors["key"].encode()
        for case in vectors["cases"]:
            data = bytes(i % 251 for i in range(case["input_len"]))
            with self.subTest(length=len(data)):
                self.assertEqual(kimura.blake3(data).hex(), case["hash"][:64])
                self.assertEqual(kimura.blake3(data, key).hex(), case["keyed_hash"][:64])

    def test_known_answers(self):
        self.assertEqual(kimura.blake3(b"").hex(), "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262")
        self.assertEqual(kimura.blake3(b"abc").hex(), "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85")
