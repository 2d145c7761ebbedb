// SPDX-License-Identifier: Apache-2.0
#include "app/control_client.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "app/config.h"
#include "app/files.h"
#include "base/encoding.h"
#include "http/body.h"
#include "http/head.h"
#include "io/unix_address.h"

namespace strongroom::app {
namespace {

constexpr std::size_t kMaxAnswer = 64UL << 20U;

struct Connection {
  int fd = -1;
  explicit Connection(int value) : fd(value) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    if (fd >= 0) ::close(fd);
  }
  int release() { return std::exchange(fd, -1); }
};

Error unavailable(const std::string& where) {
  return {Code::Unavailable,
          "no Strongroom answers at " + where + ": " + std::strerror(errno) +
              "; start it with 'strongroom serve', or name another with --data or STRONGROOM_URL"};
}

Result<int> connect_unix(const std::string& path) {
  const auto address = io::UnixAddress::of(path);
  if (!address) return fail(Code::Unavailable, address.error().message);
  Connection connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connection.fd < 0 || ::connect(connection.fd, address->get(), io::UnixAddress::size()) != 0)
    return std::unexpected(unavailable(path));
  return connection.release();
}

Result<int> connect_tcp(const std::string& authority) {
  const auto colon = authority.rfind(':');
  const std::string host = authority.substr(0, colon);
  const std::string port = authority.substr(colon + 1);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0)
    return fail(Code::Unavailable, "cannot resolve " + host);
  Result<int> answer = std::unexpected(Error(Code::Unavailable, "no address for " + host));
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    Connection connection(::socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connection.fd >= 0 && ::connect(connection.fd, each->ai_addr, each->ai_addrlen) == 0) {
      answer = connection.release();
      break;
    }
    answer = std::unexpected(unavailable(authority));
  }
  ::freeaddrinfo(found);
  return answer;
}

Status send_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return fail(Code::Unavailable, "the server closed the connection");
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return {};
}

/// Reads more into `text`; false at the end of the stream.
Result<bool> receive(int fd, std::string& text) {
  char block[16384];
  for (;;) {
    const ssize_t got = ::recv(fd, block, sizeof(block), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Code::Unavailable, "the connection to the server broke");
    text.append(block, static_cast<std::size_t>(got));
    if (text.size() > kMaxAnswer) return fail(Code::TooLarge, "the server's answer is over 64 MiB");
    return got > 0;
  }
}

/// The head of the answer, which stays at the front of `text`; `head_size` octets long.
Result<http::ResponseHead> receive_head(int fd, std::string_view method, std::string& text,
                                        std::size_t& head_size) {
  http::ResponseHead head;
  std::size_t scanned = 0;
  for (;;) {
    const auto outcome = http::parse_response(text, method, head, scanned);
    if (outcome.state == http::ParseState::Bad)
      return fail(Code::Protocol, "the server's answer is not HTTP");
    if (outcome.state == http::ParseState::Complete) {
      head_size = outcome.consumed;
      return head;
    }
    STRONGROOM_TRY(const bool more, receive(fd, text));
    if (!more) return fail(Code::Unavailable, "the server closed the connection without an answer");
  }
}

using Receiver = std::function<Status(std::string_view)>;

/// The body, piece by piece as it comes.
Status receive_pieces(int fd, http::BodyFraming framing, std::string rest, const Receiver& each) {
  http::BodyFollower follower;
  follower.start(framing);
  while (!follower.is_done()) {
    const auto step = follower.feed(rest);
    if (step.state == http::ParseState::Bad)
      return fail(Code::Protocol, "the server's answer is cut or malformed");
    STRONGROOM_CHECKED(each(step.content));
    rest.erase(0, step.consumed);
    if (follower.is_done() || step.consumed > 0) continue;
    STRONGROOM_TRY(const bool more, receive(fd, rest));
    if (!more && !follower.end_of_input())
      return fail(Code::Unavailable, "the server's answer was cut short");
  }
  return {};
}

Result<std::string> receive_body(int fd, http::BodyFraming framing, std::string rest) {
  std::string content;
  STRONGROOM_CHECKED(receive_pieces(fd, framing, std::move(rest), [&](std::string_view piece) {
    content.append(piece);
    return Status();
  }));
  return content;
}

Code code_of_status(int status) {
  switch (status) {
    case 400:
    case 405:
    case 413:
    case 415:
    case 422:
      return Code::Invalid;
    case 401:
      return Code::Unauthorized;
    case 403:
      return Code::Refused;
    case 404:
      return Code::NotFound;
    case 409:
      return Code::Conflict;
    case 501:
      return Code::Unsupported;
    case 502:
    case 503:
    case 504:
      return Code::Unavailable;
    default:
      return Code::Internal;
  }
}

/// The error an answer carries: {"error":{"code","message","hint"}}.
Error error_of(int status, std::string_view body) {
  Error error(code_of_status(status), "the server answered " + std::to_string(status));
  const auto document = parse_json(body);
  if (!document || !document->is_object()) return error;
  const auto* member = document->get_object().if_contains("error");
  if (member == nullptr || !member->is_object()) return error;
  const auto& object = member->get_object();
  if (const auto message = optional_string(object, "message")) error.message = *message;
  if (const auto hint = optional_string(object, "hint"); hint && !hint->empty())
    error.message += " (" + *hint + ")";
  if (const auto code = optional_string(object, "code")) error.reason = *code;
  return error;
}

/// JSON string escaping straight from locked memory into a body that wipes itself.
RequestBody with_value(const json::object& body, const Secret& value) {
  std::string front = to_text(body);
  front.pop_back();
  front += body.empty() ? "\"value\":\"" : ",\"value\":\"";
  RequestBody text(front.size() + value.size() * 6 + 2);
  text.append(bytes_of(front));
  value.reveal([&](ByteView plain) {
    constexpr char kHex[] = "0123456789abcdef";
    for (const std::uint8_t octet : plain) {
      if (octet >= 0x20 && octet != '"' && octet != '\\') {
        text.append(ByteView(&octet, 1));
        continue;
      }
      const char escape[] = {'\\', 'u', '0', '0', kHex[octet >> 4U], kHex[octet & 15U]};
      text.append(bytes_of(std::string_view(escape, sizeof(escape))));
    }
  });
  text.append(bytes_of("\"}"));
  return text;
}

constexpr std::size_t kLargestCa = 1UL << 20U;

/// "http://127.0.0.1:8700", "https://vault.example:8700"
Result<Server> server_at(std::string_view url) {
  constexpr std::string_view kPlain = "http://";
  constexpr std::string_view kSecure = "https://";
  Server server;
  server.is_secure = url.starts_with(kSecure);
  if (!server.is_secure && !url.starts_with(kPlain))
    return fail(Code::Invalid,
                "STRONGROOM_URL must be https://ADDRESS:PORT (or http://) of the control listener");
  url.remove_prefix(server.is_secure ? kSecure.size() : kPlain.size());
  while (url.ends_with('/')) url.remove_suffix(1);
  if (url.find(':') == std::string_view::npos || url.find('/') != std::string_view::npos)
    return fail(Code::Invalid, "STRONGROOM_URL must be https://ADDRESS:PORT, without a path");
  server.host = std::string(url);
  const char* const ca = std::getenv("STRONGROOM_CA");
  if (server.is_secure && ca != nullptr && *ca != '\0') {
    STRONGROOM_TRY(server.ca_pem, read_file(ca, kLargestCa));
  }
  return server;
}

}  // namespace

bool Server::is_private() const {
  if (is_secure || !socket_path.empty()) return true;
  const std::string_view name = std::string_view(host).substr(0, host.rfind(':'));
  in_addr four{};
  return name == "localhost" || name == "[::1]" ||
         (name.starts_with("127.") && ::inet_pton(AF_INET, std::string(name).c_str(), &four) == 1);
}

Result<Server> find_server(const std::optional<std::string>& data_flag, Needs needs) {
  const char* url = std::getenv("STRONGROOM_URL");
  if (data_flag || url == nullptr || *url == '\0') {
    Server server;
    server.socket_path = data_directory(data_flag) + "/control.sock";
    server.host = "localhost";
    return server;
  }
  STRONGROOM_TRY(Server server, server_at(url));
  if (needs == Needs::NoToken) return server;
  const char* token = std::getenv("STRONGROOM_TOKEN");
  if (token == nullptr || *token == '\0')
    return fail(Code::Invalid, "STRONGROOM_URL needs STRONGROOM_TOKEN beside it");
  server.token = token;
  return server;
}

Result<int> ControlClient::connect() {
  if (!server_.socket_path.empty()) return connect_unix(server_.socket_path);
  if (server_.is_secure) return secure_.connect(server_.host, server_.ca_pem);
  return connect_tcp(server_.host);
}

std::string ControlClient::head(std::string_view method, std::string_view path,
                                std::string_view more) const {
  std::string text;
  text.append(method)
      .append(" ")
      .append(path)
      .append(" HTTP/1.1\r\nHost: ")
      .append(server_.host)
      .append("\r\n");
  if (!server_.token.empty())
    text.append("Authorization: Bearer ").append(server_.token).append("\r\n");
  return text.append(more).append("\r\n");
}

Result<json::value> ControlClient::call(std::string_view method, std::string_view path,
                                        const RequestBody& body) {
  STRONGROOM_TRY(const int fd, connect());
  const Connection connection(fd);
  std::string more = "Connection: close\r\nAccept: application/json\r\n";
  if (!body.view().empty())
    more +=
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.view().size()) +
        "\r\n";
  else if (method != "GET")
    more += "Content-Length: 0\r\n";
  STRONGROOM_CHECKED(send_all(fd, bytes_of(head(method, path, more))));
  STRONGROOM_CHECKED(send_all(fd, body.view()));
  std::string text;
  std::size_t head_size = 0;
  STRONGROOM_TRY(const http::ResponseHead answer, receive_head(fd, method, text, head_size));
  STRONGROOM_TRY(const std::string content, receive_body(fd, answer.body, text.substr(head_size)));
  if (answer.status >= 300) return std::unexpected(error_of(answer.status, content));
  if (content.empty()) return json::value();
  return parse_json(content);
}

Result<json::value> ControlClient::get(std::string_view path) {
  return call("GET", path, RequestBody(0));
}
Result<json::value> ControlClient::remove(std::string_view path) {
  return call("DELETE", path, RequestBody(0));
}

Result<json::value> ControlClient::post(std::string_view path, const json::object& body) {
  const std::string text = to_text(body);
  RequestBody whole(text.size());
  whole.append(bytes_of(text));
  return call("POST", path, whole);
}

Result<json::value> ControlClient::post(std::string_view path) {
  return call("POST", path, RequestBody(0));
}

Result<json::value> ControlClient::post_with_value(std::string_view path, const json::object& body,
                                                   const Secret& value) {
  return call("POST", path, with_value(body, value));
}

Status ControlClient::follow(std::string_view path, std::string_view after,
                             const std::function<void(const StreamEvent&)>& each) {
  STRONGROOM_TRY(const int fd, connect());
  const Connection connection(fd);
  std::string more = "Connection: close\r\nAccept: text/event-stream\r\n";
  if (!after.empty()) more.append("Last-Event-ID: ").append(after).append("\r\n");
  STRONGROOM_CHECKED(send_all(fd, bytes_of(head("GET", path, more))));
  std::string text;
  std::size_t head_size = 0;
  STRONGROOM_TRY(const http::ResponseHead answer, receive_head(fd, "GET", text, head_size));
  text.erase(0, head_size);
  if (answer.status != 200) {
    STRONGROOM_TRY(const std::string content, receive_body(fd, answer.body, std::move(text)));
    return std::unexpected(error_of(answer.status, content));
  }
  EventReader reader;
  const Receiver read = [&](std::string_view piece) { return reader.feed(piece, each); };
  return receive_pieces(fd, answer.body, std::move(text), read);
}

Result<int> ControlClient::upgrade(std::string_view path, std::string_view protocol) {
  STRONGROOM_TRY(const int fd, connect());
  Connection connection(fd);
  const std::string wish =
      "Connection: Upgrade\r\nUpgrade: " + std::string(protocol) + "\r\nContent-Length: 0\r\n";
  STRONGROOM_CHECKED(send_all(fd, bytes_of(head("POST", path, wish))));
  // Octet by octet: what follows the head belongs to the lease channel.
  std::string text;
  while (!text.ends_with("\r\n\r\n")) {
    char octet = 0;
    const ssize_t got = ::recv(fd, &octet, 1, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || text.size() > 16384)
      return fail(Code::Unavailable, "the server closed the connection");
    text.push_back(octet);
  }
  http::ResponseHead answer;
  std::size_t scanned = 0;
  if (http::parse_response(text, "POST", answer, scanned).state != http::ParseState::Complete)
    return fail(Code::Protocol, "the server's answer is not HTTP");
  if (answer.status == 101) return connection.release();
  STRONGROOM_TRY(const std::string content, receive_body(fd, answer.body, {}));
  return std::unexpected(error_of(answer.status, content));
}

std::string query(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string text;
  for (const auto& [name, value] : pairs) {
    if (value.empty()) continue;
    text += (text.empty() ? "?" : "&") + name + "=" + percent_encode(value);
  }
  return text;
}

}  // namespace strongroom::app
