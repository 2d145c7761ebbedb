// SPDX-License-Identifier: Apache-2.0
#include "workroom/supervision_record.h"

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <charconv>
#include <string_view>

namespace strongroom::workroom {
namespace {

constexpr std::size_t kLongestFile = 1UL << 20U;
constexpr std::string_view kHead = "strongroom supervision 2\n";
constexpr std::string_view kEnd = "end\n";
constexpr const char* kRecord = "/record";
constexpr const char* kHolding = "/holding";
constexpr const char* kReport = "/report";
constexpr const char* kRoots = "/roots.pem";

bool read_file(const std::string& path, std::string& text) {
  text.clear();
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return false;
  char piece[16UL << 10U];
  ssize_t size = 0;
  while (text.size() < kLongestFile && (size = ::read(fd, piece, sizeof(piece))) > 0)
    text.append(piece, static_cast<std::size_t>(size));
  ::close(fd);
  return size == 0;
}

/// In one call: whoever looks sees whole lines.
bool append(const std::string& path, const std::string& text, int flags) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
  if (fd < 0) return false;
  const bool done = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  return ::close(fd) == 0 && done;
}

std::string_view take(std::string_view& text, char until) {
  const auto end = text.find(until);
  const std::string_view out = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return out;
}

template <class Number>
bool parse(std::string_view text, Number& out) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
  return problem == std::errc() && end == text.data() + text.size();
}

std::string link_of(const char* path) {
  char target[64];
  const ssize_t size = ::readlink(path, target, sizeof(target));
  return {target, size > 0 ? static_cast<std::size_t>(size) : 0};
}

bool parse_holding(std::string_view line, HoldingProcess& out) {
  unsigned kind = 0;
  if (!parse(take(line, ' '), kind) || kind > static_cast<unsigned>(HoldingProcess::Kind::Single) ||
      !parse(take(line, ' '), out.process.pid) || !parse(take(line, ' '), out.process.started))
    return false;
  out.kind = static_cast<HoldingProcess::Kind>(kind);
  out.process.name = line;
  return out.process.pid > 1;
}

}  // namespace

std::string place_of_processes() {
  std::string boot;
  if (!read_file("/proc/sys/kernel/random/boot_id", boot)) return {};
  return boot.substr(0, boot.find('\n')) + " " + link_of("/proc/self/ns/pid");
}

bool write_record(const std::string& folder, const SupervisionRecord& record) {
  std::string text(kHead);
  for (const auto& each :
       {record.session, record.place, record.server_socket, record.server_address,
        std::to_string(record.server_port), record.server_name, record.credential, record.container,
        record.engine_socket}) {
    if (each.find('\n') != std::string::npos) return false;
    text += each + "\n";
  }
  text += kEnd;
  const std::string path = folder + kRecord;
  const std::string beside = path + ".new";
  return append(beside, text, O_TRUNC) && ::rename(beside.c_str(), path.c_str()) == 0;
}

bool read_record(const std::string& folder, SupervisionRecord& record) {
  std::string text;
  if (!read_file(folder + kRecord, text) || !text.starts_with(kHead)) return false;
  std::string_view rest = std::string_view(text).substr(kHead.size());
  record.session = take(rest, '\n');
  record.place = take(rest, '\n');
  record.server_socket = take(rest, '\n');
  record.server_address = take(rest, '\n');
  if (!parse(take(rest, '\n'), record.server_port)) return false;
  record.server_name = take(rest, '\n');
  record.credential = take(rest, '\n');
  record.container = take(rest, '\n');
  record.engine_socket = take(rest, '\n');
  return !record.session.empty() && !record.place.empty() && rest == kEnd;
}

bool write_report(const std::string& folder, const std::string& report) {
  return append(folder + kReport, report, O_TRUNC);
}

bool read_report(const std::string& folder, std::string& report) {
  return read_file(folder + kReport, report);
}

bool write_roots(const std::string& folder, const std::string& pem) {
  return pem.size() < kLongestFile && append(folder + kRoots, pem, O_TRUNC);
}

std::string read_roots(const std::string& folder) {
  std::string pem;
  return read_file(folder + kRoots, pem) ? pem : std::string();
}

bool add_holding(const std::string& folder, HoldingProcess::Kind kind, pid_t pid) {
  Process process;
  if (!read_process(pid, process) || process.name.find('\n') != std::string::npos) return false;
  return append(folder + kHolding,
                std::to_string(static_cast<unsigned>(kind)) + " " + std::to_string(pid) + " " +
                    std::to_string(process.started) + " " + process.name + "\n",
                O_APPEND);
}

bool read_holding(const std::string& folder, std::vector<HoldingProcess>& holding) {
  holding.clear();
  std::string text;
  if (::access((folder + kHolding).c_str(), F_OK) != 0) return errno == ENOENT;  // none was begun
  if (!read_file(folder + kHolding, text)) return false;
  for (std::string_view rest = text; !rest.empty();) {
    if (rest.find('\n') == std::string_view::npos) return false;
    HoldingProcess each;
    if (!parse_holding(take(rest, '\n'), each)) return false;
    holding.push_back(std::move(each));
  }
  return true;
}

}  // namespace strongroom::workroom
