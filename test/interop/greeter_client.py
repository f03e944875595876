"""Calls a greeter with gRPC's C core and prints what came of it as one line of JSON.

usage: greeter_client.py TARGET CA_PEM CERT_PEM KEY_PEM
"""

import json
import sys
import threading
import time

import grpc
from greeter_wire import PREFIX, decode, encode


def read(path):
    with open(path, "rb") as file:
        return file.read()


def kinds(channel):
    same = {"request_serializer": lambda b: b, "response_deserializer": decode}
    return {
        "hello": channel.unary_unary(PREFIX + "SayHello", **same),
        "many": channel.unary_stream(PREFIX + "SayManyHellos", **same),
        "collect": channel.stream_unary(PREFIX + "CollectHellos", **same),
        "chat": channel.stream_stream(PREFIX + "Chat", **same),
    }


def failure(call):
    try:
        call()
    except grpc.RpcError as error:
        trailer = {key: value for key, value in (error.trailing_metadata() or ()) if key.startswith("x-")}
        return {"code": error.code().name, "details": error.details(), "trailer": trailer}
    return {"code": "OK"}


def main():
    target, ca, cert, key = sys.argv[1:]
    credentials = grpc.ssl_channel_credentials(read(ca), read(key), read(cert))
    results = {}
    with grpc.secure_channel(target, credentials) as channel:
        call = kinds(channel)
        results["unary"] = call["hello"](encode("Ada"), timeout=10)[1]
        results["server"] = [m[1] for m in call["many"](encode("Ada", 3), timeout=10)]
        results["client"] = call["collect"](iter([encode("Ada"), encode("Grace")]), timeout=10)
        results["bidi"] = [m[1] for m in call["chat"](iter([encode("Ada"), encode("Grace")]), timeout=10)]

        metadata = (("x-text", "plain"), ("x-raw-bin", b"\x00\x01\xfe\xff"))
        response, outcome = call["hello"].with_call(encode("metadata"), timeout=10, metadata=metadata)
        results["header"] = {k: v if isinstance(v, str) else v.hex() for k, v in outcome.initial_metadata() if k.startswith("x-")}
        results["trailer"] = {k: v if isinstance(v, str) else v.hex() for k, v in outcome.trailing_metadata() if k.startswith("x-")}

        results["status"] = failure(lambda: call["hello"](encode("not found"), timeout=10))
        start = time.monotonic()
        results["deadline"] = failure(lambda: call["hello"](encode("hang"), timeout=0.3))
        results["deadlineSeconds"] = time.monotonic() - start
        results["unknown"] = failure(
            lambda: channel.unary_unary(PREFIX + "Nope", request_serializer=lambda b: b, response_deserializer=decode)(b"", timeout=10)
        )

        stream = call["chat"](endless(), timeout=10)
        next(stream)
        stream.cancel()
        results["cancelled"] = failure(lambda: list(stream))["code"]
    print(json.dumps(results))


stop = threading.Event()


def endless():
    while not stop.wait(0.01):
        yield encode("again")


main()
stop.set()
