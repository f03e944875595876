"""The messages of hello.v1, written by hand from the .proto, so that nothing is shared with the code under test."""

PREFIX = "/hello.v1.GreeterService/"


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode(text, count=0):
    """Field 1: string; field 2: uint32."""
    data = text.encode()
    body = b"\x0a" + varint(len(data)) + data if data else b""
    return body + (b"\x10" + varint(count) if count else b"")


def decode(body):
    fields, at = {}, 0

    def read_varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = body[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(body):
        tag = read_varint()
        value = read_varint()
        if tag & 7 == 2:
            fields[tag >> 3] = body[at : at + value].decode()
            at += value
        else:
            fields[tag >> 3] = value
    return fields
