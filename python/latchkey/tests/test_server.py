"""A real server, which who runs this has started: its address and tokens are in the environment, as variables of LATCHKEY_TRY."""

import os
import unittest

import latchkey

URL = os.environ.get("LATCHKEY_TRY_URL")


@unittest.skipUnless(URL, "no server is named in LATCHKEY_TRY_URL")
class RealServer(unittest.TestCase):
    def client(self, token: str) -> latchkey.Client:
        return latchkey.Client(url=URL, token=token, profile=False, environment={})

    def test_knows_the_token(self) -> None:
        identity = self.client(os.environ["LATCHKEY_TRY_TOKEN"]).whoami()
        self.assertEqual((identity.name, identity.owner, identity.kind), ("python", "ada@example.com", "api-key"))

    def test_refuses_what_the_token_may_not_and_names_the_grant(self) -> None:
        with self.assertRaises(latchkey.PermissionDeniedError) as caught:
            self.client(os.environ["LATCHKEY_TRY_TOKEN"]).request("GET", "/api/v1/tokens")
        assert caught.exception.decision is not None
        self.assertEqual((caught.exception.decision.source, caught.exception.decision.rule), ("token python", "actions"))

    def test_refuses_a_wrong_token(self) -> None:
        with self.assertRaises(latchkey.AuthenticationError) as caught:
            self.client(os.environ["LATCHKEY_TRY_TOKEN"][:-20] + "A" * 20).whoami()
        self.assertEqual(caught.exception.code, "invalid_token")

    def test_exchanges_a_personal_access_token_and_ends_it(self) -> None:
        client = self.client(os.environ["LATCHKEY_TRY_PERSONAL"])
        self.assertEqual(client.whoami().kind, "access")
        self.assertTrue(client.revoke())
        with self.assertRaises(latchkey.AuthenticationError):
            client.whoami()


if __name__ == "__main__":
    unittest.main()
