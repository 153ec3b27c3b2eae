"""Lists the namespaces with the Python client. usage: kubernetes_client.py KUBECONFIG"""

import sys

from kubernetes import client, config

config.load_kube_config(sys.argv[1])
for namespace in client.CoreV1Api().list_namespace(_request_timeout=30).items:
    print(namespace.metadata.name)
