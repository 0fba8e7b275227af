"""The yardstick: a paho subscriber that does nothing but ack, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import paho.mqtt.client as mqtt

from bench import backlog

CLIENT_ID = "bench-noop"


def run(port: int, number: int, protocol: int) -> float:
    """Messages a second of the yardstick on a backlog of `number` messages queued for CLIENT_ID."""
    words = [sys.executable, "-m", "bench.noop", str(port), str(number), str(protocol)]
    return float(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def _drain(port: int, number: int, protocol: int) -> float:
    done = threading.Event()
    seen = 0
    began = 0.0

    def on_message(client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        nonlocal seen, began
        client.ack(message.mid, message.qos)
        seen += 1
        if seen == 1:
            began = time.perf_counter()
        if seen == number:
            done.set()

    client = backlog.make_client(CLIENT_ID, protocol)
    client.on_message = on_message
    backlog.connect(client, port, 5000, protocol)
    client.loop_start()
    if not done.wait(120):
        raise RuntimeError(f"only {seen} of {number} messages came")
    seconds = time.perf_counter() - began
    client.disconnect()
    client.loop_stop()
    return (number - 1) / seconds


if __name__ == "__main__":
    print(_drain(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
