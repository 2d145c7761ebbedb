// SPDX-License-Identifier: Apache-2.0
#include "app/proxy_door.h"

#include <unistd.h>
#include <optional>

#include "app/join.h"
#include "base/encoding.h"
#include "base/json.h"
#include "io/loopback_peer.h"
#include "io/tls/tls.h"
#include "workroom/attached_runtime.h"

namespace strongroom::app {
namespace {

constexpr std::string_view kPlain = "http://";
constexpr std::string_view kSecure = "https://";
constexpr std::size_t kLongestLine = 8UL << 10U;
constexpr std::chrono::seconds kPatience{30};
constexpr std::chrono::seconds kGoodbye{2};

/// In the gateway's form (docs/errors.md). The status line says it as well: that is what clients of
/// a proxy show.
std::string refusal(std::string_view status, std::string_view code, std::string_view message,
                    std::string_view hint) {
  const std::string body = to_text(
      json::object{{"error", json::object{{"code", code}, {"message", message}, {"hint", hint}}}});
  std::string answer = "HTTP/1.1 ";
  answer.append(status).append(" ").append(code).append(": ").append(message);
  answer += "\r\ncontent-type: application/json\r\ncontent-length: ";
  answer += std::to_string(body.size()) + "\r\nconnection: close\r\n\r\n";
  return answer + body;
}

std::string stranger() {
  return refusal("403", "proxy_elsewhere", "This proxy is another session's.",
                 "Use the proxy variables of a session of your own.");
}

std::string no_gateway() {
  return refusal("503", "vault_unavailable", "The gateway does not answer, so no key can be used.",
                 "Try again in a moment.");
}

}  // namespace

/// What every connection needs; outlives the door where a connection does.
struct ProxyDoor::Way {
  io::Endpoint gateway;
  std::string header;  ///< with the credential
  std::function<bool(ino_t)> is_of_session;
  std::optional<uid_t> user;         ///< at a Unix socket
  std::optional<io::TlsClient> tls;  ///< where the gateway is spoken to over TLS

  [[nodiscard]] bool admits(const io::Stream& client) const {
    if (user) return client.peer().unix_uid == static_cast<int>(*user);
    const auto peer = io::loopback_peer(client.native_handle());
    return peer && is_of_session(peer->inode);
  }
  /// Not "GET /gemini/...", and not the beginning of HTTP/2.
  static bool is_for_proxy(std::string_view head) {
    const auto target = head.find(' ');
    return target != std::string_view::npos && target + 1 < head.size() &&
           head[target + 1] != '/' && head[target + 1] != '*';
  }

  static io::Task<Result<io::Stream>> reach(std::shared_ptr<const Way> way, io::Loop& loop) {
    const Deadline deadline = loop.deadline_in(kPatience);
    auto gateway = co_await io::dial_tcp(loop, way->gateway.host, way->gateway.port,
                                         io::PrivateAddresses::Allow, deadline);
    if (!gateway || !way->tls) co_return gateway;
    gateway->set_deadline(deadline);
    std::string host = way->gateway.host;
    const auto secured =
        co_await gateway->start_tls_client(*way->tls, std::move(host), io::ProtocolOffer::Http1);
    if (!secured) co_return std::unexpected(secured.error());
    co_return gateway;
  }

  /// Reads what else the client sends, and leaves it: unread, it would make the kernel reset the
  /// connection, and the answer might be lost.
  static io::Task<void> refuse(io::Stream& client, std::string answer) {
    client.set_deadline(client.loop().deadline_in(kGoodbye));
    const auto said = co_await client.write_all(bytes_of(std::string_view(answer)));
    const bool is_told = said && (co_await client.finish_writing());
    if (!is_told) co_return;
    ByteVector block(kLongestLine);
    for (;;) {
      const auto got = co_await client.read_some(block);
      if (!got || *got == 0) co_return;
    }
  }

  static io::Task<void> serve(std::shared_ptr<const Way> way, io::Stream client) {
    client.set_deadline(client.loop().deadline_in(kPatience));
    if (!way->admits(client)) co_return co_await refuse(client, stranger());
    std::string head;
    ByteVector block(kLongestLine);
    std::size_t line_end = std::string::npos;
    while (line_end == std::string::npos && head.size() < kLongestLine) {
      const auto got = co_await client.read_some(block);
      if (!got || *got == 0) co_return;
      head += text_of(ByteView(block).first(*got));
      line_end = head.find("\r\n");
    }
    if (line_end == std::string::npos) co_return;
    // Where the client has put one of its own, the gateway sees two and refuses.
    if (!way->user || is_for_proxy(head)) head.insert(line_end + 2, way->header);
    auto gateway = co_await reach(way, client.loop());
    if (!gateway) co_return co_await refuse(client, no_gateway());
    const auto said = co_await gateway->write_all(bytes_of(std::string_view(head)));
    if (!said) co_return;
    client.set_deadline(Deadline());
    gateway->set_deadline(Deadline());
    co_await join(std::move(client), std::move(*gateway));
  }
};

ProxyDoor::ProxyDoor(io::Loop& loop, io::BoundSocket socket, std::shared_ptr<const Way> way)
    : at_(std::move(socket.bound)),
      acceptor_(loop, socket.fd, [&loop, way = std::move(way)](io::Stream stream) {
        loop.spawn(Way::serve(way, std::move(stream)));
      }) {}

ProxyDoor::~ProxyDoor() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

Result<std::shared_ptr<ProxyDoor::Way>> ProxyDoor::way_of(const Plan& plan) {
  const bool is_secure = plan.gateway.starts_with(kSecure);
  if (!is_secure && !plan.gateway.starts_with(kPlain))
    return fail(Code::Unsupported, "the gateway's address is no http:// or https:// URL");
  const std::string_view rest =
      std::string_view(plan.gateway).substr(is_secure ? kSecure.size() : kPlain.size());
  auto way = std::make_shared<Way>();
  way->is_of_session = plan.is_of_session;
  STRONGROOM_TRY(way->gateway, io::parse_endpoint(rest.substr(0, rest.find('/'))));
  if (is_secure) {
    STRONGROOM_TRY(way->tls, io::TlsClient::create(plan.authority_pem));
  }
  way->header = "Proxy-Authorization: Basic " +
                to_base64(bytes_of(std::string_view("session:" + plan.credential))) + "\r\n";
  return way;
}

Result<std::unique_ptr<ProxyDoor>> ProxyDoor::open(io::Loop& loop, const Plan& plan) {
  STRONGROOM_TRY(auto way, way_of(plan));
  STRONGROOM_TRY(auto socket, io::listen_tcp({"127.0.0.1", 0}));
  return std::unique_ptr<ProxyDoor>(new ProxyDoor(loop, std::move(socket), std::move(way)));
}

Result<std::unique_ptr<ProxyDoor>> ProxyDoor::open_socket(io::Loop& loop, const Plan& plan,
                                                          const std::string& path) {
  STRONGROOM_TRY(auto way, way_of(plan));
  way->user = plan.user;
  STRONGROOM_TRY(const int fd, io::listen_unix(path));
  std::unique_ptr<ProxyDoor> door(new ProxyDoor(loop, {fd, {}}, std::move(way)));
  door->path_ = path;
  STRONGROOM_CHECKED(workroom::give_socket(path, plan.user));
  return door;
}

}  // namespace strongroom::app
