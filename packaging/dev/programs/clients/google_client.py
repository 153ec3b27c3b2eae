"""Calls an API with Google's library. usage: google_client.py CONFIGURATION URL"""

import json
import sys

from google.auth import identity_pool, pluggable
from google.auth.transport.requests import AuthorizedSession

# Not google.auth.load_credentials_from_file, which asks Google for the project's name.
with open(sys.argv[1]) as file:
    is_executable = "executable" in json.load(file)["credential_source"]
kind = pluggable.Credentials if is_executable else identity_pool.Credentials
credentials = kind.from_file(sys.argv[1], scopes=["https://www.googleapis.com/auth/cloud-platform"])
reply = AuthorizedSession(credentials).get(f"{sys.argv[2]}/storage", timeout=60)
print(reply.status_code, reply.text)
reply.raise_for_status()
