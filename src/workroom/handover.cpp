// SPDX-License-Identifier: Apache-2.0
#include "workroom/handover.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>

#include "workroom/passed_descriptors.h"
#include "workroom/wire.h"

namespace strongroom::workroom {
namespace {

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

bool has_nul(const Secret& secret) {
  return secret.reveal(
      [](ByteView bytes) { return std::find(bytes.begin(), bytes.end(), 0) != bytes.end(); });
}

Status check_name(std::string_view name, std::set<std::string_view>& seen) {
  if (name.empty() || has_nul(name) || name.find('=') != std::string_view::npos)
    return fail(Code::Invalid, "a variable's name is neither empty nor holds '=' or NUL");
  if (!seen.insert(name).second)
    return fail(Code::Conflict, "the variable " + std::string(name) + " is set twice");
  return {};
}

/// "ADDRESS PORT DESTINATION", as init reads it.
std::string text_of(const Relay& relay) {
  return relay.address + " " + std::to_string(relay.port) + " " + relay.destination;
}

/// Octets of a text with its NUL.
std::size_t size_of(std::string_view text) {
  return text.size() + 1;
}

std::size_t size_of(const WorkroomSpec& spec) {
  std::size_t size = size_of(spec.working_directory);
  for (const auto& argument : spec.command) size += size_of(argument);
  for (const auto& variable : spec.environment.plain)
    size += variable.name.size() + 1 + size_of(variable.value);
  for (const auto& variable : spec.environment.secret)
    size += variable.name.size() + 1 + variable.value.size() + 1;
  for (const auto& relay : spec.relays) size += size_of(text_of(relay));
  return size;
}

Status send_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return fail(Code::Unavailable, "the workroom's first process does not listen");
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return {};
}

/// What follows may be sent in pieces; the descriptors go with the first octet.
Status send_with_streams(int fd, ByteView bytes, const Streams& streams) {
  const std::array<int, kWireStreams> passed{streams.in, streams.out, streams.error};
  const ssize_t sent = send_with(fd, bytes.data(), bytes.size(), passed);
  if (sent < 0 && errno == EBADF)
    return fail(Code::Invalid, "a standard stream of the command is closed");
  if (sent <= 0) return fail(Code::Unavailable, "the workroom's first process does not listen");
  return send_all(fd, bytes.subspan(static_cast<std::size_t>(sent)));
}

void add_text(std::string& out, std::string_view text) {
  out += text;
  out += '\0';
}

}  // namespace

Status give_order(int fd, const WorkroomSpec& spec, StreamsGo streams) {
  const auto& environment = spec.environment;
  WireHead head;
  head.size = static_cast<std::uint32_t>(size_of(spec));
  head.arguments = static_cast<std::uint32_t>(spec.command.size());
  head.variables = static_cast<std::uint32_t>(environment.plain.size() + environment.secret.size());
  head.relays = static_cast<std::uint32_t>(spec.relays.size());
  if (spec.user) {
    head.has_user = 1;
    head.user = spec.user->user;
    head.group = spec.user->group;
  }
  const ByteView head_octets(reinterpret_cast<const std::uint8_t*>(&head), sizeof(head));
  if (streams == StreamsGo::WithOrder) {
    head.streams = kWireStreams;
    head.is_terminal = spec.streams.is_terminal ? 1 : 0;
    // Whoever works at it may open it by its name (/dev/stderr).
    if (spec.streams.is_terminal && spec.user)
      (void)!::fchown(spec.streams.in, spec.user->user, static_cast<gid_t>(-1));
    STRONGROOM_CHECKED(send_with_streams(fd, head_octets, spec.streams));
  } else {
    STRONGROOM_CHECKED(send_all(fd, head_octets));
  }
  std::string plain;
  add_text(plain, spec.working_directory);
  for (const auto& argument : spec.command) add_text(plain, argument);
  for (const auto& variable : environment.plain)
    add_text(plain, variable.name + "=" + variable.value);
  STRONGROOM_CHECKED(send_all(fd, bytes_of(plain)));
  for (const auto& variable : environment.secret) {
    STRONGROOM_CHECKED(send_all(fd, bytes_of(variable.name + "=")));
    STRONGROOM_CHECKED(variable.value.reveal([fd](ByteView value) { return send_all(fd, value); }));
    STRONGROOM_CHECKED(send_all(fd, bytes_of(std::string_view("", 1))));
  }
  std::string relays;
  for (const auto& relay : spec.relays) add_text(relays, text_of(relay));
  return send_all(fd, bytes_of(relays));
}

Status meaning_of(const WireAnswer& answer, const WorkroomSpec& spec) {
  const std::string why = std::strerror(answer.why);
  switch (answer.what) {
    case WireAnswer::What::Started:
      return {};
    case WireAnswer::What::NoDirectory:
      return fail(Code::NotFound, "cannot work in " + spec.working_directory + ": " + why);
    case WireAnswer::What::NoCommand:
      if (answer.why == E2BIG)
        return fail(Code::TooLarge,
                    "arguments and variables together are more than this system takes");
      if (answer.why == ENOENT)
        return fail(Code::NotFound, "cannot start " + spec.command[0] + ": " + why,
                    kCommandNotFound);
      return fail(Code::Refused, "cannot start " + spec.command[0] + ": " + why,
                  kCommandNotExecutable);
    case WireAnswer::What::NoUser:
      return fail(Code::Refused, "the workroom's command cannot run as that user: " + why);
    case WireAnswer::What::NoRelay:
      return fail(Code::Unavailable, "the workroom cannot listen on its loopback: " + why);
    case WireAnswer::What::Malformed:
      break;
  }
  return fail(Code::Protocol, "strongroom-init is of another build than this program");
}

Status check_spec(const WorkroomSpec& spec) {
  if (spec.command.empty() || spec.command[0].empty())
    return fail(Code::Invalid, "name the command that the workroom is to run");
  if (has_nul(spec.working_directory) ||
      std::any_of(spec.command.begin(), spec.command.end(),
                  [](const auto& each) { return has_nul(each); }))
    return fail(Code::Invalid, "an argument holds NUL");
  std::set<std::string_view> seen;
  for (const auto& variable : spec.environment.plain) {
    STRONGROOM_CHECKED(check_name(variable.name, seen));
    if (has_nul(variable.value))
      return fail(Code::Invalid, "the variable " + variable.name + " holds NUL");
  }
  for (const auto& variable : spec.environment.secret) {
    STRONGROOM_CHECKED(check_name(variable.name, seen));
    if (has_nul(variable.value))
      return fail(Code::Invalid, "the variable " + variable.name + " holds NUL");
  }
  if (size_of(spec) > kWireLimit)
    return fail(Code::TooLarge, "arguments and variables together are more than 4 MiB");
  return {};
}

Status hand_over(int fd, const WorkroomSpec& spec, StreamsGo streams) {
  constexpr timeval kPatience{10, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  STRONGROOM_CHECKED(give_order(fd, spec, streams));
  WireAnswer answer;
  ssize_t got = 0;
  do {
    got = ::recv(fd, &answer, sizeof(answer), MSG_WAITALL);
  } while (got < 0 && errno == EINTR);
  if (got != sizeof(answer))
    return fail(Code::Unavailable, "the workroom's first process ended before it began");
  return meaning_of(answer, spec);
}

}  // namespace strongroom::workroom
