// Server: HTTP/1.1 for the control API: small, strict, with deadlines everywhere. Not the data path
// (gateway has its own).
//
// Used by: api. Threads: its loop's. Request bodies and heads are kept in memory that is wiped,
// since they may hold key values. A request is handled to its end even when its sender goes away.
// Fails: a malformed request gets its status and the connection ends. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/wiping.h"
#include "http/form.h"
#include "io/loop.h"
#include "io/stream.h"
#include "io/task.h"

namespace strongroom::io {
class TlsServer;
}

namespace strongroom::http {

struct ServerRequest {
  std::string method;
  std::string path;     ///< as received, escapes included, without the query; starts with '/'
  TextPairs query;      ///< decoded, '+' is a blank
  TextPairs headers;    ///< names in lower case; wiped at the end
  std::string upgrade;  ///< the protocol asked for by Connection: upgrade; else empty
  WipedBuffer body;
  io::Peer peer;
  bool is_tls = false;
  bool is_private = true;  ///< it came over TLS, or never left this machine

  ServerRequest() = default;
  ServerRequest(ServerRequest&&) = default;
  ServerRequest& operator=(ServerRequest&&) = default;
  ~ServerRequest();
  /// `name` in lower case. The first; empty view when there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  [[nodiscard]] std::size_t count_headers(std::string_view name) const;
};

/// Writes a body of unknown length, piece by piece.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;
  /// Cancelled or Network when the client has gone: stop then.
  [[nodiscard]] virtual io::Task<Status> write(std::string_view piece) = 0;
};

struct ServerResponse {
  int status = 200;
  TextPairs headers;  ///< without Content-Length, Transfer-Encoding and Connection
  std::string body;   ///< wiped after it was written
  /// Instead of `body`: called with a writer; the response ends when it returns.
  std::function<io::Task<void>(ResponseWriter&)> stream;
  /// With status 101: takes the connection after the head was written. The client must have waited
  /// for it.
  std::function<void(io::Stream)> take_over;
};

struct ServerLimits {
  std::size_t max_body = 1_MiB;
  std::size_t max_connections = 512;            ///< over it, an idle one makes room
  std::chrono::milliseconds idle_time{60'000};  ///< between requests
  std::chrono::milliseconds head_time{10'000};  ///< first to last octet of a head
  std::chrono::milliseconds body_time{30'000};
  std::chrono::milliseconds write_time{30'000};  ///< for a response, and for each piece of a stream
};

class Server {
 public:
  using Handler = std::function<io::Task<ServerResponse>(ServerRequest&)>;
  /// `handler` and what it uses outlive the server's connections (see stop).
  Server(io::Loop& loop, Handler handler, ServerLimits limits = {});
  /// Ends all connections without ceremony.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Accepts on a listening socket, which is taken over. Any number of times.
  void listen(int fd);
  /// Connections that begin from now on may speak TLS: their first octet tells.
  void offer_tls(std::shared_ptr<const io::TlsServer> tls);
  /// No new connections, idle ones end now, the others after their answer.
  void begin_stop();
  /// begin_stop(), then requests being answered get `within`, then all connections end.
  [[nodiscard]] io::Task<void> stop(std::chrono::milliseconds within);
  [[nodiscard]] std::size_t connections() const;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

/// The house's error body: {"error":{"code","message","hint"}}.
[[nodiscard]] ServerResponse error_response(int status, std::string_view code,
                                            std::string_view message, std::string_view hint = {});

}  // namespace strongroom::http
