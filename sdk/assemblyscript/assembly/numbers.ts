// The numbers of the ABI.

/** How a host call ended. */
export const enum Status {
  Ok = 0,
  NotFound = 1,
  BadArgument = 2,
  SerializationFailure = 3,
  ParseFailure = 4,
  BadExpression = 5, // 5, 9 and 11 are of older versions; hosts may still give them
  InvalidMemoryAccess = 6,
  Empty = 7,
  CasMismatch = 8,
  ResultMismatch = 9,
  InternalFailure = 10,
  BrokenConnection = 11,
  Unimplemented = 12
}

/** What follows a callback for headers. Hosts may take every number but Continue as "hold all of it". */
export const enum FilterHeadersStatus {
  Continue = 0,
  /** Held until continueRequest() or continueResponse(), or until a local response. */
  StopIteration = 1,
  /** Hosts treat it as Continue. */
  ContinueAndEndStream = 2,
  /** Body and trailers are held too, up to the host's limit. */
  StopAllIterationAndBuffer = 3,
  /** The same, but the sender is slowed down at the limit. */
  StopAllIterationAndWatermark = 4
}

/** What follows a callback for a piece of a body. */
export const enum FilterDataStatus {
  Continue = 0,
  /** This piece is held together with those before; the next callback sees all of it. */
  StopIterationAndBuffer = 1,
  /** The same, but the sender is slowed down at the host's limit. */
  StopIterationAndWatermark = 2,
  /** This piece is dropped. */
  StopIterationNoBuffer = 3
}

/** What follows a callback for trailers. */
export const enum FilterTrailersStatus {
  Continue = 0,
  StopIteration = 1
}

/** What follows a callback of a TCP connection. */
export const enum FilterStatus {
  Continue = 0,
  StopIteration = 1
}

export const enum LogLevel {
  Trace = 0,
  Debug = 1,
  Info = 2,
  Warn = 3,
  Error = 4,
  Critical = 5
}

export const enum HeaderMapType {
  RequestHeaders = 0,
  RequestTrailers = 1,
  ResponseHeaders = 2,
  ResponseTrailers = 3,
  GrpcReceiveInitialMetadata = 4,
  GrpcReceiveTrailingMetadata = 5,
  HttpCallResponseHeaders = 6,
  HttpCallResponseTrailers = 7
}

export const enum BufferType {
  HttpRequestBody = 0,
  HttpResponseBody = 1,
  DownstreamData = 2,
  UpstreamData = 3,
  HttpCallResponseBody = 4,
  GrpcReceiveBuffer = 5,
  VmConfiguration = 6,
  PluginConfiguration = 7,
  CallData = 8
}

export const enum StreamType {
  Request = 0,
  Response = 1,
  Downstream = 2,
  Upstream = 3
}

/** Who closed a connection. */
export const enum PeerType {
  Unknown = 0,
  Local = 1,
  Remote = 2
}

export const enum MetricType {
  Counter = 0,
  Gauge = 1,
  Histogram = 2
}

export const enum GrpcStatus {
  /** No status, or none that gRPC knows. */
  None = -1,
  Ok = 0,
  Canceled = 1,
  Unknown = 2,
  InvalidArgument = 3,
  DeadlineExceeded = 4,
  NotFound = 5,
  AlreadyExists = 6,
  PermissionDenied = 7,
  ResourceExhausted = 8,
  FailedPrecondition = 9,
  Aborted = 10,
  OutOfRange = 11,
  Unimplemented = 12,
  Internal = 13,
  Unavailable = 14,
  DataLoss = 15,
  Unauthenticated = 16
}
