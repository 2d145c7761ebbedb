// SPDX-License-Identifier: Apache-2.0
#include "app/supervision.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <filesystem>
#include <utility>

#include "app/supervisor_process.h"

namespace strongroom::app {
namespace {

/// Where a connection leads, as an address: whoever comes later looks up no name.
Status note_peer(int channel, workroom::SupervisionRecord& record) {
  sockaddr_storage peer{};
  socklen_t size = sizeof(peer);
  char text[INET6_ADDRSTRLEN] = {};
  if (::getpeername(channel, reinterpret_cast<sockaddr*>(&peer), &size) == 0) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(peer);
    const auto& six = reinterpret_cast<const sockaddr_in6&>(peer);
    const bool is_four = peer.ss_family == AF_INET;
    const void* const octets = is_four ? static_cast<const void*>(&four.sin_addr)
                                       : static_cast<const void*>(&six.sin6_addr);
    record.server_port = ntohs(is_four ? four.sin_port : six.sin6_port);
    if (::inet_ntop(peer.ss_family, octets, text, sizeof(text)) != nullptr) {
      record.server_address = text;
      return {};
    }
  }
  return fail(Code::Internal, "where the server is cannot be told to the workroom's supervisor");
}

}  // namespace

Supervision::Supervision(workroom::SessionFolder folder, int wire, std::uint32_t pid,
                         SessionId session)
    : folder_(std::move(folder)), wire_(wire), pid_(pid) {
  record_.session = session.text();
  record_.place = workroom::place_of_processes();
}

Supervision::Supervision(Supervision&& other) noexcept
    : folder_(std::move(other.folder_)),
      wire_(std::exchange(other.wire_, -1)),
      pid_(other.pid_),
      record_(std::move(other.record_)) {
  other.folder_.reset();
}

Supervision::~Supervision() {
  release();
}

Result<Supervision> Supervision::begin(SessionId session, const Server& server) {
  end_abandoned();
  STRONGROOM_TRY(auto folder,
                 workroom::SessionFolder::make_bare(workroom::SessionFolder::root_folder(),
                                                    session.text() + workroom::kSupervisionSuffix));
  std::vector<std::string> arguments{folder.path()};
  if (server.is_secure) arguments.insert(arguments.begin(), "--tls");
  STRONGROOM_TRY(const BegunSupervisor begun, start_supervisor(arguments, folder.lock()));
  return Supervision(std::move(folder), begun.wire, begun.pid, session);
}

void Supervision::describe_container(std::string name, std::string engine_socket) {
  record_.container = std::move(name);
  record_.engine_socket = std::move(engine_socket);
}

Status Supervision::describe(const Server& server, int channel, std::string credential) {
  if (!folder_) return {};
  record_.credential = std::move(credential);
  std::error_code problem;
  if (!server.socket_path.empty()) {
    record_.server_socket = std::filesystem::absolute(server.socket_path, problem).string();
  } else if (server.is_secure) {
    record_.server_name = server.host;
    if (!workroom::write_roots(folder_->path(), server.ca_pem)) return cannot_write();
  } else {
    STRONGROOM_CHECKED(note_peer(channel, record_));
  }
  if (workroom::write_record(folder_->path(), record_)) return {};
  return cannot_write();
}

Status Supervision::cannot_write() const {
  return fail(Code::Storage, "the supervisor's record cannot be written to " + folder_->path());
}

Status Supervision::hold(workroom::HoldingProcess::Kind kind, pid_t pid) {
  if (!folder_) return {};
  if (workroom::add_holding(folder_->path(), kind, pid)) return {};
  return fail(Code::Storage,
              "a process of the workroom cannot be put into its supervisor's record");
}

void Supervision::release() {
  if (wire_ < 0) return;
  const char done = 'd';
  (void)::send(wire_, &done, 1, MSG_NOSIGNAL);
  ::close(std::exchange(wire_, -1));
  folder_.reset();
}

void Supervision::hand_over() {
  if (record_.credential.empty()) return release();  // it was never given anything
  if (wire_ < 0) return;
  folder_->keep();
  folder_.reset();
  ::close(std::exchange(wire_, -1));
}

}  // namespace strongroom::app
