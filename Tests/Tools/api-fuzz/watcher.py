"""Reads an agent's events while other requests cause them, and checks each."""

import http.client
import json
import socket
import threading

import jsonschema_rs


class Watcher:
    def __init__(self, path: str, document: dict) -> None:
        self._event = jsonschema_rs.Draft202012Validator(
            {"$ref": "#/components/schemas/AgentEvent", "components": document["components"]}
        )
        self.events = 0
        self.wrong: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._socket.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        self._response = http.client.HTTPResponse(self._socket)
        self._response.begin()
        self.status = self._response.status
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _read(self) -> None:
        fields: dict[str, str] = {}
        try:
            for line in self._response:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name in ("id", "event", "data"):
                    fields[name] = value
                elif name == "":
                    self._look(fields)
                    fields = {}
                elif name != ":":
                    self.wrong.append(f"this is not a field of an event: {line}")
        except (OSError, ValueError, http.client.HTTPException):
            # Closed by either side; `Agent.require_alive` reports a failure.
            pass

    def _look(self, fields: dict[str, str]) -> None:
        if "data" not in fields:
            return
        self.events += 1
        data = json.loads(fields["data"])
        if not self._event.is_valid(data) or (data["id"], data["event"]) != (fields["id"], fields["event"]):
            self.wrong.append(f"this event is not described: {fields}")
