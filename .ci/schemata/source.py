"""What is switched on in a source file: each mutant beside what it replaces.

`cargo mutants --list --json` says of each mutant what it replaces by what. An operator's mutant stands beside the whole chain of
operators, so that it binds as it does where the text alone is changed: `a + b * c`, not `(a + b) * c`.

    (if crate::mutant_switch::is_on(7) { a - b } else { a + b })

The body of a function begins with `if is_on(8) { return VALUE; }`, and an arm that is taken out of a `match` has a guard. A
function that gives an iterator without its type's name gives either one or the other.
"""

import dataclasses
import pathlib

import tree_sitter
import tree_sitter_rust

PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_rust.language()))
CHAIN = ("binary_expression", "compound_assignment_expr")
EITHER = "crate::mutant_switch::Either"
CONSTANT = ("const_item", "static_item", "const_block", "enum_variant", "array_type", "const_parameter")


@dataclasses.dataclass
class Mutant:
    number: int
    name: str
    file: str
    genre: str
    replacement: str
    returns: str
    start: int
    end: int

    @property
    def module(self):
        """`framework/src/policy/governor/mod.rs` is `policy::governor`."""
        parts = pathlib.PurePath(self.file).with_suffix("").parts[2:]
        return "::".join(part for part in parts if part != "mod")

    def text_alone(self, text):
        return text[: self.start] + self.replacement.encode() + text[self.end :]


@dataclasses.dataclass
class Place:
    """Where mutants are switched: a stretch of the source, or a point in it, and the texts of each of them."""

    start: int
    end: int
    mutants: list


@dataclasses.dataclass
class Written:
    """Where in the switched text a mutant's own part is, or with several numbers, what they are switched against."""

    start: int
    end: int
    numbers: list


class Source:
    def __init__(self, text):
        self.text = text
        self.root = PARSER.parse(text).root_node
        starts = [0]
        for line in text.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        self.line_starts = starts

    def offset(self, position):
        """Lines and columns are counted from 1, columns in characters."""
        start = self.line_starts[position["line"] - 1]
        line = self.text[start : self.line_starts[position["line"]]].decode()
        return start + len(line[: position["column"] - 1].encode())

    def mutant(self, number, listed):
        function = listed["function"] or {}
        span = listed["span"]
        return Mutant(
            number,
            listed["name"],
            listed["file"],
            listed["genre"],
            listed["replacement"],
            function.get("return_type", ""),
            self.offset(span["start"]),
            self.offset(span["end"]),
        )

    def why_not(self, mutant):
        """Why no switch can stand there, or `None`. What joins a `let` is no Rust with any other operator."""
        node = self.node(mutant)
        if mutant.genre == "BinaryOperator" and node.type not in CHAIN:
            return "joins a let"
        while node is not None:
            if node.type in CONSTANT or (node.type == "function_item" and is_const(node)):
                return "in a constant"
            if node.type == "function_item":
                return None
            if node.parent and node == node.parent.child_by_field_name("length"):
                return "in a constant"
            node = node.parent
        return None

    def node(self, mutant):
        """The smallest part of the syntax that the mutant changes as a whole."""
        node = self.root.descendant_for_byte_range(mutant.start, mutant.end)
        match mutant.genre:
            case "BinaryOperator" | "UnaryOperator":
                return node.parent
            case "StructField":
                return up(node, lambda n: n.type == "struct_expression")
            case "MatchArm":
                return up(node, lambda n: n.type == "match_arm" and n.start_byte <= mutant.start)
            case "FnValue":
                return up(node, lambda n: n.type == "function_item" and body(n).start_byte < mutant.start)
        return node

    def place(self, mutant):
        """Where a mutant is switched, what stands there before the source's own text, and after it."""
        node = self.node(mutant)
        switch = f"crate::mutant_switch::is_on({mutant.number})"
        if mutant.genre == "FnValue" and mutant.returns.startswith("-> impl "):
            inside = body(node).start_byte + 1, body(node).end_byte - 1
            return *inside, f"if {switch} {{ {EITHER}::Left({mutant.replacement}) }} else {{ {EITHER}::Right(", ") }"
        if mutant.genre == "FnValue":
            at = body(node).start_byte + 1
            return at, at, f" if {switch} {{ return {mutant.replacement}; }} ", ""
        if mutant.genre == "MatchArm":
            at = next(child for child in node.children if child.type == "=>").start_byte
            return at, at, f" if !{switch} ", ""
        start, end = mutant.start, mutant.end
        if mutant.genre != "MatchArmGuard":
            while mutant.genre == "BinaryOperator" and node.parent.type == "binary_expression":
                node = node.parent
            start, end = node.start_byte, node.end_byte
        without = self.text[start : mutant.start], self.text[mutant.end : end]
        return start, end, f"if {switch} {{ {without[0].decode()}{mutant.replacement}{without[1].decode()} }} else ", ""

    def switched(self, mutants, head=b""):
        """The text with all of them in it, and where each is."""
        places = {}
        for mutant in mutants:
            start, end, *texts = self.place(mutant)
            before, after = (text.encode() for text in texts)
            places.setdefault((start, end), Place(start, end, [])).mutants.append((mutant.number, before, after))
        # From the outside to the inside; points come before what starts there.
        places = sorted(places.values(), key=lambda place: (place.start, place.end > place.start, -place.end))
        out, written = bytearray(head), []

        def emit(start, end):
            while places and places[0].start < end:
                place = places.pop(0)
                out.extend(self.text[start : place.start])
                start = place.end
                stretch = place.end > place.start
                opened = len(out)
                out.extend(b"(" if stretch else b"")
                for number, text, _ in place.mutants:
                    written.append(Written(len(out), len(out) + len(text), [number]))
                    out.extend(text)
                if stretch:
                    out.extend(b"{ ")
                    emit(place.start, place.end)
                    out.extend(b" }")
                    for _, _, after in reversed(place.mutants):
                        out.extend(after)
                    out.extend(b")")
                    written.append(Written(opened, len(out), [number for number, _, _ in place.mutants]))
            out.extend(self.text[start:end])

        emit(0, len(self.text))
        return bytes(out), written


def up(node, is_it):
    while not is_it(node):
        node = node.parent
    return node


def body(function):
    return function.child_by_field_name("body")


def is_const(function):
    return any(child.type == "function_modifiers" and b"const" in child.text.split() for child in function.children)
