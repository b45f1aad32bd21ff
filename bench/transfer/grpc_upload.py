"""Candidate: an upload over grpcio, the transport of Flower, FLARE and OpenFL: a stream of 1 MiB messages under mutual TLS,
written, hashed and synced at the other end. Arguments: a TransferTask, then `receive`, or the Node that runs the relay, to
send."""

import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from concurrent import futures

import grpc

task = json.loads(sys.argv[1])
tls = {name: open(path, "rb").read() for name, path in task["tls"].items()}
options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
method = "/bench/Upload"
chunk_bytes = 1 << 20


def receive():
    def store(messages, _):
        digest = hashlib.sha256()
        with open(os.path.join(task["folder"], f"grpc-{os.getpid()}"), "wb") as file:
            for message in messages:
                digest.update(message)
                file.write(message)
            file.flush()
            os.fsync(file.fileno())
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return json.dumps([digest.hexdigest(), peak_mb, usage.ru_utime + usage.ru_stime]).encode()

    handler = grpc.stream_unary_rpc_method_handler(store)
    server = grpc.server(futures.ThreadPoolExecutor(4), options=options)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("bench", {"Upload": handler})])
    pair = [(tls["serverKey"], tls["serverChain"])]
    credentials = grpc.ssl_server_credentials(pair, tls["root"], require_client_auth=True)
    print(server.add_secure_port("localhost:0", credentials), flush=True)
    server.start()
    server.wait_for_termination()


def chunks(path):
    with open(path, "rb") as file:
        while data := file.read(chunk_bytes):
            yield data


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def send():
    helpers = [subprocess.Popen([sys.executable, *sys.argv[:2], "receive"], stdout=subprocess.PIPE)]
    try:
        port = int(helpers[0].stdout.readline())
        if task["delayMs"] > 0:
            relay = [sys.argv[2], os.path.join(os.path.dirname(__file__), "relay.ts"), str(port), str(task["delayMs"])]
            helpers.append(subprocess.Popen(relay, stdout=subprocess.PIPE))
            port = int(helpers[1].stdout.readline())
        credentials = grpc.ssl_channel_credentials(tls["root"], tls["siteKey"], tls["siteChain"])
        with grpc.secure_channel(f"localhost:{port}", credentials, options) as channel:
            upload = channel.stream_unary(method)
            _, _, cpu_at_other_end = json.loads(upload(chunks(task["files"][0])))
            cpu_before = cpu_seconds()
            before = time.perf_counter()
            digest, peak_mb, cpu_then = json.loads(upload(chunks(task["files"][1])))
            seconds = time.perf_counter() - before
        print(
            json.dumps(
                {
                    "value": task["byteLength"] / 2**20 / seconds,
                    "cpuSeconds": cpu_seconds() - cpu_before + cpu_then - cpu_at_other_end,
                    "peakMb": peak_mb,
                    "outcome": digest,
                }
            )
        )
    finally:
        for helper in helpers:
            helper.kill()


if sys.argv[2] == "receive":
    receive()
else:
    send()
