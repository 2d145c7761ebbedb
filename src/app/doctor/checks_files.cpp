// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "app/config.h"
#include "app/doctor/checks.h"
#include "app/files.h"
#include "catalog/catalog.h"
#include "io/tls/tls.h"
#include "workroom/session_folder.h"

namespace strongroom::app {
namespace {

namespace fs = std::filesystem;

/// Under it changes and the record of use are soon refused (docs/operations.md, a full disk).
constexpr std::uint64_t kScarce = 64UL << 20U;
constexpr std::uint64_t kSmall = 1UL << 30U;
constexpr std::uint64_t kFewFiles = 1000;
constexpr std::chrono::hours kSoon{14 * 24};
constexpr std::chrono::seconds kClockTolerance{60};
constexpr std::size_t kLargestPem = 256UL << 10U;

/// Public by their nature, and read by others.
constexpr std::string_view kPublic[] = {"gateway-ca.pem", "ca.pem"};

bool is_public(const fs::path& path) {
  return std::ranges::find(kPublic, path.filename().string()) != std::end(kPublic);
}

/// The data directory, and all in it.
std::vector<fs::path> everything_in(const std::string& data) {
  std::vector<fs::path> out;
  std::error_code problem;
  for (fs::recursive_directory_iterator each(data, problem), end; !problem && each != end;
       each.increment(problem))
    if (!each->is_symlink() && !each->is_socket()) out.push_back(each->path());
  return out;
}

std::string names(const std::vector<std::string>& list) {
  constexpr std::size_t kMostTold = 5;
  std::string out;
  for (std::size_t i = 0; i < std::min(list.size(), kMostTold); ++i)
    out += (out.empty() ? "" : ", ") + list[i];
  if (list.size() > kMostTold) out += " and " + std::to_string(list.size() - kMostTold) + " more";
  return out;
}

std::string in_mebibytes(std::uint64_t octets) {
  return std::to_string(octets >> 20U) + " MiB";
}

void check_certificate(const Config& config, Findings& findings) {
  constexpr const char* kCode = "certificate";
  if (config.gateway_certificate.empty())
    return findings.fine(kCode, "the gateway's certificate is made here, and made anew in time");
  io::Certificate certificate;
  const auto chain = read_file(config.gateway_certificate, kLargestPem);
  const auto key = read_file(config.gateway_private_key, kLargestPem);
  if (!chain || !key)
    return findings.wrong(kCode, (!chain ? chain : key).error().message,
                          "put the file of [gateway] certificate and private_key there");
  certificate.chain_pem = *chain;
  certificate.private_key_pem = *key;
  const std::string put =
      "put a renewed one at " + config.gateway_certificate + "; the server shows it within seconds";
  if (const auto usable = io::check_server_certificate(certificate); !usable)
    return findings.wrong(kCode, config.gateway_certificate + ": " + usable.error().message, put);
  const auto end = io::end_of_certificate(certificate.chain_pem);
  if (!end) return findings.wrong(kCode, end.error().message, put);
  const auto left = *end - SystemClock().wall();
  const auto days = std::chrono::duration_cast<std::chrono::hours>(left).count() / 24;
  const std::string what = config.gateway_certificate + " is good for " + std::to_string(days) +
                           (days == 1 ? " more day" : " more days");
  if (left < kSoon) return findings.wrong(kCode, what, put);
  findings.fine(kCode, what);
}

}  // namespace

void check_modes(const Place& place, Findings& findings) {
  struct stat directory{};
  ::stat(place.data.c_str(), &directory);
  const std::string user = std::to_string(directory.st_uid);
  if ((directory.st_mode & 0077U) != 0)
    findings.wrong("data_directory", "others may enter " + place.data, "chmod 700 " + place.data);
  else
    findings.fine("data_directory", place.data + " is its owner's alone");
  std::vector<std::string> wide;
  std::vector<std::string> of_others;
  for (const auto& path : everything_in(place.data)) {
    struct stat file{};
    if (::lstat(path.c_str(), &file) != 0) continue;
    const std::string name = path.lexically_relative(place.data).string();
    if ((file.st_mode & 0077U) != 0 && !is_public(path)) wide.push_back(name);
    if (file.st_uid != directory.st_uid) of_others.push_back(name);
  }
  if (!of_others.empty())
    findings.wrong("owner",
                   "not all files belong to the data directory's owner: " + names(of_others),
                   "chown -R --reference=" + place.data + " " + place.data);
  else
    findings.fine("owner", "all files belong to user " + user);
  if (!wide.empty())
    findings.wrong("file_modes", "others may read or write: " + names(wide),
                   "chmod -R go-rwx " + place.data);
  else
    findings.fine("file_modes", "no file is open to others");
}

void check_room(const Place& place, Findings& findings) {
  constexpr const char* kCode = "disk_room";
  struct statvfs disk{};
  if (::statvfs(place.data.c_str(), &disk) != 0)
    return findings.unseen(kCode, "the disk does not tell how much room it has");
  const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  const bool has_few_files = disk.f_files > 0 && disk.f_favail < kFewFiles;
  const std::string mend = "make room where " + place.data + " lies";
  if (has_few_files)
    return findings.wrong(kCode, "only " + std::to_string(disk.f_favail) + " more files fit", mend);
  if (free < kScarce) return findings.wrong(kCode, in_mebibytes(free) + " are free", mend);
  if (free < kSmall) return findings.note(kCode, in_mebibytes(free) + " are free", mend);
  findings.fine(kCode, in_mebibytes(free) + " are free");
}

void check_clock(const Place& place, Findings& findings) {
  constexpr const char* kCode = "clock";
  const auto now = fs::file_time_type::clock::now();
  for (const auto& path : everything_in(place.data)) {
    std::error_code problem;
    const auto written = fs::last_write_time(path, problem);
    if (problem || written <= now + kClockTolerance) continue;
    const auto ahead = std::chrono::duration_cast<std::chrono::minutes>(written - now).count();
    return findings.wrong(kCode,
                          path.string() + " was written " + std::to_string(ahead) +
                              " minutes after the present time: the clock was set back",
                          "set the clock right (timedatectl); what expires goes by it");
  }
  timex state{};
  if (::adjtimex(&state) == TIME_ERROR)
    return findings.note(kCode, "nothing keeps the clock in step",
                         "let systemd-timesyncd or chrony do so");
  findings.fine(kCode, "the clock is in step");
}

void check_configuration(const Place& place, Findings& findings) {
  ServeFlags flags;
  flags.data = place.data;
  if (!place.config.empty()) flags.config = place.config;
  const auto config = load_config(flags);
  if (config)
    findings.fine("configuration", "the configuration is understood");
  else
    findings.wrong("configuration", config.error().message,
                   "mend " + flags.config.value_or(place.path("strongroom.toml")) +
                       " (docs/configuration.md)");
  if (config) check_certificate(*config, findings);
  const auto catalog = catalog::Catalog::load(place.path("catalog"));
  if (catalog)
    findings.fine("catalogue", std::to_string(catalog->services().size()) + " services");
  else
    findings.wrong("catalogue", catalog.error().message,
                   "mend or remove that file (docs/catalog.md)");
}

void check_leftovers(Findings& findings) {
  using workroom::SessionFolder;
  std::vector<std::string> left;
  SessionFolder::clear_abandoned(SessionFolder::root_folder(), [&](const std::string& path, int) {
    left.push_back(path);
    return SessionFolder::Abandoned::Keep;
  });
  if (left.empty()) return findings.fine("leftovers", "no workroom was left behind");
  findings.wrong(
      "leftovers", "workrooms whose runner and supervisor are gone: " + names(left),
      "the next 'strongroom serve' or 'strongroom run' of this user ends what they left");
}

}  // namespace strongroom::app
