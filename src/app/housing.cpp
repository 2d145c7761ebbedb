// SPDX-License-Identifier: Apache-2.0
#include "app/housing.h"

#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "workroom/docker/runtime.h"
#include "workroom/process_runtime.h"
#include "workroom/runc_runtime.h"

namespace strongroom::app {
namespace {

constexpr const char* kProcess = "process";
constexpr const char* kDocker = "docker";

/// "FROM:TO[:ro]"
Result<workroom::Mount> parse_mount(const std::string& text) {
  const auto wrong = [&] {
    return fail(
        Code::Invalid,
        "--mount " + text + " is not FROM:TO or FROM:TO:ro, both absolute, FROM being there");
  };
  workroom::Mount out;
  std::string rest = text;
  if (rest.ends_with(":ro") || rest.ends_with(":rw")) {
    out.is_read_only = rest.ends_with(":ro");
    rest.resize(rest.size() - 3);
  }
  const auto colon = rest.find(':');
  if (colon == std::string::npos || rest.find(':', colon + 1) != std::string::npos) return wrong();
  out.from = rest.substr(0, colon);
  out.to = std::filesystem::path(rest.substr(colon + 1)).lexically_normal().string();
  std::error_code problem;
  const bool is_there = std::filesystem::exists(out.from, problem);
  if (!out.from.starts_with('/') || !out.to.starts_with('/') || out.to == "/" || !is_there)
    return wrong();
  if (out.to.starts_with("/run/strongroom") || out.to.starts_with("/proc") ||
      out.to.starts_with("/sys") || out.to.starts_with("/dev"))
    return fail(Code::Invalid, "--mount " + text + ": " + out.to + " is not the caller's to mount");
  return out;
}

/// A namespace that `ip netns` knows (ip-netns(8)).
Status check_network(const std::string& name) {
  if (name == workroom::ContainerSpec::kNone || name == workroom::ContainerSpec::kHost) return {};
  std::error_code problem;
  if (name.find('/') == std::string::npos && !name.starts_with('.') &&
      std::filesystem::exists("/run/netns/" + name, problem))
    return {};
  return fail(Code::NotFound,
              "there is no network '" + name + "': none, host, or a name of `ip netns`");
}

bool is_oci_runtime(const std::string& name) {
  return name == "runc" || name == "crun" || name == "youki" || name.find('/') != std::string::npos;
}

}  // namespace

bool is_container(const RunOptions& options) {
  return options.runtime != kProcess;
}

bool is_attached(const RunOptions& options) {
  return options.runtime == kAttached;
}

/// Passed over in silence, a limit or a network would be thought to hold.
Status check_container_flags(const RunOptions& options) {
  const bool is_docker = options.runtime == kDocker;
  for (const std::string& flag : options.container.given) {
    if (!is_container(options))
      return fail(Code::Invalid, flag + " is of a container: say --runtime runc or docker");
    if (!is_docker && (flag == "--docker-socket" || flag == "--pull"))
      return fail(Code::Invalid, flag + " is of the runtime docker alone");
    if (is_docker && flag == "--scratch-size")
      return fail(Code::Invalid, flag + " is of runc and its like alone, not of docker");
  }
  return {};
}

bool needs_socket(const RunOptions& options) {
  return is_container(options) && !is_attached(options) &&
         options.container.network != workroom::ContainerSpec::kHost;
}

Result<workroom::SessionFolder> open_session_folder(SessionId session, const std::string& purpose) {
  return workroom::SessionFolder::make(workroom::SessionFolder::root_folder(),
                                       session.text() + purpose);
}

Result<std::unique_ptr<Housing>> Housing::make(io::Loop& loop, const RunOptions& options,
                                               Facts facts) {
  std::unique_ptr<Housing> out(new Housing(options, std::move(facts)));
  if (is_attached(options)) {
    STRONGROOM_CHECKED(out->open_attached(loop));
  } else if (app::is_container(options)) {
    STRONGROOM_CHECKED(out->open_container());
  } else {
    STRONGROOM_CHECKED(out->open_process());
  }
  return out;
}

Housing::~Housing() {
  if (attached_ != nullptr) ::rmdir((shared() + "/gateway").c_str());
}

/// By the session's name: its supervisor clears it away where the runner cannot.
Status Housing::open_process() {
  STRONGROOM_TRY(auto folder,
                 workroom::SessionFolder::make_bare(workroom::SessionFolder::root_folder(),
                                                    facts_.session.text() + "-trust"));
  trust_.emplace(std::move(folder));
  runtime_ = std::make_unique<workroom::ProcessRuntime>();
  return {};
}

Status Housing::open_container() {
  const ContainerOptions& container = options_.container;
  if (options_.runtime != kDocker && !is_oci_runtime(options_.runtime))
    return fail(Code::Invalid, "there is no runtime '" + options_.runtime +
                                   "': process, docker, runc, or the path of an OCI runtime");
  if (container.image.empty())
    return fail(Code::Invalid, "the runtime " + options_.runtime + " needs an --image");
  STRONGROOM_TRY(auto folder, open_session_folder(facts_.session));
  folder_.emplace(std::move(folder));
  STRONGROOM_TRY(runtime_, make_runtime());
  return {};
}

/// Folders that both containers see; what an earlier runner has left in them goes.
Status Housing::open_attached(io::Loop& loop) {
  for (const char* below : {"/trust", "/gateway"}) {
    const std::string folder = shared() + below;
    std::error_code problem;
    std::filesystem::remove_all(folder, problem);
    if (::mkdir(folder.c_str(), 0755) != 0 || ::chmod(folder.c_str(), 0755) != 0)
      return fail(Code::Storage, "cannot make " + folder + ": " + std::strerror(errno));
  }
  workroom::AttachedRuntime::Plan plan;
  plan.socket = options_.attach.socket;
  plan.user = user();
  plan.patience = std::chrono::seconds(options_.attach.wait_seconds);
  auto runtime = std::make_unique<workroom::AttachedRuntime>(loop, std::move(plan));
  attached_ = runtime.get();
  runtime_ = std::move(runtime);
  return {};
}

std::string Housing::shared() const {
  return std::filesystem::path(options_.attach.socket).parent_path().string();
}

uid_t Housing::user() const {
  return options_.attach.user ? static_cast<uid_t>(*options_.attach.user) : ::geteuid();
}

std::string Housing::gateway_socket() const {
  return attached_ == nullptr ? std::string() : shared() + workroom::kGatewayBelow;
}

/// The socket is there last: whoever waits for it finds everything else.
io::Task<Status> Housing::arrive(workroom::WorkroomSpec& spec) {
  if (attached_ == nullptr) co_return Status();
  const Status listening = attached_->listen();
  if (!listening) co_return listening;
  co_return co_await attached_->arrive(spec);
}

void Housing::give_up() {
  if (attached_ != nullptr) attached_->give_up();
}

Result<std::unique_ptr<workroom::Runtime>> Housing::make_runtime() {
  const ContainerOptions& container = options_.container;
  if (options_.runtime == kDocker) {
    workroom::docker::DockerRuntime::Plan plan;
    STRONGROOM_TRY(plan.socket, workroom::docker::Engine::find_socket(container.docker_socket));
    STRONGROOM_TRY(plan.pull, workroom::docker::parse_pull(container.pull));
    plan.session = facts_.session.text();
    plan.folder = folder_->path();
    engine_socket_ = plan.socket;
    return std::make_unique<workroom::docker::DockerRuntime>(std::move(plan));
  }
  STRONGROOM_CHECKED(check_network(container.network));
  workroom::RuncRuntime::Plan plan;
  plan.program = options_.runtime;
  plan.folder = folder_->path();
  plan.scratch_size = container.scratch_size;
  return std::make_unique<workroom::RuncRuntime>(std::move(plan));
}

/// Docker's networks give each container a loopback of its own; a network namespace that was named
/// has one for all who are in it.
bool Housing::has_own_loopback() const {
  return options_.runtime == kDocker ||
         options_.container.network == workroom::ContainerSpec::kNone;
}

void Housing::plan(const std::vector<catalog::Place>& places) {
  // A platform's containers have its network; several may share one loopback.
  if (attached_ != nullptr) network_ = workroom::plan_network({}, workroom::Loopback::Shared);
  if (!needs_socket(options_)) return;
  network_ = workroom::plan_network(
      places, has_own_loopback() ? workroom::Loopback::Own : workroom::Loopback::Shared);
}

std::string Housing::gateway() const {
  if (!network_) return facts_.gateway;
  return "http://" + network_->gateway_host + ":" +
         std::to_string(workroom::NetworkPlan::kGatewayPort);
}

std::string Housing::socket() const {
  return folder_ && !facts_.socket.empty() ? workroom::kGatewaySocket : facts_.socket;
}

std::string Housing::host(const std::string& host) const {
  return network_ ? network_->inside(host) : host;
}

workroom::ProxyFacts Housing::proxy() const {
  return {gateway(), network_->gateway_host, workroom::NetworkPlan::kGatewayPort};
}

workroom::TrustPlace Housing::trust() const {
  if (attached_ != nullptr) return {shared() + "/trust", shared() + "/trust"};
  if (trust_) return {trust_->path(), trust_->path()};
  return {folder_->inside() + "/trust", std::string(workroom::kInside) + "/trust"};
}

std::string Housing::container_name() const {
  return folder_ ? workroom::container_name(facts_.session.text()) : std::string();
}

Status Housing::furnish(workroom::WorkroomSpec& spec) const {
  if (attached_ != nullptr && network_) spec.relays = network_->relays;
  if (!folder_) return {};
  const ContainerOptions& options = options_.container;
  spec.working_directory = options.working_directory;
  auto& container = spec.container;
  container.name = container_name();
  container.image = options.image;
  container.user = options.user;
  container.network = options.network;
  for (const auto& each : options.mounts) {
    STRONGROOM_TRY(auto mount, parse_mount(each));
    container.mounts.push_back(std::move(mount));
  }
  container.inside = folder_->inside();
  container.gateway_folder = std::filesystem::path(facts_.socket).parent_path().string();
  container.most_processes = options.most_processes;
  container.memory_limit = static_cast<std::int64_t>(options.memory_limit);
  if (!network_) return {};
  spec.relays = network_->relays;
  container.hosts = network_->hosts;
  return {};
}

}  // namespace strongroom::app
