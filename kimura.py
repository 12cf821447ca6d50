#!/usr/bin/env python3
"""Client of a Kimura node: keys, messages, blocks, and proofs that are checked here, not believed.

Needs Python 3.9 and its standard library, nothing else. The arithmetic below is not constant in time:
use it on a machine of your own, not as a signing service for others.
"""
from __future__ import annotations

import argparse
import base64
import collections
import datetime
import hashlib
import hmac
import http.client
import json
import os
import re
import secrets
import socket
import ssl
import stat
import struct
import sys
import time
import urllib.parse

MAX_CONTENT = 65_536
MAX_MESSAGES = 1_000_000  # of one command
BATCH_MESSAGES = 1_000
BATCH_BYTES = 4 << 20
MAX_ANSWER = 512 << 20
RETRY = 0.25  # seconds until the next try where the node does not answer
SHOWN = 20  # messages of a block, for people
DEFAULT_RPC = "http://localhost:8545"

WRONG_NONCE, DUPLICATE, NOT_FOUND = -32002, -32003, -32004
RATE_LIMITED, POOL_FULL, NO_LEADER, TOO_LARGE = -32005, -32006, -32007, -32008


class Failure(Exception):
    """What ends a command: one line for the user."""


class NoAnswer(Failure):
    """The node did not answer; whether it took the request is unknown."""


class Refused(Exception):
    """A JSON-RPC error."""

    def __init__(self, error):
        error = error if isinstance(error, dict) else {}
        self.code = error.get("code")
        self.data = error.get("data") if isinstance(error.get("data"), dict) else {}
        detail = error.get("data")
        text = str(error.get("message", "error without a message"))
        if detail:
            text += f" ({detail if isinstance(detail, str) else json.dumps(detail)})"
        super().__init__(printable(f"{text} [{self.code}]"))

    def retry_after(self):
        """Seconds that the node asks to wait; bounded, because the node is not trusted."""
        milliseconds = self.data.get("retry_after_ms")
        return min(max(milliseconds, 10), 10_000) / 1000 if isinstance(milliseconds, (int, float)) else 0.2


# --- BLAKE3 (https://github.com/BLAKE3-team/BLAKE3-specs) -----------------------------------------
#
# A row of four state words lives in one Python integer, a word in each 64-bit lane. The upper half of a
# lane catches what an addition or a rotation pushes out, and LANES cuts it off: four words for the price of one.

LANES = 0x00000000_FFFFFFFF_00000000_FFFFFFFF_00000000_FFFFFFFF_00000000_FFFFFFFF
IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
CHUNK_START, CHUNK_END, PARENT, ROOT, KEYED_HASH = 1, 2, 4, 8, 16
CHUNK, BLOCK = 1024, 64


def _row(a, b, c, d):
    return a | b << 64 | c << 128 | d << 192


def _schedule():
    order, rounds = list(range(16)), []
    permutation = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
    for _ in range(7):
        rounds.append(tuple(order))
        order = [order[i] for i in permutation]
    return rounds


SCHEDULE = _schedule()
IV_ROW = _row(*IV[:4])


def _compress(key, block, counter, length, flags):
    """One compression: key is a pair of rows, block has 64 bytes; gives the new pair of rows."""
    m = struct.unpack("<16I", block)
    a, b = key
    c = IV_ROW
    d = _row(counter & 0xFFFFFFFF, counter >> 32, length, flags)
    for s in SCHEDULE:
        for half in (0, 8):
            x = m[s[half]] | m[s[half + 2]] << 64 | m[s[half + 4]] << 128 | m[s[half + 6]] << 192
            y = m[s[half + 1]] | m[s[half + 3]] << 64 | m[s[half + 5]] << 128 | m[s[half + 7]] << 192
            a = (a + b + x) & LANES
            d ^= a
            d = (d >> 16 | d << 16) & LANES
            c = (c + d) & LANES
            b ^= c
            b = (b >> 12 | b << 20) & LANES
            a = (a + b + y) & LANES
            d ^= a
            d = (d >> 8 | d << 24) & LANES
            c = (c + d) & LANES
            b ^= c
            b = (b >> 7 | b << 25) & LANES
            # Columns to diagonals, and back after the second half: rows turn by one, two and three words.
            if half == 0:
                b, d = (b >> 64 | b << 192) & LANES, (d >> 192 | d << 64) & LANES
            else:
                b, d = (b >> 192 | b << 64) & LANES, (d >> 64 | d << 192) & LANES
            c = (c >> 128 | c << 128) & LANES
    return a ^ c, b ^ d


def _words(rows):
    """A pair of rows as the 32 bytes it stands for."""
    lanes = struct.unpack("<8Q", rows[0].to_bytes(32, "little") + rows[1].to_bytes(32, "little"))
    return struct.pack("<8I", *lanes)


def _last_compression(key, data, chunk, flags):
    """Everything below the top node of the tree over data; gives the arguments of that node's own compression."""
    if len(data) <= CHUNK:
        rows, start = key, CHUNK_START
        position = 0
        while len(data) - position > BLOCK:
            rows = _compress(rows, data[position:position + BLOCK], chunk, BLOCK, flags | start)
            position, start = position + BLOCK, 0
        rest = bytes(data[position:])
        return rows, rest.ljust(BLOCK, b"\0"), chunk, len(rest), flags | start | CHUNK_END
    chunks = (len(data) - 1) // CHUNK  # whole chunks that leave something for the right side
    left = 1 << (chunks.bit_length() - 1)
    pair = b""
    for part, first in ((data[:left * CHUNK], chunk), (data[left * CHUNK:], chunk + left)):
        pair += _words(_compress(*_last_compression(key, part, first, flags)))
    return key, pair, 0, BLOCK, flags | PARENT


def blake3(data, key=None):
    """BLAKE3-256 of data; with a 32-byte key, its keyed mode."""
    words = IV if key is None else struct.unpack("<8I", key)
    rows = _row(*words[:4]), _row(*words[4:])
    rows, block, chunk, length, flags = _last_compression(rows, memoryview(data), 0, 0 if key is None else KEYED_HASH)
    return _words(_compress(rows, block, chunk, length, flags | ROOT))


# --- secp256k1 (SEC 2, RFC 6979); a point is (x, y), or (X, Y, Z) in Jacobian coordinates, None is infinity ---

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
G = (0x79BE667E_F9DCBBAC_55A06295_CE870B07_029BFCDB_2DCE28D9_59F2815B_16F81798,
     0x483ADA77_26A3C465_5DA4FBFC_0E1108A8_FD17B448_A6855419_9C47D08F_FB10D4B8)


def _double(point):
    if point is None:
        return None
    x, y, z = point
    yy = y * y % P
    s = 4 * x * yy % P
    m = 3 * x * x % P
    x3 = (m * m - 2 * s) % P
    return x3, (m * (s - x3) - 8 * yy * yy) % P, 2 * y * z % P


def _add(point, affine):
    """Jacobian plus affine."""
    if point is None:
        return (*affine, 1)
    x1, y1, z1 = point
    zz = z1 * z1 % P
    h = (affine[0] * zz - x1) % P
    r = (affine[1] * zz * z1 - y1) % P
    if h == 0:
        return _double(point) if r == 0 else None
    hh = h * h % P
    hhh = h * hh % P
    v = x1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - y1 * hhh) % P, z1 * h % P


def _affine(point):
    inverse = pow(point[2], -1, P)
    square = inverse * inverse % P
    return point[0] * square % P, point[1] * square * inverse % P


def _multiples(base):
    """base times 0 to 15 (0 stands as None), affine, for one division in all (Montgomery's trick)."""
    points = [(*base, 1)]
    while len(points) < 15:
        points.append(_add(points[-1], base))
    products = [1]
    for point in points:
        products.append(products[-1] * point[2] % P)
    inverse, table = pow(products[-1], -1, P), [None] * 16
    for i in range(15, 0, -1):
        x, y, z = points[i - 1]
        one = inverse * products[i - 1] % P
        inverse = inverse * z % P
        square = one * one % P
        table[i] = x * square % P, y * square * one % P
    return table


_G_TABLE = []


def _multiply_g(scalar, point=None):
    """point + scalar * G, from a table of G's multiples by every 4-bit digit at every place; made on first use."""
    if not _G_TABLE:
        base = G
        for _ in range(64):
            table = _multiples(base)
            _G_TABLE.append(table)
            base = _affine(_add((*table[15], 1), base))
    for place in _G_TABLE:
        if scalar & 15:
            point = _add(point, place[scalar & 15])
        scalar >>= 4
    return point


def _multiply(scalar, base):
    table, point = _multiples(base), None
    for shift in range(252, -4, -4):
        point = _double(_double(_double(_double(point))))
        digit = scalar >> shift & 15
        if digit:
            point = _add(point, table[digit])
    return point


def parse_public_key(data):
    """The point of a 33-byte compressed key; None where it is not one."""
    if len(data) != 33 or data[0] not in (2, 3):
        return None
    x = int.from_bytes(data[1:], "big")
    if x >= P:
        return None
    square = (x * x * x + 7) % P
    y = pow(square, (P + 1) // 4, P)
    if y * y % P != square:
        return None
    return x, y if y & 1 == data[0] & 1 else P - y


def public_key(secret):
    x, y = _affine(_multiply_g(int.from_bytes(secret, "big")))
    return bytes([2 + (y & 1)]) + x.to_bytes(32, "big")


def _nonces(secret, digest):
    """The candidates of RFC 6979, section 3.2, with HMAC-SHA256."""
    def mac(key, data):
        return hmac.new(key, data, hashlib.sha256).digest()

    seed = secret + (int.from_bytes(digest, "big") % N).to_bytes(32, "big")
    k, v = bytes(32), b"\1" * 32
    for separator in (b"\0", b"\1"):
        k = mac(k, v + separator + seed)
        v = mac(k, v)
    while True:
        v = mac(k, v)
        candidate = int.from_bytes(v, "big")
        if 0 < candidate < N:
            yield candidate
        k = mac(k, v + b"\0")
        v = mac(k, v)


def sign(secret, digest):
    """64 bytes r ++ s, low-S, deterministic."""
    d, z = int.from_bytes(secret, "big"), int.from_bytes(digest, "big")
    for k in _nonces(secret, digest):
        r = _affine(_multiply_g(k))[0] % N
        s = pow(k, -1, N) * (z + r * d) % N
        if r and s:
            return r.to_bytes(32, "big") + min(s, N - s).to_bytes(32, "big")
    raise AssertionError("unreachable: the candidates do not end")


def verify(key, digest, signature):
    """Whether signature (compact, low-S) is the compressed key's over the digest."""
    point = parse_public_key(key)
    if point is None or len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < N and 0 < s <= N // 2):
        return False
    inverse = pow(s, -1, N)
    sum_ = _multiply_g(int.from_bytes(digest, "big") * inverse % N, _multiply(r * inverse % N, point))
    return sum_ is not None and _affine(sum_)[0] % N == r


# --- The protocol's bytes (docs: protocol, sections 2 and 3) ---------------------------------------

def message_id(key, nonce):
    return blake3(key + nonce.to_bytes(8, "big"))


def message_encoding(key, nonce, timestamp, signature, content):
    return (key + nonce.to_bytes(8, "big") + timestamp.to_bytes(8, "big") + signature
            + len(content).to_bytes(4, "big") + content)


def signing_digest(key, nonce, content, chain_id):
    chain_key = blake3(chain_id.encode()) if chain_id else None
    return blake3(key + nonce.to_bytes(8, "big") + content, chain_key)


def block_hash(height, timestamp, prev_hash, message_root):
    return blake3(height.to_bytes(8, "big") + timestamp.to_bytes(8, "big") + prev_hash + message_root)


def genesis_hash(chain_id):
    return block_hash(0, 0, bytes(32), blake3((chain_id or "").encode()))


def merkle_leaf(id_, message_hash):
    return blake3(b"\0" + id_ + message_hash)


def merkle_root(leaves):
    """The tree head of RFC 6962, section 2.1, over leaf hashes."""
    if not leaves:
        return blake3(b"")
    if len(leaves) == 1:
        return leaves[0]
    left = 1 << ((len(leaves) - 1).bit_length() - 1)
    return blake3(b"\1" + merkle_root(leaves[:left]) + merkle_root(leaves[left:]))


def root_of_path(leaf, index, count, path):
    """The root that an inclusion proof leads to (RFC 9162, section 2.1.3.2), or None where its shape is impossible."""
    if not 0 <= index < count:
        return None
    node, last = index, count - 1
    for sibling in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            leaf = blake3(b"\1" + sibling + leaf)
            while node & 1 == 0 and node:
                node, last = node >> 1, last >> 1
        else:
            leaf = blake3(b"\1" + leaf + sibling)
        node, last = node >> 1, last >> 1
    return leaf if last == 0 else None


# --- JSON-RPC ---------------------------------------------------------------------------------------

class Node:
    """One node's JSON-RPC interface over a kept connection."""

    def __init__(self, url, timeout):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Failure(f"--rpc {printable(url)} is not an http:// or https:// address")
        try:
            self._port = parts.port
        except ValueError:
            raise Failure(f"--rpc {printable(url)} has an impossible port") from None
        self.url = url.rstrip("/")
        self._parts, self._timeout, self._connection, self._calls = parts, min(timeout, 30.0), None, 0

    def call(self, method, **params):
        """The result; Refused where the node answers with an error, NoAnswer where it does not answer."""
        self._calls += 1
        request = {"jsonrpc": "2.0", "id": self._calls, "method": method, "params": params}
        status, body = self._post(json.dumps(request, ensure_ascii=False).encode())
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            answer = None
        if isinstance(answer, dict) and "error" in answer:
            raise Refused(answer["error"])
        if isinstance(answer, dict) and "result" in answer and answer.get("id") == self._calls:
            return answer["result"]
        if status >= 500:
            raise NoAnswer(f"{self.url} answers with HTTP status {status}")
        raise Failure(f"{self.url} does not speak JSON-RPC (HTTP status {status}); is it a Kimura node?")

    def read(self, method, **params):
        """A call that changes nothing: tried again where a kept connection was closed, or where the node asks to wait."""
        deadline = time.monotonic() + self._timeout
        while True:
            kept = self._connection is not None
            try:
                return self.call(method, **params)
            except NoAnswer:
                if not kept:
                    raise
            except Refused as error:
                if error.code != RATE_LIMITED or time.monotonic() + error.retry_after() > deadline:
                    raise
                time.sleep(error.retry_after())

    def _post(self, body):
        try:
            if self._connection is None:
                kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
                self._connection = kind(self._parts.hostname, self._port, timeout=self._timeout)
            self._connection.request("POST", self._parts.path or "/", body, {"Content-Type": "application/json"})
            response = self._connection.getresponse()
            answer = bytearray()
            while len(answer) <= MAX_ANSWER:
                piece = response.read(1 << 20)  # Python 3.9 sets aside what it is asked for, so not all at once
                if not piece:
                    break
                answer += piece
        except ConnectionRefusedError:
            self.close()
            raise NoAnswer(f"no node answers at {self.url} (connection refused); "
                           "start one with: python3 blockchain.py run") from None
        except (OSError, http.client.HTTPException) as error:
            self.close()
            why = "timed out" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
            raise NoAnswer(f"no answer from {self.url}: {printable(why)}") from None
        if len(answer) > MAX_ANSWER:
            self.close()
            raise Failure(f"the answer of {self.url} is larger than {MAX_ANSWER >> 20} MiB")
        return response.status, answer

    def close(self):
        if self._connection is not None:
            self._connection.close()
        self._connection = None

# --- WebSocket (RFC 6455) ------------------------------------------------------------------------------

class Stream:
    """A node's JSON-RPC over WebSocket: values go out and come in, one a message. NoAnswer where the connection is gone."""

    SILENCE = 75.0  # seconds; the node pings every 25
    TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

    def __init__(self, url, timeout):
        parts = urllib.parse.urlsplit(url)
        self.url, self._received = url, b""
        try:
            self._socket = socket.create_connection((parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)), timeout)
            try:
                if parts.scheme == "https":
                    self._socket = ssl.create_default_context().wrap_socket(self._socket, server_hostname=parts.hostname)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._shake_hands(parts)
                self._socket.settimeout(self.SILENCE)
            except BaseException:
                self._socket.close()
                raise
        except ConnectionRefusedError:
            raise NoAnswer(f"no node answers at {url} (connection refused); start one with: python3 blockchain.py run") from None
        except OSError as error:
            raise NoAnswer(f"no answer from {url}: {printable(str(error) or type(error).__name__)}") from None

    def send(self, value):
        self._send(self.TEXT, json.dumps(value).encode())

    def receive(self):
        message = b""
        while True:
            last, code, data = self._frame()
            if code == self.PING:
                self._send(self.PONG, data)
            elif code == self.CLOSE:
                reason = data[2:].decode("utf-8", "replace")
                raise NoAnswer(f"{self.url} closed the connection" + (f": {printable(reason)}" if reason else ""))
            elif code in (0, self.TEXT, self.BINARY):
                message += data
                if len(message) > MAX_ANSWER:
                    raise Failure(f"the answer of {self.url} is larger than {MAX_ANSWER >> 20} MiB")
                if last:
                    try:
                        return json.loads(message)
                    except (ValueError, RecursionError):
                        raise Failure(f"{self.url} sends what is not JSON") from None

    def close(self):
        self._socket.close()

    def _shake_hands(self, parts):
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        host = parts.netloc.rpartition("@")[2]
        path = parts.path.rstrip("/") + "/ws"
        self._socket.sendall((f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self._socket.recv(4096)
            head += piece
            if not piece or len(head) > 65_536:
                raise NoAnswer(f"{self.url} ended the connection before it was one")
        head, _, self._received = head.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        code = status.split(" ")[1] if status.count(" ") else "?"
        if code in ("429", "503"):
            raise NoAnswer(f"{self.url} takes no more connections now (HTTP status {code})")
        proof = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        if code != "101" or fields.get("sec-websocket-accept") != proof:
            raise Failure(f"{self.url} does not speak WebSocket (HTTP status {printable(code)}); is it a Kimura node of this version?")

    def _frame(self):
        first, second = self._take(2)
        length = second & 0x7F
        if length >= 126:
            length = int.from_bytes(self._take(2 if length == 126 else 8), "big")
        if first & 0x70 or second & 0x80 or length > MAX_ANSWER:
            raise Failure(f"{self.url} does not keep to WebSocket")
        return bool(first & 0x80), first & 0x0F, self._take(length)

    def _take(self, count):
        pieces, held = [self._received], len(self._received)
        while held < count:
            try:
                piece = self._socket.recv(min(1 << 20, max(count - held, 65_536)))
            except OSError as error:
                raise NoAnswer(f"no answer from {self.url}: {printable(str(error) or type(error).__name__)}") from None
            if not piece:
                raise NoAnswer(f"{self.url} ended the connection")
            pieces.append(piece)
            held += len(piece)
        data = b"".join(pieces)
        self._received = data[count:]
        return data[:count]

    def _send(self, code, data):
        """Clients mask what they send (section 5.3), with four bytes that nobody can foresee."""
        mask, size = secrets.token_bytes(4), len(data)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big") if size < 1 << 16 else b"\xff" + size.to_bytes(8, "big")
        masked = bytes(byte ^ mask[i & 3] for i, byte in enumerate(data))
        try:
            self._socket.sendall(bytes([0x80 | code]) + length + mask + masked)
        except OSError as error:
            raise NoAnswer(f"no answer from {self.url}: {printable(str(error) or type(error).__name__)}") from None


class Watch:
    """Follows a node's blocks through any number of lost connections: each block once, in order, each the child of the one before."""

    def __init__(self, url, timeout, first):
        self._url, self._timeout = url, timeout
        self._next, self._hash, self._delay, self._told = first, None, RETRY, False

    def blocks(self):
        while True:
            try:
                yield from self._blocks()
            except NoAnswer as error:
                if not self._told:
                    raise
                if self._delay == RETRY:
                    note(f"{error}; connecting again")
                time.sleep(self._delay)
                self._delay = min(2 * self._delay, 5.0)
            except Refused as error:
                if error.code not in (RATE_LIMITED, NO_LEADER):
                    raise
                time.sleep(error.retry_after())

    def _blocks(self):
        stream = Stream(self._url, self._timeout)
        try:
            stream.send({"jsonrpc": "2.0", "id": 1, "method": "subscribe", "params": {"topic": "blocks", "from_height": self._next}})
            answer = stream.receive()
            if isinstance(answer, dict) and "error" in answer:
                raise Refused(answer["error"])
            id_ = field(answer, "result", str)
            if self._told:
                note(f"connected again, going on at block {self._next}")
            self._told = True
            while True:
                told = field(stream.receive(), "params", dict)
                if told.get("subscription") != id_:
                    continue
                if "error" in told:
                    raise Refused(told["error"])
                block = field(told, "result", dict)
                self._check(block)
                self._delay = RETRY
                yield block
        finally:
            stream.close()

    def _check(self, block):
        header = field(block, "header", dict)
        height, previous = int_field(header, "height"), hex_field(header, "prev_hash", 32)
        hash_ = block_hash(height, int_field(header, "timestamp"), previous, hex_field(header, "message_root", 32))
        if height != self._next:
            raise Failure(f"the node sent block {height} where block {self._next} comes next")
        if hash_ != hex_field(block, "hash", 32):
            raise Failure(f"the hash of block {height} is not its header's")
        if self._hash not in (None, previous):
            raise Failure(f"block {height} does not follow the block {height - 1} that was seen before")
        self._next, self._hash = height + 1, hash_


def field(answer, name, kind, optional=False):
    """A field of the node's answer, of the type that the protocol gives it."""
    value = answer.get(name) if isinstance(answer, dict) else None
    if value is None and optional:
        return None
    if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
        raise Failure(f"the node's answer has no proper {name}")
    return value


def hex_field(answer, name, length=None):
    try:
        return parse_hex(field(answer, name, str), length)
    except ValueError:
        raise Failure(f"the node's answer has no proper {name}") from None


def int_field(answer, name, bits=64):
    value = field(answer, name, int)
    if not 0 <= value < 1 << bits:
        raise Failure(f"the node's answer has no proper {name}")
    return value


def parse_hex(text, length=None):
    digits = text[2:] if text[:2] in ("0x", "0X") else text
    if not re.fullmatch(r"(?:[0-9a-fA-F]{2})*", digits) or (length is not None and len(digits) != 2 * length):
        raise ValueError(text)
    return bytes.fromhex(digits)


def hex_argument(text, length, what):
    try:
        return parse_hex(text, length)
    except ValueError:
        raise Failure(f"{printable(text)} is not {what}: {2 * length} hex digits are expected") from None


# --- The home: config.json, keys, pins ---------------------------------------------------------------

class Home:
    """The client's folder: settings, key files, and what was pinned on first use."""

    def __init__(self, path):
        self.path = os.path.abspath(os.path.expanduser(path))
        self._pins = os.path.join(self.path, "pins.json")
        self._keys = os.path.join(self.path, "keys")

    def setting(self, name):
        value = self._load(os.path.join(self.path, "config.json")).get(name)
        if value is not None and not isinstance(value, str):
            raise Failure(f"{os.path.join(self.path, 'config.json')}: {name} must be a string")
        return value

    def key_path(self, name):
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", name):
            raise Failure(f"{printable(name)} is not a key name: letters, digits, '.', '_' and '-', at most 64")
        return os.path.join(self._keys, name + ".key")

    def key_names(self):
        try:
            return sorted(entry[:-4] for entry in os.listdir(self._keys) if entry.endswith(".key"))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise Failure(f"{self._keys}: {error.strerror}") from None

    def load_key(self, name):
        path = self.key_path(name)
        try:
            with open(path, "rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                text = file.read(200)
        except FileNotFoundError:
            raise Failure(f"there is no key {name}; make it with: python3 kimura.py key new {name}") from None
        except OSError as error:
            raise Failure(f"{path}: {error.strerror}") from None
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Failure(f"{path} can be read by others (mode {stat.S_IMODE(mode):04o}); run: chmod 600 {path}")
        if not re.fullmatch(rb"[0-9a-fA-F]{64}\r?\n?", text):
            raise Failure(f"{path} is not a key file: 64 hex digits and a newline are expected")
        secret = bytes.fromhex(text[:64].decode())
        if not 0 < int.from_bytes(secret, "big") < N:
            raise Failure(f"{path} does not hold a secp256k1 key")
        return secret

    def create_key(self, name):
        path = self.key_path(name)
        secret = (1 + secrets.randbelow(N - 1)).to_bytes(32, "big")
        try:
            os.makedirs(self.path, mode=0o700, exist_ok=True)
            os.makedirs(self._keys, mode=0o700, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(secret.hex().encode() + b"\n")
                    file.flush()
                    os.fsync(handle)
            except OSError:
                os.unlink(path)  # nobody has the key yet, and half a file would stand in the name's way
                raise
        except FileExistsError:
            raise Failure(f"{path} exists already and is left as it is") from None
        except OSError as error:
            raise Failure(f"{path}: {error.strerror}") from None
        return secret

    def pins(self, url):
        pins = self._load(self._pins).get(url, {})
        if not isinstance(pins, dict):
            raise Failure(f"{self._pins}: the entry for {url} must be an object")
        return pins

    def pin(self, url, **values):
        everything = self._load(self._pins)
        everything[url] = {**self.pins(url), **values}
        try:
            os.makedirs(self.path, mode=0o700, exist_ok=True)
            new = f"{self._pins}.{os.getpid()}"
            with open(new, "w", encoding="utf-8") as file:
                json.dump(everything, file, indent=2)
                file.write("\n")
            os.replace(new, self._pins)
        except OSError as error:
            raise Failure(f"{self._pins}: {error.strerror}") from None

    def pins_file(self):
        return self._pins

    @staticmethod
    def _load(path):
        try:
            with open(path, "rb") as file:
                value = json.loads(file.read(1 << 20))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise Failure(f"{path}: {error.strerror}") from None
        except (ValueError, RecursionError):
            raise Failure(f"{path} is not JSON") from None
        if not isinstance(value, dict):
            raise Failure(f"{path} must hold a JSON object")
        return value


class Trust:
    """The two things a client has to know of a chain beforehand: its id and its leader's key."""

    def __init__(self, home, node, options):
        self._home, self._node, self._status = home, node, None
        self._chain_id, self._leader_key = options.chain_id, options.leader_key
        if self._chain_id and not re.fullmatch(r"[a-z0-9-]{1,64}", self._chain_id):
            raise Failure(f"--chain-id {printable(self._chain_id)}: 1 to 64 of a-z, 0-9 and '-' are expected")
        if self._leader_key is not None:
            key = hex_argument(self._leader_key, 33, "a leader key")
            if parse_public_key(key) is None:
                raise Failure(f"--leader-key {key.hex()} is not a point of secp256k1")
            self._leader_key = key.hex()

    def chain_id(self):
        """None for a chain without one (--chain-id '')."""
        told = field(self._ask(), "chain_id", str, optional=True) or None
        if hex_field(self._ask(), "genesis_hash", 32) != genesis_hash(told):
            raise Failure(f"the node's genesis hash is not the one of chain id {name_of(told)}")
        if self._chain_id is not None:
            if (self._chain_id or None) != told:
                raise Failure(f"--chain-id says {name_of(self._chain_id)}, the node is on {name_of(told)}")
            return told
        self._pinned("chain_id", "chain id", told)
        return told

    def leader_key(self):
        if self._leader_key is not None:
            return bytes.fromhex(self._leader_key)
        told = field(self._ask(), "leader_key", str, optional=True)
        if told is None and "leader_key" not in self._home.pins(self._node.url):
            raise Failure("the node does not know its leader's key yet; give it with --leader-key")
        if told is not None:
            told = hex_field(self._ask(), "leader_key", 33).hex()
            self._pinned("leader_key", "leader key", told)
        return bytes.fromhex(told or self._home.pins(self._node.url)["leader_key"])

    def _pinned(self, name, words, told):
        pins = self._home.pins(self._node.url)
        if name not in pins:
            self._home.pin(self._node.url, **{name: told})
            note(f"first use of {self._node.url}: pinned {words} {name_of(told)} in {self._home.pins_file()}")
        elif pins[name] != told:
            option = "--" + name.replace("_", "-")
            raise Failure(f"the node at {self._node.url} now says {words} {name_of(told)}, pinned is {name_of(pins[name])}; "
                          f"if you trust the change, give {option} or remove the entry from {self._home.pins_file()}")

    def _ask(self):
        if self._status is None:
            self._status = self._node.read("get_status")
        return self._status


def name_of(value):
    return printable(str(value)) if value else "(none)"


# --- Submitting ----------------------------------------------------------------------------------------

class Submission:
    """A signed message on its way. Once signed it keeps its nonce until the node says that another message has it."""

    def __init__(self, content, params):
        self.content, self.params = content, params
        self.id = None
        self.size = len(json.dumps(params, ensure_ascii=False).encode()) + 2
        self.answer_lost = False


class Sender:
    """Signs contents in order and submits them until each is accepted exactly once."""

    def __init__(self, node, secret, chain_id, patience, on_accepted):
        self._node, self._secret, self._chain_id, self._patience = node, secret, chain_id, patience
        self._key = public_key(secret)
        self._on_accepted = on_accepted
        self._next_nonce, self._limit, self._last_progress, self._noted = 0, BATCH_MESSAGES, 0.0, None
        self.last_nonce, self.last_id = -1, None

    def send(self, contents):
        backlog, signed, ask = collections.deque(contents), [], True
        self._last_progress = time.monotonic()
        while backlog or signed:
            batch = []
            try:
                if ask:
                    self._next_nonce = max(self._next_nonce, self._ask_nonce())
                    ask = False
                while backlog and len(signed) < self._limit:
                    signed.append(self._sign(backlog.popleft()))
                batch = self._batch(signed)
                errors = self._submit(batch)
            except NoAnswer as error:
                for submission in batch:
                    submission.answer_lost = True
                self._pause(RETRY, error)
                continue
            except Refused as error:
                self._whole_batch_refused(error, len(batch))
                continue
            kept, displaced, wait = self._sort(batch, errors)
            signed[:len(batch)] = kept
            if displaced:
                backlog.extendleft(submission.content for submission in reversed(displaced))
                ask = True
            if wait is not None:
                self._pause(wait.retry_after(), wait)

    def _sort(self, batch, errors):
        """What of a batch is kept for another try, what lost its nonce to another message, and why to wait."""
        kept, displaced, accepted, wait, fatal = [], [], [], None, None
        for submission, error in zip(batch, errors):
            if error is None or (error.code == DUPLICATE and submission.answer_lost and error.data.get("same_content") is True):
                accepted.append(submission)
            elif error.code == DUPLICATE:
                # Somebody else signs with this key too. Without a lost answer "same content" is theirs as well.
                displaced.append(submission)
            elif error.code in (WRONG_NONCE, RATE_LIMITED, POOL_FULL, NO_LEADER):
                kept.append(submission)
                wait = wait or error
            else:
                fatal = fatal or (submission, error)
        if accepted:
            self._accepted(accepted)
        if fatal:
            raise Failure(f"message with nonce {fatal[0].params['nonce']} refused: {fatal[1]}")
        return kept, displaced, wait

    def _sign(self, content):
        nonce = self._next_nonce
        self._next_nonce += 1
        signature = sign(self._secret, signing_digest(self._key, nonce, content, self._chain_id))
        key = self._key.hex()
        submission = Submission(content, {"sender": key, "content": content.decode(), "signature": signature.hex(),
                                          "public_key": key, "nonce": nonce})
        submission.id = message_id(self._key, nonce).hex()
        return submission

    def _batch(self, signed):
        size, batch = 0, []
        for submission in signed[:self._limit]:
            size += submission.size
            if batch and size > BATCH_BYTES:
                break
            batch.append(submission)
        return batch

    def _submit(self, batch):
        """An error or None for each of the batch."""
        if len(batch) == 1:
            try:
                results = [self._node.call("submit_message", **batch[0].params)]
            except Refused as error:
                return [error]
        else:
            results = self._node.call("submit_messages", messages=[submission.params for submission in batch])
        if not isinstance(results, list) or len(results) != len(batch):
            raise Failure("the node's answer does not hold one result for each message")
        errors = []
        for submission, result in zip(batch, results):
            if isinstance(result, dict) and "error" in result:
                errors.append(Refused(result["error"]))
            elif hex_field(result, "message_id", 32).hex() != submission.id:
                raise Failure("the node answered with the id of another message")
            else:
                errors.append(None)
        return errors

    def _whole_batch_refused(self, error, count):
        if error.code == TOO_LARGE and count > 1:
            self._limit = count // 2
        elif error.code in (RATE_LIMITED, POOL_FULL, NO_LEADER):
            self._pause(error.retry_after(), error)
        else:
            raise Failure(f"refused: {error}")

    def _accepted(self, submissions):
        self._last_progress = time.monotonic()
        last = max(submissions, key=lambda submission: submission.params["nonce"])
        if last.params["nonce"] > self.last_nonce:
            self.last_nonce, self.last_id = last.params["nonce"], last.id
        self._on_accepted([submission.id for submission in submissions])

    def _pause(self, seconds, why):
        if time.monotonic() + seconds - self._last_progress > self._patience:
            raise Failure(f"no progress for {self._patience:g} s: {why}")
        if isinstance(why, NoAnswer) or why.code == NO_LEADER:
            if self._noted != str(why):
                self._noted = str(why)
                note(f"{why}; trying again")
        time.sleep(seconds)

    def _ask_nonce(self):
        return int_field(self._node.read("get_nonce", public_key=self._key.hex()), "nonce")


def wait_confirmed(node, id_, timeout):
    """Polls until the message is in a block; gives the message."""
    deadline, delay = time.monotonic() + timeout, 0.05
    while True:
        try:
            message = node.read("get_message", message_id=id_)
            if field(message, "status", str) == "confirmed":
                return message
        except (NoAnswer, Refused) as error:
            if isinstance(error, Refused) and error.code not in (RATE_LIMITED, NO_LEADER, NOT_FOUND):
                raise
        if time.monotonic() + delay > deadline:
            raise Failure(f"accepted, but {id_} is not in a block after {timeout:g} s")
        time.sleep(delay)
        delay = min(delay * 1.5, 0.5)


# --- Verifying -------------------------------------------------------------------------------------------

class Verification:
    """The checks of one message, from its bytes up to the leader's key; stops at the first that fails."""

    def __init__(self, on_check):
        self._on_check = on_check
        self.checks = []

    def check(self, name, good, detail=""):
        if not good:
            raise Failure(f"not verified: {name}" + (f": {detail}" if detail else ""))
        self.checks.append(name)
        self._on_check(name)

    def run(self, id_, message, proof, chain_id, leader_key):
        key, nonce = hex_field(message, "public_key", 33), int_field(message, "nonce")
        timestamp, signature = int_field(message, "timestamp"), hex_field(message, "signature", 64)
        content = hex_field(message, "content_hex")
        header = field(proof, "header", dict)
        height, index, count = (int_field(proof, name, bits) for name, bits in (("height", 64), ("index", 32), ("count", 32)))
        path = field(proof, "path", list)
        siblings = [hex_field({"path": item}, "path", 32) for item in path]

        self.check("message id is blake3(public key ++ nonce)", message_id(key, nonce) == id_)
        self.check("answers speak of this message and of one place in the chain",
                   hex_field(message, "message_id", 32) == id_ and hex_field(proof, "message_id", 32) == id_
                   and message.get("status") == "confirmed" and int_field(message, "height") == height
                   and int_field(message, "index", 32) == index and int_field(header, "height") == height)
        self.check("content is what its bytes say", len(content) <= MAX_CONTENT and message.get("content") == text_of(content))
        self.check("sender's signature", verify(key, signing_digest(key, nonce, content, chain_id), signature),
                   f"wrong for chain id {name_of(chain_id)}, or high-S")
        digest = blake3(message_encoding(key, nonce, timestamp, signature, content))
        self.check("message hash", digest == hex_field(proof, "message_hash", 32))
        leaf = merkle_leaf(id_, digest)
        self.check("leaf", leaf == hex_field(proof, "leaf", 32))
        root = hex_field(header, "message_root", 32)
        self.check("path from the leaf to the block's message root", root_of_path(leaf, index, count, siblings) == root)
        hash_ = block_hash(height, int_field(header, "timestamp"), hex_field(header, "prev_hash", 32), root)
        self.check("block hash", hash_ == hex_field(proof, "hash", 32))
        producer = hex_field(header, "producer_pubkey", 33)
        self.check("producer is the leader", producer == leader_key,
                   f"the block names {producer.hex()}, the leader is {leader_key.hex()}")
        self.check("producer's signature", verify(leader_key, hash_, hex_field(header, "producer_sig", 64)))


# --- Output -------------------------------------------------------------------------------------------------

def printable(text):
    """The text without control characters, so that what a node sends cannot steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def text_of(content):
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def note(text):
    print(f"kimura: {text}", file=sys.stderr, flush=True)


def time_of(milliseconds):
    try:
        moment = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)
    except (OverflowError, ValueError, OSError):
        return f"{milliseconds} ms"
    return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{milliseconds % 1000:03d} UTC"


def show(options, value, lines):
    """JSON for programs, lines for people."""
    if options.json:
        print(json.dumps(value, indent=2, ensure_ascii=True))
    else:
        for line in lines():
            print(line)


# --- Commands -----------------------------------------------------------------------------------------------

def key_new(options, home, node):
    secret = home.create_key(options.name)
    key, path = public_key(secret).hex(), home.key_path(options.name)
    show(options, {"name": options.name, "public_key": key, "path": path}, lambda: [f"{options.name} {key}"])


def key_list(options, home, node):
    rows, failures = [], []
    for name in home.key_names():
        try:
            rows.append({"name": name, "public_key": public_key(home.load_key(name)).hex()})
        except Failure as failure:
            failures.append(str(failure))
    show(options, rows, lambda: [f"{row['name']} {row['public_key']}" for row in rows])
    if failures:
        raise Failure("; ".join(failures))


def contents_of(options):
    if options.file is None:
        texts = [options.content.encode("utf-8", "surrogateescape")]
    elif options.file == "-":
        texts = sys.stdin.buffer.read().splitlines()
    else:
        try:
            with open(options.file, "rb") as file:
                texts = file.read().splitlines()
        except OSError as error:
            raise Failure(f"{printable(options.file)}: {error.strerror}") from None
    for number, text in enumerate(texts, 1):
        where = "--content" if options.file is None else f"line {number} of {printable(options.file)}"
        if len(text) > MAX_CONTENT:
            raise Failure(f"{where} has {len(text)} bytes; a message holds at most {MAX_CONTENT}")
        if text_of(text) is None:
            raise Failure(f"{where} is not UTF-8")
    texts *= options.count
    if not 0 < len(texts) <= MAX_MESSAGES:
        raise Failure(f"{len(texts)} messages: 1 to {MAX_MESSAGES} can be sent at once")
    return texts


def message_send(options, home, node):
    if (options.content is None) == (options.file is None):
        raise Failure("give either --content TEXT or --file LINES")
    if options.file is not None and options.count != 1:
        raise Failure("--count goes with --content, not with --file")
    secret, contents = home.load_key(options.sender), contents_of(options)
    chain_id = Trust(home, node, options).chain_id()
    ids, started, last_note = [], time.monotonic(), time.monotonic()

    def accepted(more):
        nonlocal last_note
        ids.extend(more)
        if not options.json:
            print("\n".join(more), flush=True)
        if len(ids) < len(contents) and time.monotonic() - last_note >= 1:
            last_note = time.monotonic()
            note(f"{len(ids)} of {len(contents)} accepted")

    sender = Sender(node, secret, chain_id, options.timeout, accepted)
    try:
        sender.send(contents)
    except Failure as failure:
        raise Failure(f"{failure}; {len(ids)} of {len(contents)} were accepted" if len(contents) > 1 else str(failure)) from None
    if len(contents) > 1:
        note(f"{len(ids)} messages accepted in {time.monotonic() - started:.1f} s")
    message = {"status": "pending"}
    if options.wait:
        # One sender's messages enter blocks in nonce order: where the last one is, all are.
        message = wait_confirmed(node, sender.last_id, options.timeout)
        note(f"confirmed in block {int_field(message, 'height')}" if len(ids) == 1
             else f"all confirmed, the last in block {int_field(message, 'height')}")
    if options.json and len(ids) == 1 and options.file is None:
        place = {name: message[name] for name in ("height", "index") if name in message}
        print(json.dumps({"message_id": ids[0], "status": message["status"], **place}, indent=2))
    elif options.json:
        print(json.dumps({"count": len(ids), "status": message["status"], "message_ids": ids}, indent=2))


def message_get(options, home, node):
    id_ = hex_argument(options.id, 32, "a message id")
    message = node.read("get_message", message_id=id_.hex())

    def lines():
        content = hex_field(message, "content_hex")
        text = text_of(content)
        yield f"message    {id_.hex()}"
        yield f"sender     {hex_field(message, 'public_key', 33).hex()}"
        yield f"nonce      {int_field(message, 'nonce')}"
        yield f"timestamp  {time_of(int_field(message, 'timestamp'))}"
        yield f"signature  {hex_field(message, 'signature', 64).hex()}"
        status = printable(field(message, "status", str))
        if message.get("height") is not None:
            status += f" in block {int_field(message, 'height')} at index {int_field(message, 'index')}"
        yield f"status     {status}"
        yield f"content    {'0x' + content.hex() if text is None else printable(text)}"

    show(options, message, lines)


def message_verify(options, home, node):
    id_ = hex_argument(options.id, 32, "a message id")
    trust = Trust(home, node, options)
    verification = Verification((lambda name: None) if options.json else (lambda name: print(f"ok  {name}")))
    try:
        message = node.read("get_message", message_id=id_.hex())
        proof = node.read("get_proof", message_id=id_.hex())
        verification.run(id_, message, proof, trust.chain_id(), trust.leader_key())
    except (Failure, Refused) as failure:
        pending = isinstance(failure, Refused) and failure.data.get("status") == "pending"
        why = f"{id_.hex()} is not in a block yet" if pending else str(failure)
        if options.json:
            print(json.dumps({"verified": False, "message_id": id_.hex(), "checks": verification.checks, "failure": why}, indent=2))
        sys.stdout.flush()
        raise Failure(why) from None
    header = proof["header"]
    result = {"verified": True, "message_id": id_.hex(), "public_key": message["public_key"], "nonce": message["nonce"],
              "content_hex": message["content_hex"], "height": proof["height"], "block_hash": proof["hash"],
              "leader_key": header["producer_pubkey"], "checks": verification.checks}
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        print(f"verified: signed by {message['public_key']}, in block {proof['height']} made {time_of(header['timestamp'])}")


def block_get(options, home, node):
    which = options.height
    if re.fullmatch(r"[0-9]{1,20}", which):
        which = int(which)
    elif which != "latest":
        which = hex_argument(which, 32, "a height, 'latest' or a block hash").hex()
    block = node.read("get_block", height=which, include_messages=options.messages)

    def lines():
        header = field(block, "header", dict)
        ids = field(block, "message_ids", list)
        yield f"block         {int_field(header, 'height')}"
        yield f"hash          {hex_field(block, 'hash', 32).hex()}"
        yield f"timestamp     {time_of(int_field(header, 'timestamp'))}"
        yield f"prev_hash     {hex_field(header, 'prev_hash', 32).hex()}"
        yield f"message_root  {hex_field(header, 'message_root', 32).hex()}"
        yield f"producer      {hex_field(header, 'producer_pubkey', 33).hex()}"
        yield f"signature     {hex_field(header, 'producer_sig', 64).hex()}"
        yield f"messages      {len(ids)}"
        contents = field(block, "messages", list) if options.messages else [None] * len(ids)
        for id_, message in list(zip(ids, contents))[:SHOWN]:
            text = None if message is None else text_of(hex_field(message, "content_hex"))
            shown = "" if message is None else "  " + ("0x" + message["content_hex"] if text is None else printable(text))
            yield f"  {printable(str(id_))}{shown}"
        if len(ids) > SHOWN:
            yield f"  and {len(ids) - SHOWN} more; --json prints all"

    show(options, block, lines)


def height_get(options, home, node):
    tip = node.read("get_height")
    show(options, tip, lambda: [int_field(tip, "height")])


def nonce_get(options, home, node):
    key = public_key(home.load_key(options.name)).hex()
    nonce = node.read("get_nonce", public_key=key)
    show(options, nonce, lambda: [int_field(nonce, "nonce")])


def watch(options, home, node):
    first = int_field(node.read("get_height"), "height") + 1 if options.first is None else options.first
    seen = 0
    for block in Watch(node.url, min(options.timeout, 30.0), first).blocks():
        count = len(field(block, "message_ids", list))
        if options.json:
            print(json.dumps(block), flush=True)
        else:
            header = block["header"]
            print(f"{time_of(header['timestamp'])}  block {header['height']}  {block['hash']}  "
                  f"{count} message{'' if count == 1 else 's'}", flush=True)
        seen += 1
        if seen == options.count:
            return


# --- Command line ---------------------------------------------------------------------------------------------

class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Failure(f"{message}; see: {self.prog} --help")


def add_common(parser):
    """The options that may stand before or after the command; absent ones leave the defaults of parse() alone."""
    group = parser.add_argument_group("everywhere")
    absent = argparse.SUPPRESS
    group.add_argument("--rpc", metavar="URL", default=absent, help=f"the node (or KIMURA_RPC; default {DEFAULT_RPC})")
    group.add_argument("--home", metavar="DIR", default=absent, help="keys, config.json and pins (default ~/.kimura)")
    group.add_argument("--json", action="store_true", default=absent, help="print JSON")
    group.add_argument("--chain-id", metavar="ID", default=absent,
                       help="the chain's id ('' for a chain without one); pinned on first use otherwise")
    group.add_argument("--leader-key", metavar="HEX", default=absent, help="whose blocks count; pinned on first use otherwise")
    group.add_argument("--timeout", metavar="SECONDS", type=positive, default=absent, help="how long to wait for progress (default 60)")


def positive(text):
    value = float(text)
    if not 0 < value <= 86_400:
        raise ValueError(text)
    return value


def counting(text):
    value = int(text)
    if not 1 <= value <= MAX_MESSAGES:
        raise ValueError(text)
    return value


def height_argument(text):
    value = int(text)
    if not 0 <= value < 1 << 64:
        raise ValueError(text)
    return value


EXAMPLES = """\
  key new NAME, key list
  message send --content TEXT --sender NAME [--count N | --file LINES] [--wait]
  message get ID, message verify ID
  block get --height N, height get, nonce get NAME
  watch [--from HEIGHT] [--count N]

`kimura.py message send --help` says more of one command."""


def parse(arguments):
    parser = Parser(prog="kimura.py", usage="kimura.py COMMAND [options]", allow_abbrev=False, epilog=EXAMPLES,
                    description="Client of a Kimura node.", formatter_class=argparse.RawDescriptionHelpFormatter)
    add_common(parser)
    commands = {}

    def command(group, name, run, summary):
        if group not in commands:
            below = nouns.add_parser(group, help=f"{group} commands", allow_abbrev=False)
            add_common(below)
            commands[group] = below.add_subparsers(metavar="COMMAND", dest="verb", required=True)
        leaf = commands[group].add_parser(name, help=summary, description=summary, allow_abbrev=False)
        add_common(leaf)
        leaf.set_defaults(run=run)
        return leaf

    nouns = parser.add_subparsers(prog="kimura.py", metavar="COMMAND", dest="noun", required=True)
    command("key", "new", key_new, "make a key and print its public part").add_argument("name", metavar="NAME")
    command("key", "list", key_list, "list the keys in the home")
    send = command("message", "send", message_send, "sign a message, submit it, print its id")
    send.add_argument("--content", metavar="TEXT", help="the message")
    send.add_argument("--file", metavar="LINES", help="a file with one message a line ('-': standard input)")
    send.add_argument("--sender", metavar="NAME", required=True, help="the key to sign with")
    send.add_argument("--count", metavar="N", type=counting, default=1, help="send it N times")
    send.add_argument("--wait", action="store_true", help="wait until it is in a block")
    command("message", "get", message_get, "show a message").add_argument("id", metavar="ID")
    command("message", "verify", message_verify,
            "check a message's signature, inclusion and block signature here").add_argument("id", metavar="ID")
    block = command("block", "get", block_get, "show a block")
    block.add_argument("--height", metavar="N", required=True, help="a height, 'latest', or a block hash")
    block.add_argument("--messages", action="store_true", help="with the messages' contents")
    command("height", "get", height_get, "print the chain's height")
    command("nonce", "get", nonce_get, "print the next nonce of a key").add_argument("name", metavar="NAME")
    follow = nouns.add_parser("watch", help="follow the blocks as they come", allow_abbrev=False,
                              description="Follows the blocks as they come, through lost connections, each once and in order.")
    add_common(follow)
    follow.add_argument("--from", dest="first", metavar="HEIGHT", type=height_argument, help="begin with this block (default: the next one)")
    follow.add_argument("--count", metavar="N", type=counting, help="end after N blocks (default: go on)")
    follow.set_defaults(run=watch)
    defaults = argparse.Namespace(rpc=None, home="~/.kimura", json=False, chain_id=None, leader_key=None, timeout=60.0)
    return parser.parse_args(arguments, defaults)


def main(arguments):
    try:
        options = parse(arguments)
        home = Home(options.home)
        url = options.rpc or os.environ.get("KIMURA_RPC") or home.setting("rpc") or DEFAULT_RPC
        node = Node(url, options.timeout)
        try:
            options.run(options, home, node)
        finally:
            node.close()
        sys.stdout.flush()
        return 0
    except (Failure, Refused) as failure:
        note(failure)
        return 1
    except KeyboardInterrupt:
        note("interrupted")
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone (| head): nothing is left to tell, and the exit must not try to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
