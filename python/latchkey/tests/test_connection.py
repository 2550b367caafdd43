"""Where token, server and project come from, by the table that the client is tried with, too."""

import json
import tempfile
import unittest
from pathlib import Path

import latchkey

TABLES = Path(__file__).parents[3] / "packages" / "client" / "test"


class Connection(unittest.TestCase):
    def resolve(self, arguments: dict = {}, variables: dict = {}, file: str | None = None) -> latchkey.Connection:
        with tempfile.TemporaryDirectory() as home:
            if file is not None:
                path = Path(home) / ".latchkey" / "credentials"
                path.parent.mkdir(mode=0o700)
                path.touch(0o600)
                path.write_text(file)
            environment = {"HOME": home, "USERPROFILE": home, **variables}
            return latchkey.resolve_connection(environment=environment, **arguments)

    def refusal(self, *given: object, **named: object) -> latchkey.ConfigurationError:
        with self.assertRaises(latchkey.ConfigurationError) as caught:
            self.resolve(*given, **named)  # type: ignore[arg-type]
        return caught.exception

    def test_a_token_goes_to_its_own_server_alone(self) -> None:
        for case in json.loads((TABLES / "pairing.json").read_text("utf-8")):
            with self.subTest(case["name"]):
                given = case.get("arguments", {}), case.get("variables", {}), case.get("file")
                if "error" in case:
                    error = self.refusal(*given)
                    self.assertEqual(error.code, case["error"])
                    self.assertNotRegex(str(error), "of-(default|named|bare|variable)")
                    continue
                found = {key: value for key, value in vars(self.resolve(*given)).items() if value is not None}
                self.assertEqual(found, case["found"])

    def test_what_is_given_needs_no_file(self) -> None:
        given = {"token": "t", "url": "http://x"}
        self.assertEqual(self.resolve(given, {}, "[broken").token, "t")
        gone = self.resolve({**given, "project": "p"}, {"LATCHKEY_PROFILE": "gone"}, "[broken")
        self.assertEqual((gone.url, gone.token, gone.project), ("http://x", "t", "p"))
        self.assertIsNone(self.resolve({"profile": False, "token": False}, {"LM_API_TOKEN": "x"}, "[broken").token)

    def test_the_project_is_the_argument_the_named_profile_the_variable_then_another_profile(self) -> None:
        file = "[default]\nproject = d\n[other]\nproject = o\n"
        variable = {"LATCHKEY_PROJECT": "v"}
        self.assertEqual(self.resolve({"project": "a", "profile": "other"}, variable, file).project, "a")
        self.assertEqual(self.resolve({"profile": "other"}, variable, file).project, "o")
        self.assertEqual(self.resolve({}, variable, file).project, "v")
        self.assertEqual(self.resolve({}, {}, file).project, "d")
        self.assertIsNone(self.resolve({"project": False}, variable, file).project)

    def test_a_profile_that_is_not_there_is_refused_with_those_that_are(self) -> None:
        error = self.refusal({"profile": "gone"}, {}, "[a]\n[b]\n")
        self.assertEqual(error.code, "unknown_profile")
        self.assertIn("There are: a, b. Make it with: latchkey login --profile gone", str(error))

    def test_a_token_that_was_not_copied_whole_is_refused_without_it(self) -> None:
        for token in ("", " ", "sk-secret\nX: y", "Bearer sk-secret", '"sk-secret"', "KEY=sk-secret", "sk-secrét"):
            with self.subTest(token):
                error = self.refusal({"token": token})
                self.assertEqual(error.code, "invalid_option")
                self.assertNotIn("sk-secr", str(error))
        self.assertEqual(self.resolve({"token": " sk-1\n"}).token, "sk-1")

    def test_a_url_that_is_none_is_refused_without_it(self) -> None:
        for url in (
            "localhost:1234", "sk-secret", "file:///secret", "http://", "http://u:secret@h", "http://secret@h/x",
            "http://h?secret", "http://h#secret", "http://h/../secret", "http://h/%2e%2e/secret", "http://h\\secret",
            "http://h secret", "http://h:99999/secret", "http://h\r\nsecret",
        ):
            with self.subTest(url):
                error = self.refusal({"url": url})
                self.assertEqual(error.code, "invalid_url")
                self.assertNotIn("secret", str(error))
        self.assertEqual(self.resolve({"url": "HTTPS://H:443/x//"}).url, "https://h/x")
        self.assertEqual(self.resolve({"url": "http://[::1]:1234/"}).url, "http://[::1]:1234")

    def test_shows_no_token(self) -> None:
        self.assertNotIn("secret", repr(self.resolve({"token": "secret"})))


if __name__ == "__main__":
    unittest.main()
