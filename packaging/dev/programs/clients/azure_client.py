"""Gets a token of the managed identity and calls an API with it. usage: azure_client.py RESOURCE URL"""

import os
import sys

import msal
import requests

resource, url = sys.argv[1:]
client = msal.ManagedIdentityClient(msal.SystemAssignedManagedIdentity(), http_client=requests.Session())
result = client.acquire_token_for_client(resource=resource)
if "access_token" not in result:
    sys.exit(f"msal: {result}")
print("msal:", {name: value for name, value in result.items() if name != "access_token"})
probe = requests.get(os.environ["IDENTITY_ENDPOINT"], timeout=10, headers={"Metadata": "true"},
                     params={"api-version": "2019-08-01", "resource": resource})
print("without the secret:", probe.status_code)
reply = requests.get(url, headers={"Authorization": f"Bearer {result['access_token']}"}, timeout=30)
print(reply.status_code, reply.text)
reply.raise_for_status()
