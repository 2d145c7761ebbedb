// ControlClient: how every command talks to a running server, over its control socket or its URL.
//
// Used by: the commands. Threads: one. Blocking: a command has nothing else to do. Fails:
// Unavailable when no server answers; otherwise the server's own error. Bodies that hold key values
// are Secrets and are wiped. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/event_reader.h"
#include "app/secure_connection.h"
#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"

namespace strongroom::app {

/// Where the server is.
struct Server {
  std::string socket_path;  ///< control.sock; empty when reached by URL
  std::string host;         ///< with port, for the Host header and dialling
  std::string token;        ///< STRONGROOM_TOKEN
  bool is_secure = false;   ///< reached by https://
  std::string ca_pem = {};  ///< trusted for that beside the public roots: content of STRONGROOM_CA
  /// Does nothing that is said to it leave this machine in the clear?
  [[nodiscard]] bool is_private() const;
};

/// `--data`, else STRONGROOM_URL with STRONGROOM_TOKEN, else STRONGROOM_DATA or ./strongroom-data.
/// Without a token: who brings another credential.
enum class Needs : bool { Token, NoToken };
[[nodiscard]] Result<Server> find_server(const std::optional<std::string>& data_flag,
                                         Needs needs = Needs::Token);

/// A request's body: room for all of it is made at once, so nothing is left behind by growing;
/// wiped at the end.
class RequestBody {
 public:
  explicit RequestBody(std::size_t capacity) { octets_.reserve(capacity); }
  RequestBody(RequestBody&&) noexcept = default;
  RequestBody& operator=(RequestBody&&) = delete;
  ~RequestBody() { wipe(octets_.data(), octets_.size()); }
  void append(ByteView more) { octets_.insert(octets_.end(), more.begin(), more.end()); }
  [[nodiscard]] ByteView view() const { return octets_; }

 private:
  ByteVector octets_;
};

class ControlClient {
 public:
  explicit ControlClient(Server server) : server_(std::move(server)) {}
  [[nodiscard]] const Server& server() const noexcept { return server_; }

  /// `path` starts with /api/v1. Answers the JSON document of a 2xx (null when empty).
  [[nodiscard]] Result<json::value> get(std::string_view path);
  [[nodiscard]] Result<json::value> post(std::string_view path, const json::object& body);
  /// Without a body.
  [[nodiscard]] Result<json::value> post(std::string_view path);
  /// `body` plus the member "value" with the secret's octets as a JSON string; the text is wiped
  /// after sending.
  [[nodiscard]] Result<json::value> post_with_value(std::string_view path, const json::object& body,
                                                    const Secret& value);
  [[nodiscard]] Result<json::value> remove(std::string_view path);
  /// Reads a stream of events (text/event-stream) until it ends in order; `after`: the id of the
  /// last one seen, or empty.
  [[nodiscard]] Status follow(std::string_view path, std::string_view after,
                              const std::function<void(const StreamEvent&)>& each);
  /// Asks for `Upgrade: protocol`; answers the connected descriptor, owned by the caller.
  [[nodiscard]] Result<int> upgrade(std::string_view path,
                                    std::string_view protocol = "strongroom-lease/1");

 private:
  [[nodiscard]] Result<int> connect();
  [[nodiscard]] Result<json::value> call(std::string_view method, std::string_view path,
                                         const RequestBody& body);
  [[nodiscard]] std::string head(std::string_view method, std::string_view path,
                                 std::string_view more) const;
  Server server_;
  SecureConnections secure_;
};

/// One name=value pair after another, percent-encoded: "?tenant=acme". Empty values are left out.
[[nodiscard]] std::string query(const std::vector<std::pair<std::string, std::string>>& pairs);

}  // namespace strongroom::app
