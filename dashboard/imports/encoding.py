"""Bytes to UTF-8. UTF-8 itself is checked, not copied."""
import codecs
import re
from dataclasses import dataclass

from dashboard.errors import Refused

UTF8_MARK = codecs.BOM_UTF8
_BLOCK = 8 << 20
_WINDOW = 1 << 20
# the longer marks first: one of UTF-32 begins like one of UTF-16
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
          (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SHOWN = {"utf-8": "UTF-8", "utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "cp1252": "Windows-1252"}
_NOT_IN_1252 = (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")
_LETTERS = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")  # beyond ASCII, in UTF-8
_BEYOND = re.compile(rb"[\x80-\xff]")
_SAVE = "Save the file as CSV (UTF-8) and import that."


@dataclass(frozen=True)
class Text:
    """UTF-8 without byte order marks; `utf8.obj` may begin with some."""
    utf8: memoryview
    encoding: str
    notes: tuple[str, ...] = ()


def text(content: bytes, name: str, wanted: str | None = None) -> Text:
    found = _encoded(content, name, wanted)
    if b"\0" in found.utf8.obj:
        raise Refused(f"{name}, line {line(found.utf8.obj, found.utf8.obj.index(0))}: holds a NUL byte, which no text has. Export it again as CSV (UTF-8).")
    return found


def marks(content: bytes | bytearray) -> int:
    """How many bytes of it are UTF-8's byte order mark: a program that puts one before a file does not look for one that is there."""
    end = 0
    while content.startswith(UTF8_MARK, end):
        end += len(UTF8_MARK)
    return end


def line(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1


def _encoded(content: bytes, name: str, wanted: str | None) -> Text:
    marked = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), None)
    encoding = _known(wanted, name) if wanted else marked or _without_mark(content)
    if encoding != "utf-8":
        notes = () if wanted or marked else (f"Read as {_SHOWN[encoding]}: every other byte is NUL.",)
        return Text(_transcoded(content, encoding, name), encoding, notes)
    bad = _first_bad(content)
    if bad is None:
        return Text(memoryview(content)[marks(content):], "utf-8")
    where, byte = f"line {line(content, bad)}", f"byte 0x{content[bad]:02X}"
    if wanted or marked or _mixed(content, bad):
        others = "" if wanted or marked else ", but most of the file is: two encodings are mixed"
        raise Refused(f"{name}, {where}: not UTF-8 text ({byte}){others}. {_SAVE}")
    # beyond these two, statistics on a few letters guess wrong too often (DOS and Mac umlauts), so a person has to say
    if any(other in content for other in _NOT_IN_1252):
        raise Refused(f"{name}, {where}: neither UTF-8 ({byte}) nor Windows-1252 text. {_SAVE}")
    return Text(_transcoded(content, "cp1252", name), "cp1252", (f"Read as Windows-1252: {byte} in {where} is no UTF-8.",))


def _known(wanted: str, name: str) -> str:
    try:
        found = codecs.lookup(wanted)
        "".encode(wanted)  # a codec that is no text encoding says so here
    except (LookupError, ValueError):
        raise Refused(f"{name}: there is no encoding {wanted!r}. Expected utf-8, utf-16 or cp1252 (Windows-1252).") from None
    return "utf-8" if found.name in ("utf-8", "utf-8-sig", "ascii") else found.name


def _without_mark(content: bytes) -> str:
    start = content[:4096]
    even, odd = start[::2].count(0), start[1::2].count(0)
    half = len(start) // 4  # half of every second byte
    if len(start) > 1 and odd > half and not even:
        return "utf-16-le"
    return "utf-16-be" if len(start) > 1 and even > half and not odd else "utf-8"


def _transcoded(content: bytes, encoding: str, name: str) -> memoryview:
    decoder, made = codecs.getincrementaldecoder(encoding)(), bytearray()
    try:
        for position in range(0, len(content), _BLOCK):
            made += decoder.decode(content[position:position + _BLOCK], final=position + _BLOCK >= len(content)).encode()
    except (UnicodeError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            made += error.object[:error.start].decode(encoding, errors="ignore").encode(errors="ignore")
        raise Refused(f"{name}, line {line(made, len(made))}: not {_SHOWN.get(encoding, encoding)} text. {_SAVE}") from None
    return memoryview(made)[marks(made):]


def _first_bad(content: bytes) -> int | None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    for position in range(0, len(content), _BLOCK):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(content[position:position + _BLOCK], final=position + _BLOCK >= len(content))
        except UnicodeDecodeError as error:
            return position + error.start - pending
    return None


def _mixed(content: bytes, bad: int) -> bool:
    """Whether as many letters around are UTF-8 as are not: read as something else, those would come out wrong."""
    around, letters = _LETTERS.subn(b"", content[max(0, bad - _WINDOW):bad + _WINDOW])
    return letters > 0 and letters >= len(_BEYOND.findall(around))
