// A closed-loop load of unary gRPC calls on nghttp2, light enough for one core to keep a server's core busy, which
// gRPC's own clients are not. It holds every answer against what it must be: a server that fails calls fast must not win.
//
// Usage: load PORT CONNECTIONS STREAMS WARM_UP_SECONDS SECONDS EXCHANGES PATH [NAME VALUE]...
// EXCHANGES is a file of what is asked and what must be answered, in turns, each a message behind its length in four
// bytes, the highest first: several, so that a server cannot answer all alike. NAME VALUE: metadata of every call.
// Prints one JSON object: all calls, and of the measured part calls, seconds, calls per second, latency in microseconds,
// and how busy the load itself was (1: its core was the limit, not the server's). Exits 1 at the first wrong answer.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using Clock = std::chrono::steady_clock;

namespace {

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "load: %s\n", what.c_str());
  std::exit(1);
}

// What is asked and what must be answered, each as gRPC's length-prefixed message, uncompressed.
struct Exchange {
  std::string request;
  std::string response;
};

std::vector<Exchange> exchanges;
std::string path;
std::vector<std::pair<std::string, std::string>> metadata;

// The next message of the file with gRPC's prefix, whose last four bytes are the length before it; empty at the end.
std::string NextFrame(FILE* file) {
  std::string frame(5, '\0');
  if (std::fread(&frame[1], 1, 4, file) != 4) return {};
  size_t length = 0;
  for (int i = 1; i <= 4; ++i) length = length << 8 | static_cast<uint8_t>(frame[static_cast<size_t>(i)]);
  frame.resize(5 + length);
  if (std::fread(&frame[5], 1, length, file) != length) Fail("the exchanges end within a message");
  return frame;
}

void ReadExchanges(const char* name) {
  FILE* file = std::fopen(name, "rb");
  if (!file) Fail("cannot read the exchanges");
  for (;;) {
    Exchange exchange{NextFrame(file), {}};
    if (exchange.request.empty()) break;
    exchange.response = NextFrame(file);
    exchanges.push_back(std::move(exchange));
  }
  std::fclose(file);
  if (exchanges.empty()) Fail("there are no exchanges");
}

// Set for the measured part of the run.
struct Measurement {
  bool is_open = false;
  uint64_t calls = 0;
  std::vector<uint32_t> latencies;  // Microseconds, of every call.
};
Measurement measurement;
uint64_t all_calls = 0;
bool is_ending = false;

struct Call {
  explicit Call(const Exchange* exchange) : exchange(exchange), began(Clock::now()) {}

  const Exchange* exchange;
  size_t sent = 0;
  std::string answer;
  bool is_http_ok = false;
  bool is_grpc_ok = false;
  Clock::time_point began;
};

class Connection {
 public:
  Connection(int port, int epoll, size_t first) : epoll_(epoll), next_(first) {
    fd_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) Fail("cannot connect");
    int one = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);

    nghttp2_session_callbacks* callbacks;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnClose);
    nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);

    // Windows that never close: flow control is not what is measured.
    constexpr int32_t kWindow = 1 << 30;
    nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow},
                                         {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, 2);
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindow);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = this;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &event);
  }

  ~Connection() {
    nghttp2_session_del(session_);
    close(fd_);
  }

  void Begin() {
    auto* call = new Call(&exchanges[next_]);
    next_ = (next_ + 1) % exchanges.size();
    static const std::vector<nghttp2_nv> headers = Headers();
    nghttp2_data_provider body{};
    body.source.ptr = call;
    body.read_callback = ReadBody;
    if (nghttp2_submit_request(session_, nullptr, headers.data(), headers.size(), &body, call) < 0) {
      Fail("cannot begin a call");
    }
  }

  void Read() {
    static uint8_t buffer[256 * 1024];
    ssize_t count = recv(fd_, buffer, sizeof buffer, 0);
    if (count <= 0) Fail("the server closed the connection");
    if (nghttp2_session_mem_recv(session_, buffer, static_cast<size_t>(count)) != count) Fail("broken HTTP/2");
    for (; ended_ > 0; --ended_) {
      if (!is_ending) Begin();
    }
    Write();
  }

  // The socket blocks: what is on its way is at most the open streams' requests, which the kernel's buffer holds.
  void Write() {
    std::string& out = out_;
    out.clear();
    for (;;) {
      const uint8_t* data;
      ssize_t count = nghttp2_session_mem_send(session_, &data);
      if (count < 0) Fail("cannot write HTTP/2");
      if (count == 0) break;
      out.append(reinterpret_cast<const char*>(data), static_cast<size_t>(count));
    }
    for (size_t done = 0; done < out.size();) {
      ssize_t count = send(fd_, out.data() + done, out.size() - done, MSG_NOSIGNAL);
      if (count < 0) Fail("the server closed the connection");
      done += static_cast<size_t>(count);
    }
  }

 private:
  static std::vector<nghttp2_nv> Headers() {
    std::vector<nghttp2_nv> headers = {Header(":method", "POST"),
                                       Header(":scheme", "http"),
                                       Header(":path", path.c_str()),
                                       Header(":authority", "127.0.0.1"),
                                       Header("te", "trailers"),
                                       Header("content-type", "application/grpc"),
                                       Header("grpc-timeout", "10S")};
    for (const auto& [name, value] : metadata) headers.push_back(Header(name.c_str(), value.c_str()));
    return headers;
  }

  static nghttp2_nv Header(const char* name, const char* value) {
    return {reinterpret_cast<uint8_t*>(const_cast<char*>(name)), reinterpret_cast<uint8_t*>(const_cast<char*>(value)),
            std::strlen(name), std::strlen(value), NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
  }

  static ssize_t ReadBody(nghttp2_session*, int32_t, uint8_t* to, size_t length, uint32_t* flags,
                          nghttp2_data_source* source, void*) {
    auto* call = static_cast<Call*>(source->ptr);
    const std::string& request = call->exchange->request;
    size_t count = std::min(length, request.size() - call->sent);
    std::memcpy(to, request.data() + call->sent, count);
    call->sent += count;
    if (call->sent == request.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(count);
  }

  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name, size_t name_length,
                      const uint8_t* value, size_t value_length, uint8_t, void*) {
    auto* call = static_cast<Call*>(nghttp2_session_get_stream_user_data(session, frame->hd.stream_id));
    if (!call) return 0;
    auto is = [](const uint8_t* text, size_t length, const char* word) {
      return length == std::strlen(word) && std::memcmp(text, word, length) == 0;
    };
    if (is(name, name_length, ":status")) call->is_http_ok = is(value, value_length, "200");
    if (is(name, name_length, "grpc-status")) call->is_grpc_ok = is(value, value_length, "0");
    return 0;
  }

  static int OnData(nghttp2_session* session, uint8_t, int32_t stream, const uint8_t* data, size_t length, void*) {
    auto* call = static_cast<Call*>(nghttp2_session_get_stream_user_data(session, stream));
    if (call) call->answer.append(reinterpret_cast<const char*>(data), length);
    return 0;
  }

  static int OnClose(nghttp2_session* session, int32_t stream, uint32_t error, void* self) {
    std::unique_ptr<Call> call(static_cast<Call*>(nghttp2_session_get_stream_user_data(session, stream)));
    if (!call) return 0;
    if (error != NGHTTP2_NO_ERROR || !call->is_http_ok || !call->is_grpc_ok) Fail("a call failed");
    if (call->answer != call->exchange->response) CheckSlowly(*call);
    ++static_cast<Connection*>(self)->ended_;
    ++all_calls;
    if (measurement.is_open) {
      auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - call->began).count();
      ++measurement.calls;
      measurement.latencies.push_back(static_cast<uint32_t>(took));
    }
    return 0;
  }

  // Protobuf promises no order of fields and of a map's entries, so the bytes may come in another order.
  static void CheckSlowly(const Call& call) {
    if (Counts(call.answer) != Counts(call.exchange->response)) Fail("a wrong answer");
  }

  // How often each byte occurs.
  static std::array<uint32_t, 256> Counts(const std::string& text) {
    std::array<uint32_t, 256> counts{};
    for (char byte : text) ++counts[static_cast<uint8_t>(byte)];
    return counts;
  }

  int epoll_;
  int fd_ = -1;
  size_t next_;
  int ended_ = 0;
  nghttp2_session* session_ = nullptr;
  std::string out_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 8 || argc % 2 != 0) {
    std::fprintf(stderr,
                 "usage: load PORT CONNECTIONS STREAMS WARM_UP_SECONDS SECONDS EXCHANGES PATH [NAME VALUE]...\n");
    return 64;
  }
  const int port = std::atoi(argv[1]);
  const int connection_count = std::atoi(argv[2]);
  const int stream_count = std::atoi(argv[3]);
  const auto warm_up = std::chrono::duration<double>(std::atof(argv[4]));
  const auto length = std::chrono::duration<double>(std::atof(argv[5]));
  ReadExchanges(argv[6]);
  path = argv[7];
  for (int i = 8; i < argc; i += 2) metadata.emplace_back(argv[i], argv[i + 1]);
  measurement.latencies.reserve(8'000'000);

  const int epoll = epoll_create1(0);
  std::vector<std::unique_ptr<Connection>> connections;
  for (int i = 0; i < connection_count; ++i) {
    connections.push_back(std::make_unique<Connection>(
        port, epoll, static_cast<size_t>(i) * exchanges.size() / static_cast<size_t>(connection_count)));
    for (int stream = 0; stream < stream_count; ++stream) connections.back()->Begin();
    connections.back()->Write();
  }

  const auto start = Clock::now();
  auto opened = start;
  std::clock_t cpu_opened = 0;
  std::vector<epoll_event> events(static_cast<size_t>(connection_count));
  while (!is_ending) {
    const int count = epoll_wait(epoll, events.data(), connection_count, 2000);
    if (count == 0) Fail("no answer within two seconds");
    if (count < 0 && errno != EINTR) Fail("epoll failed");
    for (int i = 0; i < count; ++i) static_cast<Connection*>(events[static_cast<size_t>(i)].data.ptr)->Read();
    const auto now = Clock::now();
    if (!measurement.is_open && now - start >= warm_up) {
      measurement.is_open = true;
      opened = now;
      cpu_opened = std::clock();
    }
    is_ending = measurement.is_open && now - opened >= length;
  }
  const double cpu_seconds = static_cast<double>(std::clock() - cpu_opened) / CLOCKS_PER_SEC;
  const double seconds = std::chrono::duration<double>(Clock::now() - opened).count();

  auto& latencies = measurement.latencies;
  std::sort(latencies.begin(), latencies.end());
  auto percentile = [&](double share) {
    return latencies.empty() ? 0 : latencies[static_cast<size_t>(share * static_cast<double>(latencies.size() - 1))];
  };
  std::printf("{\"allCalls\": %llu, \"calls\": %llu, \"seconds\": %.3f, \"callsPerSecond\": %.0f, \"p50\": %u, "
              "\"p99\": %u, \"busy\": %.2f}\n",
              static_cast<unsigned long long>(all_calls), static_cast<unsigned long long>(measurement.calls), seconds,
              static_cast<double>(measurement.calls) / seconds, percentile(0.5), percentile(0.99),
              cpu_seconds / seconds);
  return 0;
}
