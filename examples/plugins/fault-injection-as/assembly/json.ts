// Reads the JSON object that a plugin is configured with (RFC 8259).
// The whole text is checked; strings are decoded, all other values are kept as they are written.

export enum Kind { String, Number, Other }

export class JsonValue {
  kind: Kind = Kind.Other;
  text: string = "";

  /** The value as a whole number without sign, fraction or exponent; `otherwise` for everything else. */
  wholeNumberOr(otherwise: i32): i32 {
    if (this.kind != Kind.Number || this.text.length > 9) return otherwise;
    for (let i = 0; i < this.text.length; ++i) {
      if (!isDigit(this.text.charCodeAt(i))) return otherwise;
    }
    return I32.parseInt(this.text);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ESCAPES = "\"\\/bfnrt";
const MEANINGS = "\"\\/\b\f\n\r\t";
const DEEPEST = 64; // Nested values live on the stack.

function isDigit(c: i32): bool {
  return c >= 0x30 && c <= 0x39;
}

export class JsonReader {
  /** The members of the outermost object; of a repeated name the last one. */
  members: Map<string, JsonValue> = new Map<string, JsonValue>();
  /** Why readObject() said no, and where: in UTF-16 units from the start. */
  error: string = "";
  offset: i32 = 0;

  private text: string;
  private depth: i32 = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** False where the text is no JSON object. */
  readObject(): bool {
    this.skipSpace();
    if (!this.readMembers(true)) return false;
    this.skipSpace();
    return this.offset == this.text.length || this.fail("text follows the object");
  }

  private fail(why: string): bool {
    if (this.error == "") this.error = why;
    return false;
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

  private readMembers(keep: bool): bool {
    if (!this.take("{")) return this.fail("an object must start with '{'");
    this.skipSpace();
    if (this.take("}")) return true;
    do {
      this.skipSpace();
      const name = this.readString();
      if (name === null) return false;
      this.skipSpace();
      if (!this.take(":")) return this.fail("':' is missing after a name");
      const value = this.readValue();
      if (value === null) return false;
      if (keep) this.members.set(name, value);
    } while (this.take(","));
    return this.take("}") || this.fail("',' or '}' is missing after a member");
  }

  /** One value with the space around it; null where there is none. */
  private readValue(): JsonValue | null {
    this.skipSpace();
    const value = new JsonValue();
    const start = this.offset;
    const first = this.peek();
    if (first == QUOTE) {
      const text = this.readString();
      if (text === null) return null;
      value.kind = Kind.String;
      value.text = text;
    } else {
      const isNumber = first == 0x2d || isDigit(first);
      if (!(isNumber ? this.readNumber() : this.readContainerOrWord())) return null;
      value.kind = isNumber ? Kind.Number : Kind.Other;
      value.text = this.text.substring(start, this.offset);
    }
    this.skipSpace();
    return value;
  }

  private readContainerOrWord(): bool {
    const first = this.peek();
    if (first != 0x7b && first != 0x5b) {
      return this.take("true") || this.take("false") || this.take("null") || this.fail("no JSON value");
    }
    if (this.depth == DEEPEST) return this.fail("the values are nested too deeply");
    ++this.depth;
    const ok = first == 0x7b ? this.readMembers(false) : this.readElements();
    --this.depth;
    return ok;
  }

  private readElements(): bool {
    this.take("[");
    this.skipSpace();
    if (this.take("]")) return true;
    do {
      if (this.readValue() === null) return false;
    } while (this.take(","));
    return this.take("]") || this.fail("',' or ']' is missing after an element");
  }

  private readDigits(): bool {
    if (!isDigit(this.peek())) return this.fail("a digit is missing in a number");
    while (isDigit(this.peek())) ++this.offset;
    return true;
  }

  private readNumber(): bool {
    this.take("-");
    if (this.take("0")) {
      if (isDigit(this.peek())) return this.fail("a number must not start with 0");
    } else if (!this.readDigits()) {
      return false;
    }
    if (this.take(".") && !this.readDigits()) return false;
    if (this.take("e") || this.take("E")) {
      if (!this.take("+")) this.take("-");
      return this.readDigits();
    }
    return true;
  }

  private readString(): string | null {
    if (!this.take("\"")) {
      this.fail("a string must start with '\"'");
      return null;
    }
    let result = "";
    while (!this.take("\"")) {
      const start = this.offset;
      while (this.peek() >= 0x20 && this.peek() != QUOTE && this.peek() != BACKSLASH) ++this.offset;
      result += this.text.substring(start, this.offset);
      if (this.take("\\")) {
        const character = this.readEscape();
        if (character === null) return null;
        result += character;
      } else if (this.peek() != QUOTE) {
        this.fail(this.peek() < 0 ? "a string does not end" : "a control character stands in a string");
        return null;
      }
    }
    return result;
  }

  private readEscape(): string | null {
    if (this.take("u")) return this.readUnicodeEscape();
    const which = this.peek() < 0 ? -1 : ESCAPES.indexOf(this.text.charAt(this.offset));
    if (which < 0) {
      this.fail("an unknown escape stands in a string");
      return null;
    }
    ++this.offset;
    return MEANINGS.charAt(which);
  }

  /** Characters beyond 0xFFFF come as two escapes, a high and a low surrogate. */
  private readUnicodeEscape(): string | null {
    const code = this.readHex();
    if (code < 0) return null;
    if (code < 0xd800 || code >= 0xe000) return String.fromCharCode(code);
    const low = code < 0xdc00 && this.take("\\u") ? this.readHex() : 0;
    if (low < 0xdc00 || low >= 0xe000) {
      this.fail("half of a surrogate pair stands in a string");
      return null;
    }
    return String.fromCharCode(code) + String.fromCharCode(low);
  }

  /** Four hexadecimal digits; -1 where they are missing. */
  private readHex(): i32 {
    let code = 0;
    for (let i = 0; i < 4; ++i) {
      const c = this.peek();
      const lower = c | 0x20;
      if (isDigit(c)) {
        code = 16 * code + c - 0x30;
      } else if (lower >= 0x61 && lower <= 0x66) {
        code = 16 * code + lower - 0x61 + 10;
      } else {
        this.fail("\\u needs four hexadecimal digits");
        return -1;
      }
      ++this.offset;
    }
    return code;
  }
}
