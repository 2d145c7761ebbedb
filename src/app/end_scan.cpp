// SPDX-License-Identifier: Apache-2.0
#include "app/end_scan.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "app/output.h"
#include "app/searches.h"
#include "io/net.h"
#include "io/process/process.h"

namespace strongroom::app {
namespace {

/// Of one folder; the rest is counted.
constexpr std::size_t kMostTold = 20;
/// What a scanner may report, which names 10,000 places at most.
constexpr off_t kLongestReport = 64L << 20;
constexpr int kScannerSocket = 3;
constexpr std::chrono::milliseconds kLook{5};

std::string read_all(int file) {
  struct stat is{};
  if (::fstat(file, &is) != 0 || is.st_size > kLongestReport) return {};
  std::string out(static_cast<std::size_t>(is.st_size), '\0');
  return ::pread(file, out.data(), out.size(), 0) == is.st_size ? out : std::string();
}

std::uint64_t number(const json::object& object, const char* member) {
  const auto* value = object.if_contains(member);
  return value != nullptr && value->is_number() ? value->to_number<std::uint64_t>() : 0;
}

}  // namespace

/// Two processes that belong together, and where the first of them reports to.
struct EndScan::Started {
  int scanner = -1;
  int searcher = -1;
  int output = -1;
};

EndScan::EndScan(io::Loop& loop, lease::HolderLink& link, SessionId session,
                 std::vector<std::string> folders, std::function<Status(int pid)> hold)
    : loop_(loop),
      link_(link),
      session_(session),
      folders_(std::move(folders)),
      hold_(std::move(hold)) {}

Result<std::unique_ptr<EndScan>> EndScan::over(io::Loop& loop, lease::HolderLink& link,
                                               SessionId session, std::vector<std::string> folders,
                                               std::function<Status(int pid)> hold) {
  for (const auto& each : folders)
    if (::access(each.c_str(), F_OK) != 0)
      return fail(Code::NotFound, "--scan-on-end: there is no " + each);
  return std::unique_ptr<EndScan>(
      new EndScan(loop, link, session, std::move(folders), std::move(hold)));
}

void EndScan::add(const lease::Lease& lease, const Secret& value) {
  const auto& granted = lease.granted();
  known_.push_back({granted.key, granted.service, granted.label});
  values_.push_back({granted.key, value.duplicate()});
}

void EndScan::forget() noexcept {
  is_over_ = true;
  values_.clear();
  for (const int pid : running_) ::kill(pid, SIGKILL);
}

/// Both get copies of what they need, and ours are closed.
Result<EndScan::Started> EndScan::start(const std::string& folder) const {
  STRONGROOM_TRY(const int values, scan::pipe_of_values(values_));
  const auto pair = io::socket_pair();
  const int output = ::memfd_create("report", MFD_CLOEXEC);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  Started out;
  Result<int> started = fail(Code::Unavailable, "no scan can be started");
  if (pair && output >= 0 && nothing >= 0) started = start_searcher(pair->theirs, values);
  if (started) {
    out.searcher = *started;
    if (const Status held = hold_(out.searcher); !held) started = std::unexpected(held.error());
  }
  if (started) {
    std::error_code problem;
    io::Spawn scanner;
    scanner.program = "/proc/self/exe";
    scanner.arguments = {"scan", "--json", "--searched-by", std::to_string(kScannerSocket),
                         std::filesystem::absolute(folder, problem)};
    const char* const path = std::getenv("PATH");
    scanner.environment = {{"PATH", path == nullptr ? "/usr/bin:/bin" : path}};
    scanner.descriptors = {{nothing, 0}, {output, 1}, {pair->ours, kScannerSocket}};
    started = io::spawn(scanner);
    if (started) out.scanner = *started;
  }
  if (pair)
    for (const int each : {pair->ours, pair->theirs}) ::close(each);
  for (const int each : {values, nothing})
    if (each >= 0) ::close(each);
  out.output = output;
  // A searcher whose scanner never came has lost its socket, and leaves by itself.
  if (!started && output >= 0) ::close(output);
  if (!started) return std::unexpected(std::move(started).error());
  return out;
}

io::Task<int> EndScan::ended(int pid) {
  const auto status = co_await io::exit_of(loop_, pid);
  running_.erase(pid);
  co_return status.value_or(-1);
}

io::Task<void> EndScan::scan(std::string folder) {
  const auto started = start(folder);
  if (!started) {
    report(started.error());
    co_return;
  }
  running_.insert({started->scanner, started->searcher});
  const int status = co_await ended(started->scanner);
  (void)co_await ended(started->searcher);
  tell(folder, started->output, status);
  ::close(started->output);
}

/// Whoever ended the session waits for what was given the values: not for long.
io::Task<void> EndScan::run_at_most(Duration within) {
  if (is_limited_) {
    while (is_limited_ && !is_over_) co_await loop_.sleep(kLook);
  } else if (has_begun_) {
    break_off();
  } else {
    is_limited_ = true;
    loop_.spawn(break_off_at(Deadline::after(loop_.clock(), within)));
    co_await run();
    is_limited_ = false;
    forget();
  }
  while (is_running()) co_await loop_.sleep(kLook);
}

io::Task<void> EndScan::break_off_at(Deadline late) {
  while (is_limited_ && !late.has_passed(loop_.clock().steady())) co_await loop_.sleep(kLook);
  if (is_limited_) break_off();
}

void EndScan::break_off() {
  if (values_.empty()) return;
  forget();
  report(Error(Code::Timeout,
               "the session was ended from outside, and its scan broken off: look with "
               "'strongroom scan'"));
}

io::Task<void> EndScan::run() {
  has_begun_ = true;
  if (values_.empty()) co_return;
  for (const auto& each : folders_) {
    if (is_over_) co_return;
    co_await scan(each);
  }
  values_.clear();
}

void EndScan::tell(const std::string& folder, int output, int status) {
  if (is_over_) return;
  const auto document = parse_json(read_all(output));
  if (!document || !document->is_object()) {
    report(Error(Code::Unavailable,
                 "the scan of " + folder + " broke off (" + std::to_string(status) + ")"));
    return;
  }
  const auto& told = document->get_object();
  const auto found_count = number(told, "found_count");
  const auto skipped = number(told, "skipped_count");
  if (found_count > 0)
    std::fprintf(stderr, "strongroom: %llu places below %s hold key values of this session:\n",
                 static_cast<unsigned long long>(found_count), folder.c_str());
  const auto* found = told.if_contains("found");
  std::size_t lines = 0;
  if (found != nullptr && found->is_array())
    for (const auto& each : found->get_array())
      if (each.is_object() && lines++ < kMostTold) tell_find(each.get_object());
  if (found_count > kMostTold) std::fprintf(stderr, "  ... `strongroom scan` tells them all\n");
  if (skipped > 0)
    std::fprintf(stderr, "strongroom: %llu places below %s could not be searched\n",
                 static_cast<unsigned long long>(skipped), folder.c_str());
}

void EndScan::tell_find(const json::object& found) {
  const std::string id = readable(found, "id");
  const std::string place = readable(found, "place");
  lease::Finding finding;
  finding.session = session_;
  finding.what = "value_in_workspace";
  finding.path = place;
  for (const auto& each : known_)
    if (each.key.text() == id) {
      finding.service = each.service;
      std::fprintf(stderr, "  %s (%s), %llu times: %s\n", each.service.c_str(), each.label.c_str(),
                   static_cast<unsigned long long>(number(found, "count")), place.c_str());
    }
  if (link_.is_connected()) link_.report(finding);
}

}  // namespace strongroom::app
