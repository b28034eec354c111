import { JSON } from "json-as";
import { Settings } from "./settings";

export function run(): void {
  const settings = JSON.parse<Settings>('{"values": ["red", "blue"]}');
  assert(settings.header == "x-team", "the header has a default");
  assert(settings.accepts("blue"), "a listed value passes");
  assert(!settings.accepts("green"), "others do not");
  assert(!settings.accepts(null), "no value does not");
}
