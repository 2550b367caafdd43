"""The profiles file, by the table that the client and the command are tried with, too."""

import json
import os
import tempfile
import unittest
from pathlib import Path

import latchkey

TABLES = Path(__file__).parents[3] / "packages" / "client" / "test"


class ProfilesFile(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = Path(folder.name)
        self.file = self.home / ".latchkey" / "credentials"
        self.environment = {"HOME": folder.name, "USERPROFILE": folder.name}

    def write(self, content: bytes, mode: int = 0o600) -> None:
        self.file.parent.mkdir(mode=0o700, exist_ok=True)
        self.file.write_bytes(content)
        self.file.chmod(mode)

    def refusal(self) -> latchkey.ConfigurationError:
        with self.assertRaises(latchkey.ConfigurationError) as caught:
            latchkey.read_profiles(self.environment)
        return caught.exception

    def test_is_read_as_it_says_or_refused_with_its_line(self) -> None:
        cases = json.loads((TABLES / "profiles" / "file-format.json").read_text("utf-8"))
        for case in cases:
            with self.subTest(case["name"]):
                self.write(case["text"].encode())
                if "line" in case:
                    error = self.refusal()
                    self.assertEqual(error.code, "invalid_profiles")
                    self.assertIn(f": line {case['line']} ", str(error))
                    self.assertNotIn("secret", str(error))
                    continue
                profiles = latchkey.read_profiles(self.environment)
                found = {
                    name: {key.replace("_k", "K"): value for key, value in vars(profile).items() if value is not None}
                    for name, profile in profiles.items()
                }
                self.assertEqual(found, case["profiles"])
        self.assertGreater(len(cases), 20)

    def test_that_is_no_utf_8_is_refused_without_its_text(self) -> None:
        self.write("[default]\napi_token = secret\n".encode("utf-16"))
        error = self.refusal()
        self.assertIn("is not UTF-8", str(error))
        self.assertTrue(error.__suppress_context__)

    @unittest.skipIf(os.name == "nt", "Windows has no such modes")
    def test_that_others_can_read_or_replace_is_refused(self) -> None:
        for mode in (0o640, 0o604, 0o660, 0o601):
            self.write(b"", mode)
            self.assertEqual(self.refusal().code, "unsafe_profiles")
        self.write(b"")
        self.file.parent.chmod(0o777)
        self.assertIn("chmod 700", str(self.refusal()))

    @unittest.skipIf(os.name == "nt", "Windows has no such modes")
    def test_that_a_variable_names_may_be_read_by_its_group(self) -> None:
        mounted = self.home / "mounted"
        mounted.write_text("[default]\napi_token = a\n")
        mounted.chmod(0o440)
        self.environment["LATCHKEY_CREDENTIALS"] = str(mounted)
        self.assertEqual(latchkey.read_profiles(self.environment)["default"].token, "a")
        mounted.chmod(0o444)
        self.assertEqual(self.refusal().code, "unsafe_profiles")
        mounted.unlink()
        self.assertIn("is not there", str(self.refusal()))

    @unittest.skipIf(os.name == "nt", "Windows has no pipes in its file system")
    def test_that_is_a_pipe_or_a_folder_is_refused(self) -> None:
        self.file.parent.mkdir(mode=0o700)
        os.mkfifo(self.file, 0o600)
        self.assertIn("is no file", str(self.refusal()))
        self.file.unlink()
        self.file.mkdir()
        self.assertEqual(self.refusal().code, "unsafe_profiles")

    def test_shows_no_token(self) -> None:
        self.write(b"[default]\napi_token = secret\n")
        self.assertNotIn("secret", repr(latchkey.read_profiles(self.environment)))


if __name__ == "__main__":
    unittest.main()
