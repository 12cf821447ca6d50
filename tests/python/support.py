"""What the tests share: where public vectors are, and a scripted node on the loopback interface."""
import http.server
import json
import os
import sys
import threading
import unittest

import kimura

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def public_vectors(name):
    """A file of public test vectors; the test is skipped where the folder is not there."""
    folder = os.environ.get("KIMURA_VECTORS") or os.path.join(os.path.dirname(ROOT), "shared", "vectors")
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        raise unittest.SkipTest(f"{name} is not in {folder} (set KIMURA_VECTORS)")
    with open(path, encoding="utf-8") as file:
        return json.load(file)


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A client that hangs up is no news; anything else is a mistake of the test."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class ScriptedNode:
    """
    The part of a node that a client sees, in order that it can misbehave on purpose: each entry of faults is
    taken by one submission request. "lose-answer" accepts and hangs up, "lose-request" hangs up, a tuple
    (code, data, accepted) refuses what comes after the first `accepted` messages of the request.
    """

    def __init__(self, chain_id=None, answers=None):
        self.chain_id, self.answers, self.faults = chain_id, answers or {}, []
        self.accepted, self.requests, self.largest, self.limit = {}, [], 0, None
        node = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                try:
                    status, answer = node.answer(request)
                except ConnectionAbortedError:
                    self.close_connection = True
                    return
                body = json.dumps({"jsonrpc": "2.0", "id": request["id"], **answer}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def contents(self, key):
        """What was accepted from a key, in nonce order."""
        return [content for _, content in sorted(self.accepted.get(key, {}).items())]

    def answer(self, request):
        method, params = request["method"], request["params"]
        self.requests.append(method)
        if method in self.answers:
            given = self.answers[method]
            return 200, given if isinstance(given, dict) and set(given) == {"error"} else {"result": given}
        if method == "get_status":
            return 200, {"result": {"chain_id": self.chain_id, "genesis_hash": kimura.genesis_hash(self.chain_id).hex(), "leader_key": None}}
        if method == "get_nonce":
            return 200, {"result": {"nonce": len(self.accepted.get(params["public_key"], {}))}}
        if method == "submit_message":
            results = self.submit([params])
            error = results[0].get("error")
            status = 429 if error and error["code"] == kimura.RATE_LIMITED else 200
            return status, {"error": error} if error else {"result": results[0]}
        if method == "submit_messages":
            self.largest = max(self.largest, len(params["messages"]))
            if self.limit and len(params["messages"]) > self.limit:
                return 413, {"error": {"code": kimura.TOO_LARGE, "message": "too large", "data": {"limit": self.limit}}}
            return 200, {"result": self.submit(params["messages"])}
        return 200, {"error": {"code": -32601, "message": "method not found"}}

    def submit(self, messages):
        fault = self.faults.pop(0) if self.faults else None
        if fault == "lose-request":
            raise ConnectionAbortedError
        if callable(fault):
            fault = fault()
        code, data, good = fault if isinstance(fault, tuple) else (None, None, len(messages))
        results = [self.admit(message) if number < good else {"error": {"code": code, "message": "refused", "data": data}}
                   for number, message in enumerate(messages)]
        if fault == "lose-answer":
            raise ConnectionAbortedError
        return results

    def admit(self, message):
        key, nonce, content = message["public_key"], message["nonce"], message["content"]
        digest = kimura.signing_digest(bytes.fromhex(key), nonce, content.encode(), self.chain_id)
        if not kimura.verify(bytes.fromhex(key), digest, bytes.fromhex(message["signature"])):
            return {"error": {"code": -32001, "message": "invalid signature"}}
        mine = self.accepted.setdefault(key, {})
        id_ = kimura.message_id(bytes.fromhex(key), nonce).hex()
        if nonce in mine:
            return {"error": {"code": kimura.DUPLICATE, "message": "duplicate message",
                              "data": {"message_id": id_, "same_content": mine[nonce] == content}}}
        if nonce != len(mine):
            return {"error": {"code": kimura.WRONG_NONCE, "message": "wrong nonce", "data": {"expected": len(mine)}}}
        mine[nonce] = content
        return {"message_id": id_, "status": "pending"}
