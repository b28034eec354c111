// Counters, gauges and histograms, common to all workers. Define them in onConfigure: the same name and type again is
// the same metric.
import { proxy_define_metric, proxy_get_metric, proxy_increment_metric, proxy_record_metric } from "./host/imports";
import { FIRST, addressOf } from "./host/memory";
import { keepStatus } from "./host/status";
import { encodeText } from "./host/text";
import { MetricType, Status } from "./numbers";

/** The number of the metric; 0 when the host refuses it. */
export function defineMetric(type: MetricType, name: string): u32 {
  const text = encodeText(name);
  const status = keepStatus(proxy_define_metric(type, addressOf(text), text.byteLength, FIRST));
  return status == Status.Ok ? load<u32>(FIRST) : 0;
}

/** A counter by 1 or more, a gauge by anything. BadArgument: not that. NotFound: no such metric. */
export function incrementMetric(metricId: u32, by: i64): Status {
  return keepStatus(proxy_increment_metric(metricId, by));
}

/** Sets a gauge, observes in a histogram; hosts add it to a counter. NotFound: no such metric. */
export function recordMetric(metricId: u32, value: u64): Status {
  return keepStatus(proxy_record_metric(metricId, value));
}

/** Of a counter or gauge; 0 for others (lastStatus(): BadArgument for a histogram, NotFound). */
export function getMetric(metricId: u32): u64 {
  const status = keepStatus(proxy_get_metric(metricId, FIRST));
  return status == Status.Ok ? load<u64>(FIRST) : 0;
}

/** Only grows. */
export class Counter {
  readonly id: u32;

  constructor(name: string) {
    this.id = defineMetric(MetricType.Counter, name);
  }

  /** By 1 or more. */
  increment(by: i64 = 1): Status {
    return incrementMetric(this.id, by);
  }

  get value(): u64 {
    return getMetric(this.id);
  }
}

/** Rises and falls. */
export class Gauge {
  readonly id: u32;

  constructor(name: string) {
    this.id = defineMetric(MetricType.Gauge, name);
  }

  increment(by: i64 = 1): Status {
    return incrementMetric(this.id, by);
  }

  record(value: u64): Status {
    return recordMetric(this.id, value);
  }

  get value(): u64 {
    return getMetric(this.id);
  }
}

/** How often which values occur; the host chooses the buckets. */
export class Histogram {
  readonly id: u32;

  constructor(name: string) {
    this.id = defineMetric(MetricType.Histogram, name);
  }

  record(value: u64): Status {
    return recordMetric(this.id, value);
  }
}
