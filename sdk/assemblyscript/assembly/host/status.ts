// What the host said to the last call.
import { Status } from "../numbers";

let last: Status = Status.Ok;

/** Keeps and returns what a host call has returned. */
export function keepStatus(status: i32): Status {
  last = <Status>status;
  return last;
}

/** For calls of the SDK that return a value: how the last of all calls ended. */
export function lastStatus(): Status {
  return last;
}
