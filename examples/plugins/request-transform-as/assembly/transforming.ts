// Makes the changes in one direction of an exchange.
import { Buffer, FilterDataStatus, HeaderMap } from "@sallyport/proxy-wasm";
import { Changes } from "./configuration";

/** The new name has all values of the old one. */
function rename(headers: HeaderMap, from: string, to: string): void {
  const values = headers.getValues(from);
  if (values.length == 0) return;
  headers.remove(from);
  headers.remove(to);
  for (let i = 0; i < values.length; ++i) headers.add(to, values[i]);
}

export function changeHeaders(headers: HeaderMap, changes: Changes): void {
  for (let i = 0; i < changes.remove.length; ++i) headers.remove(changes.remove[i].toLowerCase());
  const renamed = changes.rename.keys();
  for (let i = 0; i < renamed.length; ++i) {
    rename(headers, renamed[i].toLowerCase(), changes.rename.get(renamed[i]).toLowerCase());
  }
  const replaced = changes.replace.keys();
  for (let i = 0; i < replaced.length; ++i) {
    headers.replace(replaced[i].toLowerCase(), changes.replace.get(replaced[i]));
  }
  for (let i = 0; i < changes.add.length; ++i) headers.add(changes.add[i].name.toLowerCase(), changes.add[i].value);
  // The new length is not known yet.
  if (changes.body.length > 0) headers.remove("content-length");
}

/** Holds the body until it is whole, since a text may begin in one piece and end in the next. */
export function changeBody(body: Buffer, changes: Changes, isWhole: bool): FilterDataStatus {
  if (changes.body.length == 0) return FilterDataStatus.Continue;
  if (!isWhole) return FilterDataStatus.StopIterationAndBuffer;
  let text = body.getText();
  for (let i = 0; i < changes.body.length; ++i) text = text.replaceAll(changes.body[i].text, changes.body[i].with);
  body.setText(text);
  return FilterDataStatus.Continue;
}
