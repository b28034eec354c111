// TCP, which no host of these journeys shows to plugins: it is played to this.
import {
  FilterStatus, PeerType, RootContext, StreamType, TcpContext, closeStream, continueStream, downstreamData, encodeText,
  logInfo, upstreamData
} from "@sallyport/proxy-wasm";

export class Connection extends TcpContext {
  constructor(contextId: u32, root: RootContext) {
    super(contextId, root);
  }

  onNewConnection(): FilterStatus {
    logInfo("new connection " + this.contextId.toString());
    return FilterStatus.StopIteration;
  }

  onDownstreamData(dataSize: u32, endOfStream: bool): FilterStatus {
    logInfo("downstream " + downstreamData.getText() + " " + dataSize.toString() + " " + endOfStream.toString());
    downstreamData.append(encodeText("!"));
    continueStream(StreamType.Downstream);
    return FilterStatus.Continue;
  }

  onUpstreamData(dataSize: u32, endOfStream: bool): FilterStatus {
    logInfo("upstream " + upstreamData.getText() + " " + dataSize.toString() + " " + endOfStream.toString());
    closeStream(StreamType.Upstream);
    return FilterStatus.StopIteration;
  }

  onDownstreamConnectionClose(by: PeerType): void {
    logInfo("downstream closed by " + by.toString());
  }

  onUpstreamConnectionClose(by: PeerType): void {
    logInfo("upstream closed by " + by.toString());
  }
}
