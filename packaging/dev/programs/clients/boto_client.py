"""Prints who AWS says that we are. With --probe it also asks the container endpoint without its secret."""

import os
import sys
import urllib.error
import urllib.request

import boto3

session = boto3.Session()
credentials = session.get_credentials()
print("credentials from", credentials.method)
print(session.client("sts").get_caller_identity()["Arn"])
if "--probe" in sys.argv:
    try:
        urllib.request.urlopen(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], timeout=10)
        print("without the secret: 200")
    except urllib.error.HTTPError as error:
        print("without the secret:", error.code)
