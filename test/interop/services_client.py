"""Reads error details, health and reflection with gRPC's C core, and prints what came of it as one line of JSON.

The messages of google.rpc, grpc.health.v1 and grpc.reflection are read by their numbers, written here by hand, so that nothing
is shared with the code under test. Those of hello.v1 come from reflection alone.

usage: services_client.py TARGET CA_PEM CERT_PEM KEY_PEM
"""

import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from greeter_wire import varint

SERVING = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}


def read(path):
    with open(path, "rb") as file:
        return file.read()


def fields(body):
    """All values of each field: numbers, or bytes."""
    found, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = body[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(body):
        tag = number()
        value = number()
        if tag & 7 == 2:
            at += value
            value = body[at - value : at]
        found.setdefault(tag >> 3, []).append(value)
    return found


def text(field, value):
    data = value.encode()
    return bytes([field << 3 | 2]) + varint(len(data)) + data


def raw(channel, kind, path):
    same = lambda body: body
    return getattr(channel, kind)(path, request_serializer=same, response_deserializer=same)


def failure(call):
    try:
        call()
    except grpc.RpcError as error:
        return error
    raise AssertionError("the call succeeded")


def details_of(error):
    """As grpc_status.rpc_status.from_call does it: code and message have to agree."""
    trailer = dict(error.trailing_metadata())
    status = fields(trailer["grpc-status-details-bin"])
    assert status[1] == [error.code().value[0]], status
    assert status.get(2, [b""]) == [error.details().encode()], status
    found = []
    for packed in status[3]:
        packed = fields(packed)
        found.append((packed[1][0].decode(), packed[2][0]))
    return found


def error_details(channel, greeter):
    error = failure(lambda: greeter("SayHello", name="details"))
    (bad_url, bad), (info_url, info) = details_of(error)
    violation = fields(fields(bad)[1][0])
    return {
        "code": error.code().name,
        "message": error.details(),
        "types": [bad_url, info_url],
        "violation": [violation[number][0].decode() for number in (1, 2, 3)],
        "reason": fields(info)[1][0].decode(),
    }


def health(channel):
    check = raw(channel, "unary_unary", "/grpc.health.v1.Health/Check")
    status = lambda body: SERVING[fields(body).get(1, [0])[0]]
    watch = raw(channel, "unary_stream", "/grpc.health.v1.Health/Watch")(text(1, "hello.v1.GreeterService"), timeout=20)
    first = status(next(watch))
    watch.cancel()
    unknown = raw(channel, "unary_stream", "/grpc.health.v1.Health/Watch")(text(1, "nope"), timeout=20)
    first_unknown = status(next(unknown))
    unknown.cancel()
    listed = fields(raw(channel, "unary_unary", "/grpc.health.v1.Health/List")(b"", timeout=20))
    return {
        "server": status(check(b"", timeout=20)),
        "greeter": status(check(text(1, "hello.v1.GreeterService"), timeout=20)),
        "unknown": failure(lambda: check(text(1, "nope"), timeout=20)).code().name,
        "watch": first,
        "watchUnknown": first_unknown,
        "list": {fields(entry).get(1, [b""])[0].decode(): status(fields(entry)[2][0]) for entry in listed[1]},
    }


class Reflected:
    """A client that knows nothing but what reflection says."""

    def __init__(self, channel, version):
        self.channel = channel
        path = "/grpc.reflection.%s.ServerReflection/ServerReflectionInfo" % version
        self.info = raw(channel, "stream_stream", path)
        self.pool = descriptor_pool.DescriptorPool()

    def ask(self, *requests):
        return [fields(body) for body in self.info(iter(requests), timeout=20)]

    def services(self):
        (answer,) = self.ask(text(7, ""))
        return [fields(service)[1][0].decode() for service in fields(answer[6][0])[1]]

    def missing(self):
        (answer,) = self.ask(text(4, "no.such.Thing"))
        return fields(answer[7][0])[1][0]

    def load(self, symbol):
        (answer,) = self.ask(text(4, symbol))
        for file in reversed(fields(answer[4][0])[1]):
            self.pool.Add(descriptor_pb2.FileDescriptorProto.FromString(file))

    def call(self, method_name, **values):
        method = self.pool.FindServiceByName("hello.v1.GreeterService").methods_by_name[method_name]
        factory = message_factory.MessageFactory(self.pool)
        request = factory.GetPrototype(method.input_type)(**values)
        response = factory.GetPrototype(method.output_type)
        path = "/hello.v1.GreeterService/" + method_name
        return self.channel.unary_unary(
            path, request_serializer=lambda it: it.SerializeToString(), response_deserializer=response.FromString
        )(request, timeout=20)


def main():
    target, ca, cert, key = sys.argv[1:]
    credentials = grpc.ssl_channel_credentials(read(ca), read(key), read(cert))
    results = {}
    with grpc.secure_channel(target, credentials) as channel:
        for version in ("v1", "v1alpha"):
            reflected = Reflected(channel, version)
            reflected.load("hello.v1.GreeterService")
            results[version] = {
                "services": reflected.services(),
                "missing": reflected.missing(),
                "greeting": reflected.call("SayHello", name="Ada").greeting,
            }
        results["details"] = error_details(channel, reflected.call)
        results["health"] = health(channel)
    print(json.dumps(results))


main()
