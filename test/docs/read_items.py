"""What a run's records say of items, as docs/format.md describes it under "Items"."""

import struct

MASK = (1 << 32) - 1
DIGEST_BYTES = 11


def varints(data):
    value, shift = 0, 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield value
            value, shift = 0, 0


def ranges_in(stored):
    if not isinstance(stored, bytes):
        return [tuple(pair) for pair in stored]
    numbers, ranges, after = list(varints(stored)), [], 0
    for gap, more in zip(numbers[::2], numbers[1::2]):
        ranges.append((after + gap, after + gap + more))
        after += gap + more + 1
    return ranges


def results_in(data):
    results, index, at = [], 0, 0
    while at < len(data):
        head = []
        while len(head) < 2:
            end = at
            while data[end] >= 0x80:
                end += 1
            head += varints(data[at : end + 1])
            at = end + 1
        step, length = head
        index += step // 2 if step % 2 == 0 else -(step + 1) // 2
        results.append((index, data[at : at + length]))
        at += length
    return results


def digest_of(key, salt):
    """Chaskey-12, cut."""
    data = key.encode("utf-8", "surrogatepass")

    def turn(value, bits):
        return (value << bits | value >> 32 - bits) & MASK

    def doubled(number):
        return (number << 1) % (1 << 128) ^ (0x87 if number >> 127 else 0)

    def permuted(number):
        v = list(struct.unpack("<4I", number.to_bytes(16, "little")))
        for _ in range(12):
            v[0] = v[0] + v[1] & MASK
            v[1] = turn(v[1], 5) ^ v[0]
            v[0] = turn(v[0], 16)
            v[2] = v[2] + v[3] & MASK
            v[3] = turn(v[3], 8) ^ v[2]
            v[0] = v[0] + v[3] & MASK
            v[3] = turn(v[3], 13) ^ v[0]
            v[2] = v[2] + v[1] & MASK
            v[1] = turn(v[1], 7) ^ v[2]
            v[2] = turn(v[2], 16)
        return int.from_bytes(struct.pack("<4I", *v), "little")

    state = int.from_bytes(salt, "little")
    last = doubled(state)
    if len(data) == 0 or len(data) % 16 > 0:
        last = doubled(last)
        data += b"\x01"
        data += bytes(-len(data) % 16)
    for at in range(0, len(data), 16):
        state ^= int.from_bytes(data[at : at + 16], "little")
        if at + 16 == len(data):
            state ^= last
        state = permuted(state)
    return (state ^ last).to_bytes(16, "little")[:DIGEST_BYTES]


class Items:
    """The finished items of one stage."""

    def __init__(self, started):
        self.salt = started.get("keySalt", bytes(16))
        self.indexes, self.digests, self.results = set(), set(), []

    def add(self, record):
        for low, high in ranges_in(record.get("ranges", [])):
            self.indexes.update(range(low, high + 1))
        if "completed" in record:
            self.indexes = {index for low, high in ranges_in(record["completed"]) for index in range(low, high + 1)}
        digests = record.get("keyDigests", b"")
        self.digests.update(digests[at : at + DIGEST_BYTES] for at in range(0, len(digests), DIGEST_BYTES))
        self.digests.update(digest_of(key, self.salt) for key in record.get("keys", []))
        self.results += results_in(record["resultBytes"]) if "resultBytes" in record else record.get("results", [])

    def facts(self, keys):
        return {
            "indexes": len(self.indexes),
            "keys": len(self.digests),
            "known": [key for key in keys if digest_of(key, self.salt) in self.digests],
            "results": sorted([index, value.hex()] for index, value in self.results),
        }


def items_of(contents, keys):
    """Of the records of one run, in order: what is finished of each stage with items."""
    stages = {}
    for content in contents:
        path = content.get("path")
        if content["type"] == "stage.started" and content["kind"] == "each" and (path not in stages or "redo" in content):
            stages[path] = Items(content)
        elif content["type"] == "stage.progress" and path in stages:
            stages[path].add(content)
    return {path: items.facts(keys) for path, items in stages.items()}
