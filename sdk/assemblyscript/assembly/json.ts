// Configurations in JSON, read by json-as into a class with the decorator @json.
//
// json-as takes what does not fit for something else (a "5" for no number, 5.5 for 485) or ends the plugin. So the text
// is checked before, against an example of the class, and after, against what has been understood. What is refused is
// told with its place: `headers[1].name must be a text, not a number`.
import { JSON } from "json-as";
import { JsonKind, JsonNode, JsonReader } from "./json_tree";
import { logError } from "./log";

/** In a Map of the example: this entry tells of what kind the others are. */
const ANY_NAME = "*";

/** What keeps the text from being JSON; "" when it is JSON. */
export function jsonProblem(text: string): string {
  const reader = new JsonReader(text);
  reader.read();
  return reader.problem;
}

/**
 * The configuration in that text; null, with the reason in the log, when it does not fit. Names that are missing keep
 * the defaults of the class; no text at all is a configuration of defaults.
 *
 * `example` is an instance of the class with one element in each list and one entry, named "*", in each Map, which tell
 * of what kind the others are. Names that it does not have are refused. A value that is null in it may be of any kind.
 */
export function parseConfiguration<T>(text: string, example: T): T | null {
  const given = new JsonReader(text.trim() == "" ? "{}" : text);
  const tree = given.read();
  if (tree === null) return refuse<T>("it is no JSON: " + given.problem);
  const shape = treeOf(JSON.stringify(example));
  let problem = misfit(tree, shape, "");
  if (problem != "") return refuse<T>(problem);
  const value = JSON.parse<T>(text.trim() == "" ? "{}" : text);
  problem = misunderstanding(tree, treeOf(JSON.stringify(value)), "");
  return problem == "" ? value : refuse<T>(problem);
}

function refuse<T>(why: string): T | null {
  logError("configuration refused: " + why);
  return null;
}

function treeOf(text: string): JsonNode {
  return new JsonReader(text).read()!;
}

function nameOf(kind: JsonKind): string {
  switch (kind) {
    case JsonKind.Null: return "null";
    case JsonKind.Bool: return "true or false";
    case JsonKind.Number: return "a number";
    case JsonKind.Text: return "a text";
    case JsonKind.List: return "a list";
    default: return "an object";
  }
}

function member(path: string, name: string): string {
  return path == "" ? name : path + "." + name;
}

function element(path: string, index: i32): string {
  return path + "[" + index.toString() + "]";
}

function subject(path: string): string {
  return path == "" ? "the configuration" : path;
}

function isWhole(number: JsonNode): bool {
  return !number.text.includes(".") && !number.text.includes("e") && !number.text.includes("E");
}

/** Fractions can be written in several ways; a whole number becomes another one where it is beyond the field's type. */
function isSame(given: JsonNode, understood: JsonNode): bool {
  if (given.text == understood.text) return true;
  if (given.kind != JsonKind.Number || isWhole(given) && isWhole(understood)) return false;
  return F64.parseFloat(given.text) == F64.parseFloat(understood.text);
}

/** How `given` differs in kind from `example`; "" when it does not. */
function misfit(given: JsonNode, example: JsonNode, path: string): string {
  if (example.kind == JsonKind.Null) return "";
  if (given.kind != example.kind) {
    return subject(path) + " must be " + nameOf(example.kind) + ", not " + nameOf(given.kind);
  }
  if (given.kind == JsonKind.List && example.items.length > 0) {
    for (let i = 0; i < given.items.length; ++i) {
      const problem = misfit(given.items[i], example.items[0], element(path, i));
      if (problem != "") return problem;
    }
  }
  return given.kind == JsonKind.Object ? misfitOfMembers(given, example, path) : "";
}

function misfitOfMembers(given: JsonNode, example: JsonNode, path: string): string {
  for (let i = 0; i < given.names.length; ++i) {
    const name = given.names[i];
    if (given.names.indexOf(name) < i) return member(path, name) + " is given twice";
    if (example.names.length == 0) continue;
    const named = example.find(name);
    const known = named === null ? example.find(ANY_NAME) : named;
    if (known === null) {
      return member(path, name) + " is not known; " + subject(path) + " has " + example.names.join(", ");
    }
    const problem = misfit(given.items[i], known, member(path, name));
    if (problem != "") return problem;
  }
  return "";
}

/** What of `given` is not in `understood`; "" when all is. */
function misunderstanding(given: JsonNode, understood: JsonNode, path: string): string {
  if (given.kind != understood.kind) return subject(path) + " cannot be " + nameOf(given.kind);
  if (given.kind == JsonKind.List) {
    if (given.items.length != understood.items.length) return subject(path) + " is not understood";
    for (let i = 0; i < given.items.length; ++i) {
      const problem = misunderstanding(given.items[i], understood.items[i], element(path, i));
      if (problem != "") return problem;
    }
  }
  if (given.kind == JsonKind.Object) {
    for (let i = 0; i < given.names.length; ++i) {
      const found = understood.find(given.names[i]);
      if (found === null && given.items[i].kind == JsonKind.Null) continue;
      if (found === null) return member(path, given.names[i]) + " is not understood";
      const problem = misunderstanding(given.items[i], found, member(path, given.names[i]));
      if (problem != "") return problem;
    }
  }
  return isSame(given, understood) ? "" : subject(path) + " cannot be " + given.text;
}
