// JSON text as a tree (RFC 8259). It is strict, where the library that fills classes takes much for what it is not, and
// it says where a fault is.

export const enum JsonKind { Null, Bool, Number, Text, List, Object }

export class JsonNode {
  /** Of a list: the elements; of an object: the values of `names`. */
  items: JsonNode[] = [];
  names: string[] = [];

  /** `text`: of a text what it says, of a number, true, false and null what is written. */
  constructor(readonly kind: JsonKind, readonly text: string = "") {}

  /** The value of that name, the last one where it is repeated; null when there is none. */
  find(name: string): JsonNode | null {
    const at = this.names.lastIndexOf(name);
    return at < 0 ? null : this.items[at];
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ESCAPES = "\"\\/bfnrt";
const MEANINGS = "\"\\/\b\f\n\r\t";
const DEEPEST = 64; // each level takes a piece of the stack

function isDigit(c: i32): bool {
  return c >= 0x30 && c <= 0x39;
}

/** Reads one text, once. */
export class JsonReader {
  /** Why read() gave nothing. */
  problem: string = "";

  private offset: i32 = 0; // in UTF-16 units
  private depth: i32 = 0;

  constructor(private text: string) {}

  /** Null when the text is no JSON. */
  read(): JsonNode | null {
    const node = this.readValue();
    if (node !== null && this.offset < this.text.length) return this.fail("something follows the value");
    return node;
  }

  private fail(why: string): JsonNode | null {
    if (this.problem == "") this.problem = why + " at character " + (this.offset + 1).toString();
    return null;
  }

  /** The next unit; -1 at the end. */
  private peek(): i32 {
    return this.offset < this.text.length ? this.text.charCodeAt(this.offset) : -1;
  }

  private take(expected: string): bool {
    if (!this.text.startsWith(expected, this.offset)) return false;
    this.offset += expected.length;
    return true;
  }

  private skipSpace(): void {
    let c = this.peek();
    while (c == 0x20 || c == 0x09 || c == 0x0a || c == 0x0d) {
      ++this.offset;
      c = this.peek();
    }
  }

  /** One value with the space around it. */
  private readValue(): JsonNode | null {
    this.skipSpace();
    const first = this.peek();
    let node: JsonNode | null = null;
    if (first == 0x7b || first == 0x5b) {
      node = this.readContainer(first == 0x7b);
    } else if (first == QUOTE) {
      const text = this.readText();
      if (text !== null) node = new JsonNode(JsonKind.Text, text);
    } else if (first == 0x2d || isDigit(first)) {
      node = this.readNumber();
    } else {
      node = this.readWord();
    }
    if (node !== null) this.skipSpace();
    return node;
  }

  private readWord(): JsonNode | null {
    if (this.take("true")) return new JsonNode(JsonKind.Bool, "true");
    if (this.take("false")) return new JsonNode(JsonKind.Bool, "false");
    if (this.take("null")) return new JsonNode(JsonKind.Null, "null");
    return this.fail("a value is missing");
  }

  private readContainer(isObject: bool): JsonNode | null {
    if (this.depth == DEEPEST) return this.fail("values are nested too deeply");
    ++this.depth;
    const node = new JsonNode(isObject ? JsonKind.Object : JsonKind.List);
    const end = isObject ? "}" : "]";
    ++this.offset;
    this.skipSpace();
    if (!this.take(end)) {
      do {
        if (isObject && !this.readName(node)) return null;
        const value = this.readValue();
        if (value === null) return null;
        node.items.push(value);
      } while (this.take(","));
      if (!this.take(end)) return this.fail("',' or '" + end + "' is missing");
    }
    --this.depth;
    return node;
  }

  private readName(object: JsonNode): bool {
    this.skipSpace();
    if (this.peek() != QUOTE) this.fail("a name in quotes is missing");
    const name = this.problem == "" ? this.readText() : null;
    if (name === null) return false;
    object.names.push(name);
    this.skipSpace();
    if (this.take(":")) return true;
    this.fail("':' is missing after a name");
    return false;
  }

  private skipDigits(): bool {
    const start = this.offset;
    while (isDigit(this.peek())) ++this.offset;
    return this.offset > start;
  }

  private readNumber(): JsonNode | null {
    const start = this.offset;
    this.take("-");
    const hasLeadingZero = this.peek() == 0x30;
    const digits = this.offset;
    let isWhole = this.skipDigits() && !(hasLeadingZero && this.offset > digits + 1);
    if (this.take(".")) isWhole = this.skipDigits() && isWhole;
    if (this.take("e") || this.take("E")) {
      if (!this.take("+")) this.take("-");
      isWhole = this.skipDigits() && isWhole;
    }
    if (!isWhole) return this.fail("a number is malformed");
    return new JsonNode(JsonKind.Number, this.text.substring(start, this.offset));
  }

  private readText(): string | null {
    let result = "";
    ++this.offset;
    while (!this.take("\"")) {
      const start = this.offset;
      while (this.peek() >= 0x20 && this.peek() != QUOTE && this.peek() != BACKSLASH) ++this.offset;
      result += this.text.substring(start, this.offset);
      if (this.take("\\")) {
        const character = this.readEscape();
        if (character === null) return null;
        result += character;
      } else if (this.peek() != QUOTE) {
        this.fail(this.peek() < 0 ? "a text does not end" : "a control character stands in a text");
        return null;
      }
    }
    return result;
  }

  private readEscape(): string | null {
    if (this.take("u")) {
      // A UTF-16 unit: characters beyond 0xFFFF come as two, and json-as writes one of them as it is, one as an escape.
      const unit = this.readHex();
      return unit < 0 ? null : String.fromCharCode(unit);
    }
    const which = this.peek() < 0 ? -1 : ESCAPES.indexOf(this.text.charAt(this.offset));
    if (which < 0) {
      this.fail("an unknown escape stands in a text");
      return null;
    }
    ++this.offset;
    return MEANINGS.charAt(which);
  }

  /** Four hexadecimal digits; -1 where they are missing. */
  private readHex(): i32 {
    let code = 0;
    for (let i = 0; i < 4; ++i) {
      const c = this.peek();
      const letter = (c | 0x20) - 0x61;
      if (!isDigit(c) && (letter < 0 || letter > 5)) {
        this.fail("\\u needs four hexadecimal digits");
        return -1;
      }
      code = 16 * code + (isDigit(c) ? c - 0x30 : letter + 10);
      ++this.offset;
    }
    return code;
  }
}
