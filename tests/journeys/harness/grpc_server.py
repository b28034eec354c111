"""A server of gRPC (grpcio) for journeys; its messages are plain bytes."""
import threading
from concurrent import futures

import grpc


class GrpcServer:
    """`/test.Echo/...`: One answers with its message, Many with each byte of it, Chat with what comes as it comes, Fail with the status
    INVALID_ARGUMENT, Wait never. `seen` has the metadata and the time left of each call. `services` are more of them: {name: {method:
    behaviour of a unary call}}."""

    def __init__(self, services=None):
        self.seen = []
        self.ended = threading.Event()  # a call of Wait was broken off
        self.server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
        self.server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.Echo", {
            "One": grpc.unary_unary_rpc_method_handler(self.one),
            "Many": grpc.unary_stream_rpc_method_handler(self.many),
            "Gather": grpc.stream_unary_rpc_method_handler(self.gather),
            "Chat": grpc.stream_stream_rpc_method_handler(self.chat),
            "Fail": grpc.unary_unary_rpc_method_handler(self.fail),
            "Wait": grpc.unary_unary_rpc_method_handler(self.wait),
        })])
        for name, methods in (services or {}).items():
            handlers = {method: grpc.unary_unary_rpc_method_handler(answers) for method, answers in methods.items()}
            self.server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(name, handlers)])
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.address = f"127.0.0.1:{self.port}"
        self.server.start()

    def note(self, context):
        self.seen.append((dict(context.invocation_metadata()), context.time_remaining()))

    def one(self, request, context):
        self.note(context)
        context.send_initial_metadata([("x-first", "1")])
        context.set_trailing_metadata([("x-last", "2")])
        return request

    def many(self, request, context):
        for byte in request:
            yield bytes([byte])

    def gather(self, requests, context):
        return b"".join(requests)

    def chat(self, requests, context):
        self.note(context)
        context.send_initial_metadata([("x-first", "1")])
        context.set_trailing_metadata([("x-last", "2")])
        for request in requests:
            yield request

    def fail(self, request, context):
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "not that")

    def wait(self, request, context):
        self.note(context)
        context.add_callback(self.ended.set)
        self.ended.wait(60)
        return b""

    def stop(self):
        self.ended.set()
        self.server.stop(0).wait()
