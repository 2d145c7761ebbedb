// `strongroom scan`: reads what may hold key values, and tells where a searcher found some.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>

#include "app/call.h"
#include "app/commands.h"
#include "app/control_client.h"
#include "app/progress.h"
#include "base/encoding.h"
#include "base/utf8.h"
#include "scan/archive.h"
#include "scan/git_objects.h"
#include "scan/remote_sink.h"
#include "scan/searcher.h"
#include "scan/tree.h"
#include "scan/wire.h"

namespace strongroom::app {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;

/// Names of files may hold anything, and go to a terminal or into JSON.
std::string shown(std::string_view path) {
  const bool is_text = is_utf8(path);
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const auto octet = static_cast<unsigned char>(path[i]);
    const bool is_control = octet < 0x20 || octet == 0x7F;
    const bool is_c1 =
        octet == 0xC2 && i + 1 < path.size() && static_cast<unsigned char>(path[i + 1]) < 0xA0;
    if (is_control || is_c1 || (!is_text && octet >= 0x80)) {
      char escaped[5];
      std::snprintf(escaped, sizeof(escaped), "\\x%02x", octet);
      out += escaped;
      // The second octet of a pair that has lost its first would be no text.
      if (is_c1) {
        std::snprintf(escaped, sizeof(escaped), "\\x%02x",
                      static_cast<unsigned>(static_cast<unsigned char>(path[++i])));
        out += escaped;
      }
    } else {
      out.push_back(path[i]);
    }
  }
  return out;
}

std::string below(const std::string& root, const std::string& path) {
  if (path.empty() || path.starts_with('!')) return shown(root + path);
  return shown(root + (root.ends_with('/') ? "" : "/") + path);
}

/// Everything that there is; an error ends it early.
Status read_all(int root, scan::Sink& sink) {
  STRONGROOM_TRY(const auto met, scan::read_tree(root, sink));
  for (const auto& folder : met.git_folders)
    STRONGROOM_CHECKED(scan::read_git_objects(root, folder, sink));
  if (met.archives.empty()) return {};
  // The rest is the hardest to read rightly, and needs the least.
  STRONGROOM_CHECKED(scan::confine_reading(root));
  for (const auto& path : met.archives) {
    const auto file = scan::open_below(root, path);
    if (!file) {
      sink.skip(path, file.error().message);
      continue;
    }
    const Status done = scan::read_archive(*file, path, sink);
    ::close(*file);
    STRONGROOM_CHECKED(done);
  }
  return {};
}

Result<scan::Report> scan_through(int socket, int root, const ScanOptions& options, Format format) {
  scan::Limits limits;
  limits.octets = options.most_gibibytes << 30U;
  limits.time = std::chrono::seconds(options.most_seconds);
  Progress progress(format);
  scan::RemoteSink sink(socket, limits, [&](std::uint64_t objects, std::uint64_t octets) {
    progress.show(shown(options.path) + "  " + std::to_string(objects) + " objects, " +
                  std::to_string(octets >> 20U) + " MiB searched");
  });
  const Status done = read_all(root, sink);
  if (!done && done.error().code != Code::TooLarge) return std::unexpected(done.error());
  if (!done) sink.skip("", "not all of it: " + done.error().message);
  return sink.finish();
}

Result<int> open_root(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  struct stat is{};
  if (fd < 0 || ::fstat(fd, &is) != 0)
    return fail(errno == ENOENT ? Code::NotFound : Code::Storage,
                path + " cannot be opened: " + std::strerror(errno));
  if (S_ISDIR(is.st_mode) || S_ISREG(is.st_mode)) return fd;
  ::close(fd);
  return fail(Code::Invalid, path + " is neither a folder nor a file");
}

using Keys = std::map<std::string, json::object, std::less<>>;

Result<Keys> keys_of(ControlClient& client, const std::string& tenant) {
  STRONGROOM_TRY(const auto listed, client.get("/api/v1/keys" + query({{"tenant", tenant}})));
  Keys out;
  if (listed.is_array())
    for (const auto& each : listed.get_array())
      out[readable(each.get_object(), "id")] = each.get_object();
  return out;
}

json::object about(const Keys& keys, KeyId id) {
  json::object out{{"id", id.text()}};
  const auto known = keys.find(id.text());
  for (const char* member : {"service", "label", "owner"})
    if (known != keys.end()) {
      const auto* value = known->second.if_contains(member);
      if (value != nullptr) out[member] = *value;
    }
  return out;
}

json::object document_of(const scan::Report& report, const Keys& keys, const std::string& root) {
  json::array found;
  for (const auto& each : report.found) {
    json::object one = about(keys, each.key);
    one["place"] = below(root, each.place.path);
    one["count"] = each.count;
    one["first_octet"] = each.first;
    found.push_back(std::move(one));
  }
  json::array skipped;
  for (const auto& each : report.skipped)
    skipped.push_back(json::object{{"place", below(root, each.path)}, {"why", each.why}});
  json::array not_sought;
  for (const auto& each : report.not_sought) not_sought.push_back(about(keys, each));
  return {{"found", std::move(found)},     {"found_count", report.found_count},
          {"skipped", std::move(skipped)}, {"skipped_count", report.skipped_count},
          {"is_whole", report.is_whole()}, {"not_sought", std::move(not_sought)},
          {"values", report.values},       {"objects", report.objects},
          {"octets", report.octets}};
}

void print(const json::object& document) {
  print_list(Format::People, document.at("found"),
             {{"SERVICE", "service"},
              {"LABEL", "label"},
              {"OWNER", "owner"},
              {"COUNT", "count"},
              {"PLACE", "place"},
              {"KEY", "id"}},
             "No key value was found.");
  for (const auto& each : document.at("skipped").get_array())
    std::fprintf(stderr, "strongroom: not searched: %s: %s\n",
                 readable(each.get_object(), "place").c_str(),
                 readable(each.get_object(), "why").c_str());
  for (const auto& each : document.at("not_sought").get_array())
    std::fprintf(stderr, "strongroom: not looked for, as it is too short: %s of %s (%s)\n",
                 readable(each.get_object(), "label").c_str(),
                 readable(each.get_object(), "service").c_str(),
                 readable(each.get_object(), "id").c_str());
  std::fprintf(stderr, "strongroom: looked for %s key values in %s objects, %s octets\n",
               readable(document, "values").c_str(), readable(document, "objects").c_str(),
               readable(document, "octets").c_str());
}

int print(Format format, const scan::Report& report, const Keys& keys, const std::string& root) {
  const json::object document = document_of(report, keys, root);
  if (format == Format::Json)
    print_object(Format::Json, document, {});
  else
    print(document);
  return report.found_count == 0 && report.is_whole() ? kDone : kFailed;
}

/// By a searcher that is there already, and knows what to look for.
Result<int> scan_alone(const Common& common, const ScanOptions& options) {
  STRONGROOM_TRY(const int root, open_root(options.path));
  STRONGROOM_TRY(const auto report,
                 scan_through(options.searched_by, root, options, common.format));
  return print(common.format, report, {}, options.path);
}

Result<int> scan_with_server(const Common& common, const ScanOptions& options) {
  if (options.tenant.empty()) return fail(Code::Invalid, "--tenant is needed");
  STRONGROOM_TRY(const int root, open_root(options.path));
  STRONGROOM_TRY(auto server, find_server(common.data));
  ControlClient client(std::move(server));
  STRONGROOM_TRY(const auto keys, keys_of(client, options.tenant));
  STRONGROOM_TRY(const int socket,
                 client.upgrade("/api/v1/tenants/" + percent_encode(options.tenant) + "/scan",
                                scan::kScanProtocol));
  STRONGROOM_TRY(const auto report, scan_through(socket, root, options, common.format));
  return print(common.format, report, keys, options.path);
}

}  // namespace

int scan(const Common& common, const ScanOptions& options) {
  const auto status =
      options.searched_by >= 0 ? scan_alone(common, options) : scan_with_server(common, options);
  return status ? *status : report(status.error());
}

int search_as_told() {
  return static_cast<int>(scan::search_as_told());
}

}  // namespace strongroom::app
