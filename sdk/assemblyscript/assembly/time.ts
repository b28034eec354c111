import { proxy_get_current_time_nanoseconds, proxy_set_tick_period_milliseconds } from "./host/imports";
import { FIRST } from "./host/memory";
import { keepStatus } from "./host/status";
import { Status } from "./numbers";

/** Nanoseconds since 1970, UTC. Hosts may let it stand still during a callback. */
export function getCurrentTimeNanoseconds(): u64 {
  const status = keepStatus(proxy_get_current_time_nanoseconds(FIRST));
  return status == Status.Ok ? load<u64>(FIRST) : 0;
}

/** Milliseconds since 1970, UTC. */
export function getCurrentTimeMilliseconds(): u64 {
  return getCurrentTimeNanoseconds() / 1_000_000;
}

/** onTick of the root context from now on every so many milliseconds, in each VM (so on each worker); 0 ends it. */
export function setTickPeriodMilliseconds(period: u32): Status {
  return keepStatus(proxy_set_tick_period_milliseconds(period));
}
