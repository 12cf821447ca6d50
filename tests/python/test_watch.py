"""watch, run in this process against a scripted WebSocket server that cuts and cheats."""
import base64
import hashlib
import json
import socket
import threading
from unittest import mock

import kimura
from test_client import ClientCase


def make_chain(count):
    blocks, previous = [], bytes(32)
    for height in range(count):
        root = kimura.blake3(height.to_bytes(8, "big"))
        hash_ = kimura.block_hash(height, 1000 * height, previous, root)
        blocks.append({"hash": hash_.hex(), "message_ids": ["00" * 32] * (height % 3), "header": {
            "height": height, "timestamp": 1000 * height, "prev_hash": previous.hex(), "message_root": root.hex()}})
        previous = hash_
    return blocks


def frame(code, data, last=True):
    size = len(data)
    length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big") if size < 1 << 16 else b"\x7f" + size.to_bytes(8, "big")
    return bytes([(0x80 if last else 0) | code]) + length + data


def text(value):
    return frame(1, json.dumps(value).encode())


def told(block):
    return {"jsonrpc": "2.0", "method": "subscription", "params": {"subscription": "s", "result": block}}


class SocketServer:
    """Takes connections one after the other; the n-th is served by the n-th script, given how to send and the height asked for."""

    def __init__(self, *scripts):
        self._scripts, self.asked, self.pongs, self.errors = scripts, [], [], []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(30)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._thread.join()
        self._listener.close()

    def _serve(self):
        for script in self._scripts:
            connection, _ = self._listener.accept()
            connection.settimeout(30)
            with connection, connection.makefile("rb") as received:
                try:
                    head = b"".join(iter(received.readline, b"\r\n")).decode()
                    fields = dict(line.split(": ", 1) for line in head.splitlines()[1:])
                    key = fields["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
                    proof = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
                    connection.sendall(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                       f"Sec-WebSocket-Accept: {proof}\r\n\r\n".encode())
                    request = json.loads(self.take(received)[1])
                    self.asked.append(request["params"]["from_height"])
                    connection.sendall(text({"jsonrpc": "2.0", "id": request["id"], "result": "s"}))
                    script(self, connection.sendall, received)
                except ConnectionError:
                    pass  # the client may hang up at any point
                except Exception as error:  # pylint: disable=broad-except
                    self.errors.append(error)

    @staticmethod
    def take(received):
        first, second = received.read(2)
        assert second & 0x80, "clients mask"
        size = second & 0x7F
        size = int.from_bytes(received.read(2 if size == 126 else 8), "big") if size >= 126 else size
        mask = received.read(4)
        return first & 0x0F, bytes(byte ^ mask[i & 3] for i, byte in enumerate(received.read(size)))


class Watching(ClientCase):
    def setUp(self):
        super().setUp()
        patience = mock.patch.object(kimura, "RETRY", 0.01)
        patience.start()
        self.addCleanup(patience.stop)
        self.chain = make_chain(30)

    def watch(self, *scripts, count=10):
        with SocketServer(*scripts) as server:
            done = self.run_client("watch", "--from", "0", "--count", str(count), "--json", "--rpc", server.url)
        self.assertEqual(server.errors, [])
        return done, server

    def heights(self, out):
        return [json.loads(line)["header"]["height"] for line in out.splitlines()]

    def test_blocks_go_on_after_every_lost_connection_once_and_in_order(self):
        def blocks(first, last, rest=b""):
            return lambda server, send, received: send(b"".join(text(told(block)) for block in self.chain[first:last]) + rest)

        half = text(told(self.chain[5]))
        (code, out, err), server = self.watch(
            blocks(0, 3), blocks(3, 5, half[:len(half) // 2]), blocks(5, 5), blocks(5, 6, frame(8, b"\x03\xe9the node stops")), blocks(6, 10))
        self.assertEqual(code, 0, err)
        self.assertEqual(self.heights(out), list(range(10)))
        self.assertEqual(server.asked, [0, 3, 5, 5, 6])
        self.assertIn("the node stops; connecting again", err)
        self.assertIn("connected again, going on at block 6", err)

    def test_pings_fragments_and_large_blocks_are_understood(self):
        def script(server, send, received):
            whole = json.dumps({**told(self.chain[0]), "padding": "x" * 100_000}).encode()
            send(frame(1, whole[:10], last=False) + frame(9, b"you?") + frame(0, whole[10:70_000], last=False) + frame(0, whole[70_000:]))
            server.pongs.append(server.take(received))
            send(text({"jsonrpc": "2.0", "method": "subscription", "params": {"subscription": "other", "result": 1}}) + text(told(self.chain[1])))

        (code, out, err), server = self.watch(script, count=2)
        self.assertEqual(code, 0, err)
        self.assertEqual(self.heights(out), [0, 1])
        self.assertEqual(server.pongs, [(10, b"you?")])

    def test_being_too_slow_is_no_end(self):
        def slow(server, send, received):
            error = {"code": -32005, "message": "Rate limit exceeded", "data": {"reason": "too slow", "next_height": 1, "retry_after_ms": 10}}
            send(text(told(self.chain[0])) + text({"jsonrpc": "2.0", "method": "subscription", "params": {"subscription": "s", "error": error}}))

        (code, out, err), server = self.watch(slow, lambda server, send, received: send(text(told(self.chain[1]))), count=2)
        self.assertEqual((code, self.heights(out), server.asked), (0, [0, 1], [0, 1]), err)

    def test_a_node_that_cheats_ends_it_in_one_line(self):
        wrong = {**self.chain[1], "header": {**self.chain[1]["header"], "timestamp": 7}}
        other = make_chain(2)[1]
        other["header"] = {**other["header"], "prev_hash": "11" * 32}
        header = other["header"]
        other["hash"] = kimura.block_hash(1, header["timestamp"], b"\x11" * 32, bytes.fromhex(header["message_root"])).hex()
        for cheat, pattern in ((self.chain[2], "block 2 where block 1 comes next"), (self.chain[0], "block 0 where"),
                               (wrong, "is not its header's"), (other, "does not follow")):
            (code, _, err), _ = self.watch(lambda server, send, received, cheat=cheat: send(text(told(self.chain[0])) + text(told(cheat))))
            self.assertEqual(code, 1)
            self.assertRegex(err, rf"\Akimura: [^\n]*{pattern}[^\n]*\n\Z")

    def test_what_is_no_websocket_is_one_line(self):
        node = self.node(answers={"get_height": {"height": 3, "hash": "ab" * 32}})
        self.fail_with("does not speak WebSocket", "watch", "--rpc", node.url)
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        self.fail_with("blockchain.py run", "watch", "--from", "0", "--rpc", f"http://127.0.0.1:{port}")
