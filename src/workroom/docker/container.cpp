// SPDX-License-Identifier: Apache-2.0
#include "workroom/docker/container.h"

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <filesystem>

#include "base/encoding.h"
#include "workroom/capabilities.h"
#include "workroom/container_mounts.h"
#include "workroom/docker/tar_entry.h"

namespace strongroom::workroom::docker {
namespace {

constexpr std::size_t kLongestHostName = 63;
constexpr std::size_t kLongestFile = std::size_t{2} << 20U;
constexpr int kMostLinks = 8;
constexpr std::size_t kBootIdSize = 36;
constexpr std::chrono::milliseconds kAgain{200};
/// A container that was made and not started this long ago has lost its runner.
constexpr std::chrono::minutes kStartedWithin{10};

json::object shown(const Mount& mount) {
  return {{"Type", "bind"},
          {"Source", mount.from},
          {"Target", mount.to},
          {"ReadOnly", mount.is_read_only},
          {"BindOptions", {{"Propagation", "rprivate"}}}};
}

json::array mounts_of(const ContainerSpec& container, const ContainerFacts& facts) {
  json::array out;
  for (const auto& each : container_mounts(container, facts.init_program))
    out.push_back(shown(each));
  return out;
}

json::object host_config(const ContainerSpec& container, const ContainerFacts& facts) {
  json::array hosts;
  for (const auto& each : container.hosts)
    hosts.push_back(json::value(each.name + ":" + each.address));
  json::array capabilities;
  for (const char* each : kCapabilities) capabilities.push_back(json::value(each));
  json::object out{{"NetworkMode", container.network},
                   {"Mounts", mounts_of(container, facts)},
                   {"ExtraHosts", std::move(hosts)},
                   {"LogConfig", {{"Type", "none"}}},
                   {"RestartPolicy", {{"Name", "no"}}},
                   {"AutoRemove", false},
                   {"Init", false},
                   {"Privileged", false},
                   {"CapDrop", json::array{"ALL"}},
                   {"CapAdd", std::move(capabilities)},
                   {"SecurityOpt", json::array{"no-new-privileges"}},
                   {"IpcMode", "private"},
                   {"PidsLimit", container.most_processes}};
  if (container.memory_limit > 0) {
    out["Memory"] = container.memory_limit;
    out["MemorySwap"] = container.memory_limit;  // none of it is swapped
  }
  return out;
}

Call call_of(const char* method, std::string path) {
  Call out;
  out.method = method;
  out.path = std::move(path);
  return out;
}

std::int64_t number_of(const json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

bool is_abandoned(const json::object& container, const Clock& clock) {
  const auto* labels = container.if_contains("Labels");
  if (labels == nullptr || !labels->is_object()) return false;
  const auto folder = optional_string(labels->get_object(), kFolderLabel);
  std::error_code problem;
  if (!folder || std::filesystem::exists(*folder, problem) || problem) return false;
  if (optional_string(labels->get_object(), kPlaceLabel) == this_place()) return true;
  const std::string state = optional_string(container, "State").value_or("");
  if (state == "exited" || state == "dead") return true;
  const std::chrono::sys_seconds made{std::chrono::seconds(number_of(container, "Created"))};
  return state == "created" && clock.wall() - made > kStartedWithin;
}

}  // namespace

Result<json::object> container_config(const ContainerSpec& container, const ContainerFacts& facts) {
  if (container.network.empty() || container.network.find(':') != std::string::npos)
    return fail(Code::Invalid, "--network is none, host, or the name of a network");
  // Nothing of the session: the command, its variables and its streams come with init's order.
  return json::object{
      {"Image", facts.image},
      {"Entrypoint", json::array{kInit}},
      {"Cmd", json::array{"--order", kOrderSocket}},
      {"Env", json::array{}},
      {"User", "0:0"},
      {"WorkingDir", facts.working_directory},
      {"Hostname",
       container.has_own_network() ? container.name.substr(0, kLongestHostName) : std::string()},
      {"Tty", false},
      {"OpenStdin", false},
      {"AttachStdin", false},
      {"AttachStdout", false},
      {"AttachStderr", false},
      {"Healthcheck", {{"Test", json::array{"NONE"}}}},
      {"Labels",
       {{kSessionLabel, facts.session}, {kFolderLabel, facts.folder}, {kPlaceLabel, this_place()}}},
      {"HostConfig", host_config(container, facts)}};
}

io::Task<Result<std::string>> create_container(Engine& engine, std::string name,
                                               json::object config) {
  Call call = call_of("POST", "/containers/create?name=" + percent_encode(name));
  call.body = std::move(config);
  const auto answer = co_await engine.ask_object(std::move(call));
  if (!answer) co_return std::unexpected(answer.error());
  co_return required_string(*answer, "Id");
}

io::Task<Status> start_container(Engine& engine, std::string id) {
  Call call = call_of("POST", "/containers/" + id + "/start");
  call.within = std::chrono::minutes(1);
  const auto answer = co_await engine.ask(std::move(call));
  if (!answer) co_return std::unexpected(answer.error());
  co_return Status();
}

io::Task<Result<pid_t>> pid_of_container(Engine& engine, std::string id) {
  Call call = call_of("GET", "/containers/" + id + "/json");
  const auto answer = co_await engine.ask_object(std::move(call));
  if (!answer) co_return std::unexpected(answer.error());
  const auto* state = answer->if_contains("State");
  const std::int64_t pid =
      state != nullptr && state->is_object() ? number_of(state->get_object(), "Pid") : 0;
  if (pid <= 1) co_return fail(Code::Unavailable, "the container ended before it began");
  co_return static_cast<pid_t>(pid);
}

io::Task<Result<int>> status_of_container(Engine& engine, std::string id) {
  Call call = call_of("POST", "/containers/" + id + "/wait");
  call.within = std::chrono::seconds(5);
  const auto answer = co_await engine.ask_object(std::move(call));
  if (!answer) co_return std::unexpected(answer.error());
  co_return static_cast<int>(number_of(*answer, "StatusCode"));
}

io::Task<Status> kill_container(Engine& engine, std::string id) {
  Call call = call_of("POST", "/containers/" + id + "/kill");
  const auto answer = co_await engine.ask(std::move(call));
  if (!answer) co_return std::unexpected(answer.error());
  co_return Status();
}

io::Task<Status> remove_container(Engine& engine, std::string id, Duration within) {
  const Clock& clock = engine.loop().clock();
  const Deadline last = Deadline::after(clock, within);
  for (;;) {
    Call call = call_of("DELETE", "/containers/" + id + "?force=1&v=1");
    call.within = within;
    const auto answer = co_await engine.ask(std::move(call));
    if (answer || answer.error().code == Code::NotFound) co_return Status();
    if (last.has_passed(clock.steady())) co_return std::unexpected(answer.error());
    co_await engine.loop().sleep(kAgain);
  }
}

io::Task<Result<std::string>> file_of_container(Engine& engine, std::string id, std::string path) {
  for (int link = 0; link < kMostLinks; ++link) {
    Call call = call_of("GET", "/containers/" + id + "/archive?path=" + percent_encode(path));
    call.longest = kLongestFile;
    const auto archive = co_await engine.ask(std::move(call));
    if (!archive && archive.error().code == Code::NotFound) co_return std::string();
    if (!archive) co_return std::unexpected(archive.error());
    const auto entry = first_tar_entry(*archive);
    if (!entry) co_return std::unexpected(entry.error());
    if (entry->kind == TarEntry::Kind::File) co_return std::string(entry->content);
    if (entry->kind != TarEntry::Kind::Link) co_return std::string();
    // Within the container, whatever it says: the engine looks it up below the container's root.
    const std::filesystem::path from(path);
    path = (from.parent_path() / std::string(entry->link)).lexically_normal().string();
  }
  co_return std::string();
}

std::string this_place() {
  std::string boot(kBootIdSize, '\0');
  const int fd = ::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  const ssize_t size = fd >= 0 ? ::read(fd, boot.data(), boot.size()) : 0;
  if (fd >= 0) ::close(fd);
  boot.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  char view[64] = {};
  if (::readlink("/proc/self/ns/mnt", view, sizeof(view) - 1) < 0) view[0] = '\0';
  return boot + " " + view;
}

io::Task<void> remove_abandoned(Engine& engine) {
  Call call = call_of("GET", "/containers/json?all=1&filters=" +
                                 percent_encode(R"({"label":["strongroom.folder"]})"));
  const auto text = co_await engine.ask(std::move(call));
  if (!text) co_return;
  const auto document = parse_json(*text);
  if (!document || !document->is_array()) co_return;
  for (const auto& each : document->get_array()) {
    if (!each.is_object() || !is_abandoned(each.get_object(), engine.loop().clock())) continue;
    std::string id = optional_string(each.get_object(), "Id").value_or("");
    if (id.empty()) continue;
    (void)co_await remove_container(engine, std::move(id), std::chrono::seconds(2));
  }
}

}  // namespace strongroom::workroom::docker
