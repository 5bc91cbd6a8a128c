// The peer of rpc-unary-vs-grpc-cpp: gRPC C++'s callback server for Tests/Proto/rapport/bench/v1/bench.proto.
// Usage: peer_server PORT

#include <grpcpp/grpcpp.h>

#include <csignal>
#include <cstdio>
#include <string>

#include "bench.grpc.pb.h"

using rapport::bench::v1::BenchService;
using rapport::bench::v1::Sample;

namespace {

class Service final : public BenchService::CallbackService {
  grpc::ServerUnaryReactor* Next(grpc::CallbackServerContext* context, const Sample* request,
                                 Sample* response) override {
    *response = *request;
    response->set_id(request->id() + 1);
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: peer_server PORT\n");
    return 64;
  }
  // Blocked before any thread starts, so that the signal comes to sigwait alone.
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);

  Service service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:" + std::string(argv[1]), grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  auto server = builder.BuildAndStart();
  if (!server) return 1;
  int signal = 0;
  sigwait(&stop, &signal);
  server->Shutdown();
  return 0;
}
