// `strongroom doctor`: finds what is wrong, and says how to mend it. SPDX-License-Identifier:
// Apache-2.0
#include <fcntl.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "app/commands.h"
#include "app/config.h"
#include "app/doctor/checks.h"
#include "app/files.h"
#include "app/screen.h"
#include "io/process/process.h"

namespace strongroom::app {
namespace {

constexpr std::size_t kCodeColumn = 10;

std::string_view word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Fine:
      return "ok";
    case Verdict::Note:
      return "note";
    case Verdict::Wrong:
      return "wrong";
    case Verdict::Unseen:
      return "unseen";
  }
  return "";
}

Style style_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Fine:
      return Style::Good;
    case Verdict::Wrong:
      return Style::Bad;
    default:
      return Style::Doubtful;
  }
}

json::array to_json(const std::vector<Finding>& findings) {
  json::array out;
  for (const auto& each : findings)
    out.push_back(json::object{{"id", each.code},
                               {"state", word_of(each.verdict)},
                               {"what", each.what},
                               {"mend", each.mend}});
  return out;
}

/// A line each, and what mends it below.
void print_for_people(const json::array& findings, const std::vector<Finding>& plain) {
  const Screen screen = screen_of(STDOUT_FILENO);
  const std::size_t width = screen.is_terminal ? screen.columns : std::size_t{1} << 20U;
  std::size_t codes = 0;
  for (const auto& each : plain) codes = std::max(codes, each.code.size());
  const std::size_t indent = kCodeColumn + codes;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const auto& each = plain[i];
    const auto& shown = findings[i].get_object();
    const std::string word(word_of(each.verdict));
    std::printf("%s%s%s%s%s\n", screen.styled(style_of(each.verdict), word).c_str(),
                std::string(8 - word.size(), ' ').c_str(), each.code.c_str(),
                std::string(indent - 8 - each.code.size(), ' ').c_str(),
                wrapped(readable(shown, "what"), width, indent).c_str());
    if (!each.mend.empty())
      std::printf("%s%s\n", std::string(indent, ' ').c_str(),
                  wrapped("mend: " + readable(shown, "mend"), width, indent + 6).c_str());
  }
}

/// The files that are made while looking are the owner's, also where root looks.
void be_the_owner_of(const std::string& data) {
  struct stat directory{};
  if (::geteuid() != 0 || ::stat(data.c_str(), &directory) != 0 || directory.st_uid == 0) return;
  if (::setgroups(0, nullptr) != 0 || ::setgid(directory.st_gid) != 0 ||
      ::setuid(directory.st_uid) != 0)
    std::abort();
}

/// Held while a stopped installation is looked at; a server holds it while it runs.
class Lock {
 public:
  explicit Lock(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    is_taken_ = fd_ < 0 || ::flock(fd_, LOCK_EX | LOCK_NB) == 0;
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] bool is_taken() const { return is_taken_; }

 private:
  int fd_;
  bool is_taken_ = false;
};

/// What a server that runs has written of itself.
void read_endpoints(Place& place) {
  const auto text = read_file(place.path("endpoints.json"));
  const auto document = text ? parse_json(*text) : Result<json::value>(json::value());
  if (!document || !document->is_object()) return;
  const auto& facts = document->get_object();
  place.gateway = optional_string(facts, "gateway").value_or("");
  place.metrics = optional_string(facts, "metrics").value_or("");
  if (const auto* pid = facts.if_contains("pid"); pid != nullptr && pid->is_int64())
    place.server = static_cast<int>(pid->get_int64());
}

void check_running(Place& place, const Common& common, Findings& findings) {
  read_endpoints(place);
  auto server = find_server(common.data.value_or(place.data));
  if (!server) return findings.wrong("server", server.error().message, "start it anew");
  ControlClient client(std::move(*server));
  if (check_server(client, findings)) check_listeners(place, findings);
}

void check_here(const Common& common, const std::string& config, Findings& findings) {
  Place place;
  place.config = config;
  place.data = data_directory(common.data);
  struct stat directory{};
  if (::stat(place.data.c_str(), &directory) != 0 || !S_ISDIR(directory.st_mode)) {
    findings.wrong("data_directory", "there is no directory " + place.data,
                   "name it by --data or STRONGROOM_DATA; 'strongroom serve' makes a new one");
  } else {
    be_the_owner_of(place.data);
    check_modes(place, findings);
    check_room(place, findings);
    check_clock(place, findings);
    check_configuration(place, findings);
    const Lock lock(place.path("lock"));
    if (lock.is_taken())
      check_stopped(place, findings);
    else
      check_running(place, common, findings);
  }
  check_limits(place, findings);
  check_kernel(findings);
  check_runtimes(findings);
  check_leftovers(findings);
}

bool is_elsewhere(const Common& common) {
  const char* url = std::getenv("STRONGROOM_URL");
  return !common.data && url != nullptr && *url != '\0';
}

}  // namespace

int doctor(const Common& common, const std::string& config) {
  (void)io::confine_this_process();
  Findings findings;
  if (is_elsewhere(common)) {
    auto server = find_server(common.data);
    if (!server) return report(server.error());
    ControlClient client(std::move(*server));
    (void)check_server(client, findings);
  } else {
    check_here(common, config, findings);
  }
  const auto& all = findings.all();
  const json::array shown = to_json(all);
  if (common.format == Format::Json)
    print_list(Format::Json, shown, {}, "");
  else
    print_for_people(shown, all);
  const auto is_wrong = [](const Finding& each) { return each.verdict == Verdict::Wrong; };
  return std::ranges::any_of(all, is_wrong) ? 1 : 0;
}

}  // namespace strongroom::app
