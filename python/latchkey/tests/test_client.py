"""What a client sends, and what it makes of answers, with a server that says what a test wants."""

import base64
import json
import pickle
import socket
import threading
import unittest
import unittest.mock
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import latchkey

TOKEN = "sk-lm-AAAAAAAA:BBBBBBBBBBBBBBBBBBBB"
Script = Callable[[BaseHTTPRequestHandler, bytes], tuple[int, dict[str, str], bytes]]
WHOAMI = {
    "id": "A", "kind": "api-key", "name": "bot", "owner": "ada@example.com", "project": None,
    "authority": [{"source": "token bot", "grant": {}}], "limits": [], "expiresAt": None, "team": "blue",
}


def jwt(**claims: object) -> str:
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims, {}))


class ClientTest(unittest.TestCase):
    def serve(self, script: Script) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, answer = script(self, body)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(answer)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_GET

            def log_message(self, *_args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def raw(self, answer: bytes) -> str:
        """Answers with these bytes, whatever they are, and closes."""
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)

        def run() -> None:
            try:
                connection, _ = listening.accept()
                with connection:
                    connection.recv(65_536)
                    connection.sendall(answer)
            except OSError:
                pass

        threading.Thread(target=run, daemon=True).start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    def client(self, url: str, token: str = TOKEN, **more: object) -> latchkey.Client:
        return latchkey.Client(url=url, token=token, profile=False, environment={}, **more)  # type: ignore[arg-type]

    def refusal(self, url: str, token: str = TOKEN, **more: object) -> latchkey.LatchkeyError:
        with self.assertRaises(latchkey.LatchkeyError) as caught:
            self.client(url, token, **more).whoami()
        for text in (str(caught.exception), repr(vars(caught.exception)), repr(caught.exception.__context__)):
            self.assertNotIn(TOKEN, text)
        return caught.exception

    def answering(self, status: int, body: object = b"", headers: dict[str, str] = {}) -> latchkey.LatchkeyError:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.refusal(self.serve(lambda *_: (status, headers, content)))

    def test_whoami_says_whose_token_it_is(self) -> None:
        seen = []

        def script(handler: BaseHTTPRequestHandler, _body: bytes) -> tuple[int, dict[str, str], bytes]:
            seen.append((handler.path, handler.headers["Authorization"], handler.headers["Latchkey-Project"]))
            return 200, {}, json.dumps(WHOAMI).encode()

        client = self.client(self.serve(script) + "/below/", project="bücher")
        identity = client.whoami()
        self.assertEqual((identity.name, identity.owner, identity.answer["team"]), ("bot", "ada@example.com", "blue"))
        self.assertEqual(seen, [("/below/api/v1/whoami", f"Bearer {TOKEN}", "bücher".encode().decode("latin-1"))])
        self.assertNotIn(TOKEN, repr(client))
        with self.assertRaises(TypeError):
            pickle.dumps(client)

    def test_refusals_are_told_apart(self) -> None:
        said = {"error": {"message": "No.", "code": "some_code", "param": "p"}}
        for status, kind in ((403, latchkey.PermissionDeniedError), (429, latchkey.RateLimitError), (404, latchkey.ServerError)):
            error = self.answering(status, said, {"X-Request-Id": "r-1", "Retry-After": "1.5"})
            self.assertIs(type(error), kind)
            self.assertEqual((error.code, str(error), error.status), ("some_code", "No.", status))
            self.assertEqual((error.request_id, error.retry_after_seconds), ("r-1", 1.5))
        self.assertEqual(self.answering(401, said).code, "invalid_token")
        self.assertEqual(self.answering(401, {"detail": "Token is expired"}).code, "expired_token")
        self.assertEqual(self.refusal(self.serve(lambda *_: (401, {}, b"")), False).code, "no_token")  # type: ignore
        self.assertEqual(str(self.answering(404, {"error": "No such model."})), "No such model.")
        self.assertEqual(str(self.answering(422, {"detail": [{"loc": ["a", 0], "msg": "m"}]})), "a.0: m")

    def test_a_refusal_that_repeats_the_token_is_shown_without_it(self) -> None:
        bad = f"{TOKEN}\u001b[31m"
        details = {"grant": 1, "source": bad, "rule": bad, "reason": bad, "limit": bad}
        body = {"error": {"message": bad, "code": bad, "param": bad, "details": details}}
        for status in (400, 401, 403, 429, 500):
            error = self.answering(status, body, {"X-Request-Id": TOKEN, "Location": f"http://{TOKEN}/"})
            self.assertNotIn("\u001b", repr(vars(error)) + str(error))
        denied = self.answering(403, body)
        assert isinstance(denied, latchkey.PermissionDeniedError) and denied.decision is not None
        self.assertEqual(denied.decision.source, "[token] [31m")

    def test_a_refusal_without_an_end_is_read_up_to_a_bound(self) -> None:
        self.assertEqual(self.answering(500, b"x" * 3_000_000).code, "http_500")

    def test_a_redirect_is_not_followed(self) -> None:
        asked = []
        other = self.serve(lambda handler, _: (asked.append(handler.path) or 200, {}, b""))
        for status in (301, 302, 303, 307, 308):
            error = self.refusal(self.serve(lambda *_: (status, {"Location": f"{other}/x?y"}, b"")))
            self.assertEqual((error.code, asked), ("redirected", []))
            self.assertIn(f"redirects to {other}, where", str(error))

    def test_what_is_not_latchkey_is_said_to_be_none(self) -> None:
        for body in (b"<html>", b"[]", b"{}", b"[" * 100_000, json.dumps({**WHOAMI, "limits": [1]}).encode()):
            self.assertEqual(self.answering(200, body).code, "bad_answer")

    def test_failures_of_the_connection_are_told_apart(self) -> None:
        closed = socket.create_server(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        closed.close()
        self.assertEqual(self.refusal(f"http://127.0.0.1:{port}").code, "unreachable")
        self.assertEqual(self.refusal("http://name.invalid").code, "name_not_found")
        self.assertEqual(self.refusal(self.raw(b"")).code, "connection_cut")
        self.assertEqual(self.refusal(self.raw(f"nonsense {TOKEN}\r\n\r\n".encode())).code, "bad_header")
        too_large = b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"
        self.assertEqual(self.refusal(self.raw(too_large)).code, "bad_header")
        self.assertEqual(self.refusal(self.raw(b"").replace("http:", "https:")).code, "tls_failed")
        cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
        self.assertEqual(self.refusal(self.raw(cut)).code, "connection_cut")
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        self.assertEqual(self.refusal(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.05).code, "timed_out")

    def test_a_path_cannot_leave_the_server(self) -> None:
        client = self.client("http://127.0.0.1:9/team-a")
        for path in ("", "x", "@evil/", "/../b", "/x/../../b", "/%2e%2E/b", "/..\\b", "/.", "/a b", "/a\r\nX: y", "/#x"):
            with self.subTest(path), self.assertRaises(ValueError):
                client.request("GET", path)

    def test_a_personal_access_token_is_exchanged_once_and_again_when_its_access_token_is_refused(self) -> None:
        personal = jwt(token_type="refresh")
        good = {"number": 1}
        exchanges: list[bytes] = []

        def script(handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
            if handler.path == "/api/token/refresh":
                exchanges.append(body)
                return 200, {}, json.dumps({"access": jwt(iat=0, exp=3600, number=len(exchanges))}).encode()
            is_good = handler.headers["Authorization"] == f"Bearer {jwt(iat=0, exp=3600, number=good['number'])}"
            return (200 if is_good else 401), {}, b"{}"

        client = self.client(self.serve(script), personal)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: client.request("GET", "/"), range(16)))
        self.assertEqual([json.loads(body) for body in exchanges], [{"refresh": personal}])
        good["number"] = 2
        client.request("GET", "/")
        self.assertEqual(len(exchanges), 2)
        good["number"] = -1
        with self.assertRaises(latchkey.AuthenticationError):
            client.request("GET", "/")
        self.assertEqual(len(exchanges), 3)

    def test_a_personal_access_token_is_sent_itself_where_there_is_no_exchange(self) -> None:
        personal = jwt(token_type="refresh")

        def script(handler: BaseHTTPRequestHandler, _body: bytes) -> tuple[int, dict[str, str], bytes]:
            is_it = handler.headers["Authorization"] == f"Bearer {personal}"
            return (404 if "refresh" in handler.path else 200 if is_it else 401), {}, b"{}"

        self.assertEqual(self.client(self.serve(script), personal).request("GET", "/").status, 200)

    def test_a_proxy_of_the_environment_does_not_see_what_is_for_this_machine(self) -> None:
        with unittest.mock.patch.dict("os.environ", {"http_proxy": "http://127.0.0.1:9", "no_proxy": ""}):
            self.assertEqual(self.client(self.serve(lambda *_: (200, {}, b"ok"))).request("GET", "/").body, b"ok")


if __name__ == "__main__":
    unittest.main()
