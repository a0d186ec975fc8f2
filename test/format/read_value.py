"""Reads stored values with nothing but the Python standard library, written from docs/format-values.md alone.

    python3 read_value.py FILE     FILE has lines "name: hex"; prints {name: view} as JSON

The view says what JSON cannot: {"$date": milliseconds}, {"$map": [[key, value] ...]} and so on; objects are lists of pairs, so that
the order of their keys shows.
"""

import json
import struct
import sys

SMALLEST = {24: 24, 25: 1 << 8, 26: 1 << 16, 27: 1 << 32}
WIDTH = {24: "B", 25: "H", 26: "I", 27: "Q"}
TYPED = {
    68: ("Uint8ClampedArray", "B"),
    69: ("Uint16Array", "H"),
    70: ("Uint32Array", "I"),
    71: ("BigUint64Array", "Q"),
    72: ("Int8Array", "b"),
    77: ("Int16Array", "h"),
    78: ("Int32Array", "i"),
    79: ("BigInt64Array", "q"),
    84: ("Float16Array", "e"),
    85: ("Float32Array", "f"),
    86: ("Float64Array", "d"),
}
OURS = 0x574D4B00
TABLE = OURS + 7
BYTES = {OURS + 4: "$buffer", OURS + 5: "$arrayBuffer", OURS + 6: "$dataView"}


class Damaged(Exception):
    pass


class Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0
        self.shared = 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise Damaged("the bytes end here")
        part = self.data[self.at : self.at + count]
        self.at += count
        return part

    def unpack(self, code):
        return struct.unpack(">" + code, self.take(struct.calcsize(code)))[0]

    def head(self):
        initial = self.take(1)[0]
        major, info = initial >> 5, initial & 31
        if major == 7 or info < 24:
            return major, info
        if info > 27:
            raise Damaged("indefinite length")
        argument = self.unpack(WIDTH[info])
        if argument < SMALLEST[info]:
            raise Damaged("not the shortest head")
        return major, argument

    def expect(self, wanted):
        major, argument = self.head()
        if major != wanted:
            raise Damaged(f"major type {major} instead of {wanted}")
        return argument

    def value(self):
        major, argument = self.head()
        if major == 0:
            return argument
        if major == 1:
            return -1 - argument
        if major == 2:
            return {"$bytes": self.take(argument).hex()}
        if major == 3:
            return self.take(argument).decode("utf-8")
        if major == 4:
            return [self.value() for _ in range(argument)]
        if major == 5:
            return {"$object": [[self.text(), self.value()] for _ in range(argument)]}
        if major == 6:
            return self.tagged(argument)
        return self.simple(argument)

    def text(self):
        text = self.value()
        if not isinstance(text, str):
            raise Damaged("no text where one must be")
        return text

    def simple(self, info):
        if info in (20, 21):
            return info == 21
        if info == 22:
            return None
        if info == 23:
            return {"$undefined": True}
        if info in (25, 26, 27):
            return number(self.unpack({25: "e", 26: "f", 27: "d"}[info]))
        raise Damaged("unknown simple value")

    def tagged(self, tag):
        if tag == 1:
            seconds = self.value()
            return {"$date": None if seconds == {"$number": "NaN"} else seconds * 1000}
        if tag == 2:
            return {"$bigint": str(int.from_bytes(self.take(self.expect(2)), "big"))}
        if tag == 3:
            return {"$bigint": str(-1 - int.from_bytes(self.take(self.expect(2)), "big"))}
        if tag == 28:
            mine = self.shared
            self.shared += 1
            return {"$shared": mine, "value": self.value()}
        if tag == 29:
            return {"$reference": self.expect(0)}
        if tag == 31:
            self.value()
            return {"$absent": True}
        if tag == 32:
            return {"$url": self.text()}
        if tag == 258:
            return {"$set": self.value()}
        if tag == 259:
            return {"$map": [[self.value(), self.value()] for _ in range(self.expect(5))]}
        if tag == 273:
            # A surrogate is three bytes here; Python passes it on, and joins none.
            return self.take(self.expect(2)).decode("utf-8", "surrogatepass")
        if tag == 1001:
            fields = {self.value(): self.value() for _ in range(self.expect(5))}
            return {"$date": fields[1] * 1000 + fields[-3]}
        if tag == 21066:
            return {"$regexp": self.value()}
        if tag == OURS + 1:
            name, content = self.value()
            return {"$class": [name, content]}
        if tag == OURS + 2:
            return {"$error": self.value()["$object"]}
        if tag == OURS + 3:
            return {"$nullPrototype": self.value()["$object"]}
        if tag == TABLE:
            # Its columns are not for this reader.
            return {"$table": len(self.value())}
        if tag in BYTES:
            return {BYTES[tag]: self.take(self.expect(2)).hex()}
        if tag in TYPED:
            name, code = TYPED[tag]
            data = self.take(self.expect(2))
            elements = struct.unpack(f"<{len(data) // struct.calcsize(code)}{code}", data)
            return {"$typed": [name, [element(name, each) for each in elements]]}
        raise Damaged(f"unknown tag {tag}")


def element(name, value):
    return str(value) if name.startswith("Big") else number(value)


def number(value):
    """A number as JSON has it, or in words."""
    if value != value:
        return {"$number": "NaN"}
    if value in (float("inf"), float("-inf")):
        return {"$number": "Infinity" if value > 0 else "-Infinity"}
    if value == 0 and str(value).startswith("-"):
        return {"$number": "-0"}
    return value


def read(data):
    reader = Reader(data)
    value = reader.value()
    if reader.at != len(data):
        raise Damaged("bytes after the end")
    return value


def plain(view):
    """A view as Python has it, for values that only hold what JSON can and bytes."""
    if isinstance(view, list):
        return [plain(each) for each in view]
    if isinstance(view, dict) and "$object" in view:
        return {key: plain(each) for key, each in view["$object"]}
    if isinstance(view, dict) and ("$bytes" in view or "$buffer" in view):
        return bytes.fromhex(view.get("$bytes") or view.get("$buffer") or "")
    return view


def main():
    views = {}
    with open(sys.argv[1], encoding="ascii") as lines:
        for line in lines:
            name, _, encoded = line.strip().rpartition(": ")
            views[name] = read(bytes.fromhex(encoded))
    print(json.dumps(views))


if __name__ == "__main__":
    main()
