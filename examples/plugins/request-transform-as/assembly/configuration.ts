// What the plugin is told: see the README.
import { parseConfiguration } from "@sallyport/proxy-wasm/json";

@json
export class NewHeader {
  name: string = "";
  value: string = "";
}

@json
export class Rewriting {
  text: string = "";
  with: string = "";
}

/** What is changed in one direction. */
@json
export class Changes {
  remove: string[] = [];
  rename: Map<string, string> = new Map<string, string>();
  replace: Map<string, string> = new Map<string, string>();
  add: NewHeader[] = [];
  body: Rewriting[] = [];
}

@json
export class Configuration {
  request: Changes = new Changes();
  response: Changes = new Changes();
}

function exampleOfChanges(): Changes {
  const changes = new Changes();
  changes.remove.push("");
  changes.rename.set("*", "");
  changes.replace.set("*", "");
  changes.add.push(new NewHeader());
  changes.body.push(new Rewriting());
  return changes;
}

/** Null when the text is refused; the log says why. */
export function readConfiguration(text: string): Configuration | null {
  const example = new Configuration();
  example.request = exampleOfChanges();
  example.response = exampleOfChanges();
  return parseConfiguration<Configuration>(text, example);
}
