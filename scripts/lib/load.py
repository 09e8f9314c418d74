"""Idle and slow connections: load.py idle|slow URL PROCESS CONNECTIONS HEAD_DEADLINE BODY_DEADLINE. See scripts/load."""

import multiprocessing
import os
import selectors
import socket
import sys
import time
import urllib.parse

from service_client import Client, Failure

BYTES_A_CONNECTION = 11_000
POLL_SECONDS = 0.020
POLLERS = 4
POLLS_A_SECOND = 200

NETWORK = {
    "layers": [
        {"type": "conv2d", "out_channels": 16, "kernel_size": 3, "padding": 1},
        {"type": "relu"},
        {"type": "flatten"},
        {"type": "linear", "out_features": 10},
    ]
}


def head(method, path, *fields):
    """A request as far as its body."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *fields, "", ""]).encode()


def read_answer(connection):
    """Status and body of an answer with Content-Length."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        part = connection.recv(65536)
        if not part:
            raise Failure("the server has closed a connection it should keep")
        raw += part
    lines, _, body = raw.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in lines.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        part = connection.recv(65536)
        if not part:
            raise Failure("the server has closed a connection within an answer")
        body += part
    return int(lines.split()[1]), body


class Server(Client):
    """The server under load: asked as by any client, over connections that are used byte by byte, and by its process."""

    def __init__(self, url, process):
        super().__init__(url)
        place = urllib.parse.urlsplit(url)
        self.address = (place.hostname, place.port)
        self.process = process
        self.job = None

    def connect(self):
        connection = socket.create_connection(self.address, timeout=30)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def resident(self):
        with open(f"/proc/{self.process}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def start_training(self):
        self.json("POST", "/v1/datasets", {"name": "digits", "source": {"format": "builtin", "name": "digits"}})
        training = {"optimizer": "sgd", "learning_rate": 0.01, "epochs": 100_000, "batch_size": 64}
        model = {"name": "load", "dataset": "digits", "architecture": NETWORK, "training": training}
        self.job = self.json("POST", "/v1/models", model)["id"]
        while self.json("GET", f"/v1/jobs/{self.job}")["state"] == "queued":
            time.sleep(0.1)

    def progress(self):
        job = self.json("GET", f"/v1/jobs/{self.job}")
        if job["state"] != "running":
            raise Failure(f"the training is {job['state']}")
        return job["progress"]["fraction"]


def poll(server, job, seconds_between, channel):
    """A process of its own: asks for the job again and again until told to stop; hands back how long each answer took."""
    times = []
    with server.connect() as connection:
        ask = head("GET", f"/v1/jobs/{job}")
        while not channel.poll():
            began = time.perf_counter()
            connection.sendall(ask)
            status, _ = read_answer(connection)
            times.append(time.perf_counter() - began)
            if status != 200:
                raise Failure(f"a poll was answered with {status}")
            time.sleep(max(0.0, seconds_between - times[-1]))
    channel.send(times)


class Polls:
    """Polls of the job for the length of a `with`."""

    def __init__(self, server):
        self.server = server
        self.times = []

    def __enter__(self):
        self.fraction = self.server.progress()
        self.pollers = []
        for _ in range(POLLERS):
            here, there = multiprocessing.Pipe()
            process = multiprocessing.Process(
                target=poll, args=(self.server, self.server.job, POLLERS / POLLS_A_SECOND, there), daemon=True
            )
            process.start()
            self.pollers.append((process, here))
        return self

    def __exit__(self, kind, *_):
        for process, channel in self.pollers:
            channel.send(None)
            if kind is None:
                if not channel.poll(30):
                    raise Failure("polls are not answered")
                self.times += channel.recv()
            process.join(5)
            process.kill()

    def judge(self):
        times = sorted(self.times)
        median, most, last = (times[int(len(times) * share)] for share in (0.5, 0.99, 0.999999))
        fraction = self.server.progress()
        print(
            f"  {len(times)} polls: median {1000 * median:.2f} ms, 99th percentile {1000 * most:.2f} ms, "
            f"slowest {1000 * last:.1f} ms; training from {100 * self.fraction:.2f} % to {100 * fraction:.2f} %"
        )
        if most > POLL_SECONDS:
            raise Failure(f"the 99th percentile of polls is over {1000 * POLL_SECONDS:.0f} ms")
        if fraction <= self.fraction:
            raise Failure("the training has not gone on")


def settle(server):
    """Resident memory once it has stopped growing."""
    least = server.resident()
    for _ in range(20):
        time.sleep(0.25)
        now = server.resident()
        if now <= least * 1.002:
            return now
        least = now
    return least


def idle(server, count):
    ask = head("GET", f"/v1/jobs/{server.job}")
    # Both are compared with the beginning: what the first left free, the second takes again.
    before = settle(server)
    for used in (False, True):
        connections = []
        with Polls(server) as polls:
            for _ in range(count):
                connection = server.connect()
                connections.append(connection)
                if used:
                    connection.sendall(ask)
                    read_answer(connection)
            time.sleep(2)
            after = settle(server)
            time.sleep(5)
        each = (after - before) / count
        kind = "that have made one request" if used else "that have sent nothing"
        print(
            f"{count} connections {kind}: resident memory {before / 1e6:.1f} MB before, {after / 1e6:.1f} MB with them, "
            f"{each:.0f} bytes each"
        )
        polls.judge()
        for connection in connections[:: max(1, count // 100)]:
            connection.sendall(ask)
            if read_answer(connection)[0] != 200:
                raise Failure("an idle connection is not answered")
        for connection in connections:
            connection.close()
        if each > BYTES_A_CONNECTION:
            raise Failure(f"a connection costs more than {BYTES_A_CONNECTION} bytes")


class Slow:
    """A client that is slow in one way."""

    def __init__(self, server, start, drip, deadline):
        self.drip = drip
        self.deadline = deadline
        self.began = time.monotonic()
        self.next = self.began + 1
        self.ended = None
        self.raw = b""
        self.connection = server.connect()
        self.connection.sendall(start)
        self.connection.setblocking(False)

    def step(self, now):
        if not self.drip or now < self.next:
            return
        self.next += 1
        try:
            self.connection.send(self.drip)
        except OSError:
            pass  # what it may still read tells how it was ended

    def readable(self, now):
        try:
            part = self.connection.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        self.raw += part
        if not part:
            self.ended = now - self.began


def slow(server, head_deadline, body_deadline):
    post = ("POST", "/v1/jobs")
    long = head(*post, "Content-Type: application/json", "Content-Length: 100000")
    chunked = head(*post, "Content-Type: application/json", "Transfer-Encoding: chunked")
    kinds = {
        "a head that stops": (b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nX-", b"", head_deadline),
        "a body that stops": (long + b'{"kind"', b"", body_deadline),
        "a byte a second with a length": (long, b" ", body_deadline),
        "a byte a second in chunks": (chunked, b"1\r\n \r\n", body_deadline),
    }
    with Polls(server) as polls:
        clients = {name: [Slow(server, *kind) for _ in range(16)] for name, kind in kinds.items()}
        # Four times the lowest rate allowed, for longer than the deadline.
        steady = server.connect()
        pieces = 4 * (body_deadline + 2)
        steady.sendall(head(*post, "Content-Type: application/json", f"Content-Length: {1024 * pieces}"))
        watch = selectors.DefaultSelector()
        for group in clients.values():
            for client in group:
                watch.register(client.connection, selectors.EVENT_READ, client)
        began = time.monotonic()
        limit = began + max(head_deadline, body_deadline) + 10
        sent = 0
        while time.monotonic() < limit and (watch.get_map() or sent < pieces):
            for key, _ in watch.select(0.05):
                key.data.readable(time.monotonic())
                if key.data.ended is not None:
                    watch.unregister(key.fileobj)
            now = time.monotonic()
            for group in clients.values():
                for client in group:
                    if client.ended is None:
                        client.step(now)
            while sent < pieces and now >= began + 0.25 * sent:
                steady.sendall(b" " * 1024)
                sent += 1
        status, _ = read_answer(steady)
    print(f"64 slow clients, deadlines of {head_deadline} s for a head and {body_deadline} s for a body:")
    faults = []
    for name, group in clients.items():
        ends = [client.ended for client in group]
        statuses = sorted({client.raw.split(b" ", 2)[1].decode() if client.raw else "close" for client in group})
        if None in ends:
            print(f"  {name}: {ends.count(None)} of {len(ends)} were not ended")
            faults.append(name)
            continue
        print(f"  {name}: ended after {min(ends):.1f} to {max(ends):.1f} s with {', '.join(statuses)}")
        # Deadlines are looked at twice a second.
        if max(ends) > group[0].deadline + 1.5 or min(ends) < group[0].deadline - 0.1 or not set(statuses) <= {"408", "close"}:
            faults.append(name)
    print(f"  4 KiB a second for {pieces // 4} s: answered with {status}")
    polls.judge()
    if faults:
        raise Failure("not ended by the deadline: " + "; ".join(faults))
    if status not in (400, 422):
        raise Failure("a client that is slow, but not too slow, got no answer")


def main(kind, url, process, connections, head_deadline, body_deadline):
    server = Server(url, int(process))
    try:
        server.start_training()
        if kind == "idle":
            idle(server, int(connections))
        else:
            slow(server, int(head_deadline), int(body_deadline))
        server.json("POST", f"/v1/jobs/{server.job}/cancel")
    except (Failure, OSError, ValueError) as error:
        print(f"  {error}", file=sys.stderr)
        return 1
    print("Within the bounds.")
    return 0


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    sys.exit(main(*sys.argv[1:]))
