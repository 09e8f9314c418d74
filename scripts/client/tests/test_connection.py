"""Requests: connections that are kept, retries, and errors."""

import http.server
import threading

import numpy
import pytest

from influenced import Service, ServiceError, Unreachable
from influenced.connection import Connection, plain, seconds_of


class Script(http.server.ThreadingHTTPServer):
    """A server that answers with the statuses of a list, one after the other."""

    def __init__(self, answers):
        self.answers = list(answers)
        self.connections = 0
        self.requests = []
        super().__init__(("127.0.0.1", 0), Handler)

    def process_request(self, request, address):
        self.connections += 1
        super().process_request(request, address)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append(dict(self.headers))
        status, fields, body = self.server.answers.pop(0)
        if status == 0:
            # The connection breaks without an answer.
            self.close_connection = True
            return
        self.send_response(status)
        for field, value in {**fields, "Content-Length": str(len(body))}.items():
            self.send_header(field, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST

    def log_message(self, *_):
        pass


@pytest.fixture
def script():
    servers = []

    def start(*answers, **options):
        server = Script(answers)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        options = {"timeout": 5, "retries": 3, **options}
        return server, Connection(f"http://127.0.0.1:{server.server_port}", "secret", **options)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_connection_is_kept_and_token_sent(script):
    server, connection = script((200, {}, b"{}"), (200, {}, b"[1]"), (204, {}, b""))
    assert connection.json("GET", "/a") == {}
    assert connection.json("GET", "/b") == [1]
    assert connection.json("PUT", "/c") is None
    assert server.connections == 1
    assert server.requests[0]["Authorization"] == "Bearer secret"


@pytest.mark.parametrize("status", [429, 503])
def test_busy_service_is_asked_again(script, status):
    server, connection = script((status, {"Retry-After": "0"}, b"{}"), (200, {}, b'{"done": true}'))
    assert connection.json("POST", "/a", {}) == {"done": True}
    first, second = server.requests
    assert first["Idempotency-Key"] == second["Idempotency-Key"]


def test_busy_service_is_given_up(script):
    server, connection = script(*[(503, {"Retry-After": "0"}, b'{"detail": "full"}')] * 2, retries=1)
    with pytest.raises(ServiceError, match="full") as error:
        connection.json("GET", "/a")
    assert error.value.status == 503
    assert len(server.requests) == 2


def test_lost_connection_is_made_again(script):
    server, connection = script((0, {}, b""), (200, {}, b"{}"))
    assert connection.json("POST", "/a", {}) == {}
    assert server.connections == 2


def test_pieces_are_sent_again(script):
    server, connection = script((503, {"Retry-After": "0"}, b"{}"), (200, {}, b'{"id": 1}'))
    assert connection.put("/a", 6, lambda: iter([b"abc", b"def"])) == {"id": 1}
    assert [request["Content-Length"] for request in server.requests] == ["6", "6"]


def test_answers_that_are_no_json(script):
    _, connection = script((502, {}, b"<html>bad gateway</html>"))
    with pytest.raises(ServiceError, match="bad gateway"):
        connection.json("GET", "/a")


def test_nobody_answers():
    with pytest.raises(Unreachable, match="influence up"):
        Service("http://127.0.0.1:9", retries=0).models()
    assert not Service("http://127.0.0.1:9", retries=0).is_up()


@pytest.mark.parametrize("address", ["ftp://a", "http://"])
def test_wrong_addresses(address):
    with pytest.raises(ValueError, match="must be like"):
        Service(address)


def test_retry_after():
    assert seconds_of("2") == 2
    assert seconds_of("1000") == 60
    assert seconds_of("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert seconds_of("soon") == 1


def test_numbers_of_numpy_are_plain():
    assert plain(numpy.float32(0.5)) == 0.5
    assert plain(numpy.arange(3)) == [0, 1, 2]
    with pytest.raises(TypeError, match="object"):
        plain(object())


def test_all_faults_are_named(service, mlp):
    with pytest.raises(ServiceError) as error:
        service.submit("remove", model="mlp", indices=[0], estimator="gef", damping=-1)
    assert error.value.status == 422
    assert {fault.pointer for fault in error.value.faults} == {"/estimator", "/damping"}
    assert "did you mean" in str(error.value)


def test_info_and_pages(service, digits):
    assert service.info().name == "influenced"
    assert "remove" in {entry.kind for entry in service.info().capabilities.job_kinds}
    assert list(service.pages("/v1/datasets", limit=1))[0]["name"]
    many = list(service.pages("/v1/datasets?limit=1"))
    assert len(many) == len(service.datasets())
    assert "digits" in repr(service.datasets()) and "<table>" in service.datasets()._repr_html_()
