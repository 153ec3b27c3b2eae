"""moto on a free loopback port, until it is ended."""

import signal

from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
print(f"serving http://{host}:{port}", flush=True)
signal.pause()
