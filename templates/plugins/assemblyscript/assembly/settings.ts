import { JSON } from "json-as";

/** What the configuration says. */
@json
export class Settings {
  header: string = "x-team";
  values: string[] = [];

  accepts(value: string | null): bool {
    return value !== null && this.values.includes(value);
  }
}
