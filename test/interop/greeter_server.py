"""Serves a greeter with gRPC's C core; prints `listening` when it does, and ends when its standard input does.

usage: greeter_server.py ADDRESS CA_PEM CERT_PEM KEY_PEM
"""

import sys
import time
from concurrent import futures

import grpc
from greeter_wire import PREFIX, decode, encode


def read(path):
    with open(path, "rb") as file:
        return file.read()


def say_hello(request, context):
    name = request.get(1, "")
    if name == "not found":
        context.set_trailing_metadata((("x-trailer", "still here"),))
        context.abort(grpc.StatusCode.NOT_FOUND, "nobody of that name ☃")
    if name.startswith("details"):
        # google.rpc.Status {code: 5, message: "gone", details: [Any {google.rpc.ErrorInfo {reason: "GONE"}}]}, by hand.
        url = b"type.googleapis.com/google.rpc.ErrorInfo"
        packed = b"\x0a" + bytes([len(url)]) + url + b"\x12\x06\x0a\x04GONE"
        status = b"\x08\x05\x12\x04gone\x1a" + bytes([len(packed)]) + packed
        if name == "details of another status":
            status = b"\x08\x06" + status[2:]
        if name == "details that are cut":
            status = status[:-1]
        context.set_trailing_metadata((("grpc-status-details-bin", status),))
        context.abort(grpc.StatusCode.NOT_FOUND, "gone")
    if name == "hang":
        while context.is_active():
            time.sleep(0.01)
        return encode("")
    if name == "metadata":
        received = dict(context.invocation_metadata())
        context.send_initial_metadata((("x-echo", received["x-text"]), ("x-echo-bin", received["x-raw-bin"])))
        context.set_trailing_metadata((("x-trailer", "bye"),))
    return encode("Hello, " + name + ", " + str(context.time_remaining() is not None))


def say_many_hellos(request, context):
    for i in range(request.get(2, 0)):
        yield encode("Hello, %s, for time %d" % (request[1], i + 1))


def collect_hellos(requests, context):
    names = [request[1] for request in requests]
    return encode("Hello, " + " and ".join(names), len(names))


def chat(requests, context):
    for request in requests:
        yield encode("Hello, " + request[1])


def main():
    address, ca, cert, key = sys.argv[1:]
    same = {"request_deserializer": decode, "response_serializer": lambda b: b}
    handlers = {
        "SayHello": grpc.unary_unary_rpc_method_handler(say_hello, **same),
        "SayManyHellos": grpc.unary_stream_rpc_method_handler(say_many_hellos, **same),
        "CollectHellos": grpc.stream_unary_rpc_method_handler(collect_hellos, **same),
        "Chat": grpc.stream_stream_rpc_method_handler(chat, **same),
    }
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(PREFIX.strip("/"), handlers),))
    credentials = grpc.ssl_server_credentials([(read(key), read(cert))], read(ca), require_client_auth=True)
    server.add_secure_port(address, credentials)
    server.start()
    print("listening", flush=True)
    sys.stdin.read()
    server.stop(0)


main()
