// SPDX-License-Identifier: Apache-2.0
#include "workroom/runc_runtime.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <charconv>
#include <climits>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "io/process/process.h"
#include "workroom/cgroups.h"
#include "workroom/handed_streams.h"
#include "workroom/handover.h"
#include "workroom/oci_config.h"
#include "workroom/order_socket.h"
#include "workroom/programs.h"
#include "workroom/small_files.h"
#include "workroom/users.h"

namespace strongroom::workroom {
namespace {

constexpr std::chrono::seconds kBeginWithin{20};
constexpr std::size_t kLongestNumber = 32;
constexpr const char* kProgramFile = "/program";

Command runtime_command(const std::string& program, const std::string& folder) {
  Command out;
  out.program = program;
  out.log = folder + "/runtime.log";
  out.arguments = {"--root", folder + "/state", "--log", out.log, "--log-format", "json"};
  return out;
}

Status mounted(int result, const std::string& what) {
  if (result == 0) return {};
  const Code code = errno == EPERM ? Code::Refused : Code::Unavailable;
  return fail(code, "cannot mount " + what + ": " + std::strerror(errno) +
                        (code == Code::Refused ? " (the runc runtime needs root)" : ""));
}

/// Mounts of ours are seen by nobody else, and go when we and the workroom have gone.
Status leave_mounts() {
  static const Status once = []() -> Status {
    STRONGROOM_CHECKED(mounted(::unshare(CLONE_NEWNS), "in a namespace of our own"));
    return mounted(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "privately");
  }();
  return once;
}

class RuncInit final : public RunningInit {
 public:
  RuncInit(io::Loop& loop, HandedStreams streams, std::string program, std::string folder,
           std::string name)
      : loop_(loop),
        streams_(std::move(streams)),
        program_(std::move(program)),
        folder_(std::move(folder)),
        name_(std::move(name)) {}
  ~RuncInit() override {
    kill();
    if (pid_ > 0 && !is_waited_for_) ::waitpid(pid_, nullptr, 0);
    for (const int fd : {wire_, handle_})
      if (fd >= 0) ::close(fd);
    if (!is_removed_) RuncRuntime::remove_abandoned(folder_);
    ::umount2((folder_ + "/scratch").c_str(), MNT_DETACH);
  }
  Status adopt(pid_t pid) {
    handle_ = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (handle_ < 0) return fail(Code::Unavailable, "the workroom ended before it began");
    pid_ = pid;
    return {};
  }
  void take_wire(int fd) { wire_ = fd; }

  pid_t pid() const noexcept override { return pid_; }
  Isolation isolation() const noexcept override { return Isolation::Namespace; }
  bool wants_streams() const noexcept override { return true; }
  int wire() const noexcept override { return wire_; }
  void kill() noexcept override {
    if (handle_ >= 0) ::syscall(SYS_pidfd_send_signal, handle_, SIGKILL, nullptr, 0);
  }
  io::Task<int> exited() override {
    is_waited_for_ = true;
    streams_.let_go();
    const auto status = co_await io::exit_of(loop_, pid_);
    co_await streams_.drained();
    co_return status ? *status : 128 + SIGKILL;
  }
  io::Task<void> remove() override {
    is_removed_ = true;
    Command runc = runtime_command(program_, folder_);
    runc.arguments.insert(runc.arguments.end(), {"delete", "--force", name_});
    (void)co_await run_program(loop_, std::move(runc));
    ::umount2((folder_ + "/scratch").c_str(), MNT_DETACH);
  }

 private:
  io::Loop& loop_;
  HandedStreams streams_;
  std::string program_;
  std::string folder_;
  std::string name_;
  pid_t pid_ = -1;
  int handle_ = -1;
  int wire_ = -1;
  bool is_waited_for_ = false;
  bool is_removed_ = false;
};

Result<pid_t> read_pid(const std::string& path) {
  STRONGROOM_TRY(const std::string text, read_small_file(path, kLongestNumber));
  pid_t pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  if (pid <= 1) return fail(Code::Protocol, "the runtime did not say which process it started");
  return pid;
}

/// Init's own streams; the command's come with its order.
Result<int> open_nothing() {
  const int fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (fd < 0) return fail(Code::Unavailable, "/dev/null cannot be opened");
  return fd;
}

/// What the image says where the caller has said nothing.
Status fill_in(WorkroomSpec& spec, const Image& image) {
  if (spec.command.empty()) spec.command = image.command;
  if (spec.working_directory.empty()) spec.working_directory = image.working_directory;
  const std::string user = spec.container.user.empty() ? image.user : spec.container.user;
  STRONGROOM_TRY(const auto who, user_of(image.root, user));
  if (who.user != 0 || who.group != 0) spec.user = CommandUser{who.user, who.group};
  spec.image_variables = image.variables;
  spec.image_variables.push_back({"PATH", kContainerPath});
  spec.image_variables.push_back({"HOME", who.home});
  return check_spec(spec);
}

}  // namespace

Result<std::string> RuncRuntime::mount_root(const Image& image) const {
  if (image.root.find_first_of(":,\\") != std::string::npos)
    return fail(Code::Invalid, "the image's folder may not hold ':', ',' or a backslash");
  STRONGROOM_CHECKED(leave_mounts());
  const std::string scratch = plan_.folder + "/scratch";
  ::mkdir(scratch.c_str(), 0700);
  const std::string options = "mode=0700,size=" + plan_.scratch_size;
  STRONGROOM_CHECKED(mounted(
      ::mount("tmpfs", scratch.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()), scratch));
  for (const char* each : {"/upper", "/work", "/root"}) ::mkdir((scratch + each).c_str(), 0755);
  const std::string layers =
      "lowerdir=" + image.root + ",upperdir=" + scratch + "/upper,workdir=" + scratch + "/work";
  const std::string root = scratch + "/root";
  STRONGROOM_CHECKED(mounted(::mount("overlay", root.c_str(), "overlay", MS_NODEV, layers.c_str()),
                             "the workroom's root"));
  return root;
}

/// For whoever clears away after us.
Status RuncRuntime::note_program() const {
  STRONGROOM_TRY(const std::string program, find_program(plan_.program));
  std::error_code problem;
  return write_small_file(plan_.folder + kProgramFile,
                          std::filesystem::absolute(program, problem).string(), 0400);
}

Status RuncRuntime::write_bundle(const WorkroomSpec& spec, const std::string& root) const {
  const std::string bundle = plan_.folder + "/bundle";
  if (::mkdir(bundle.c_str(), 0700) != 0)
    return fail(Code::Storage, "cannot make " + bundle + ": " + std::strerror(errno));
  OciFacts facts;
  facts.root = root;
  facts.init_program = spec.init_program;
  if (spec.container.has_own_network()) {
    facts.hosts_file = bundle + "/hosts";
    STRONGROOM_CHECKED(write_small_file(facts.hosts_file, hosts_text(spec.container), 0444));
  }
  return write_small_file(bundle + "/config.json", to_text(oci_config(spec.container, facts)),
                          0400);
}

io::Task<Result<std::unique_ptr<RunningInit>>> RuncRuntime::launch(io::Loop& loop,
                                                                   WorkroomSpec& spec) {
  const auto image = co_await open_image(loop, spec.container.image);
  if (!image) co_return std::unexpected(image.error());
  const Status filled = fill_in(spec, *image);
  if (!filled) co_return std::unexpected(filled.error());
  const auto root = mount_root(*image);
  if (!root) co_return std::unexpected(root.error());
  Status written = write_bundle(spec, *root);
  if (written) written = note_program();
  if (!written) co_return std::unexpected(written.error());
  auto streams = HandedStreams::make(loop, spec.streams);
  if (!streams) co_return std::unexpected(streams.error());
  spec.streams = streams->streams();
  OrderSocket order(loop);
  const Status listening = order.listen(spec.container.inside + "/order.sock");
  if (!listening) co_return std::unexpected(listening.error());
  const auto nothing = open_nothing();
  if (!nothing) co_return std::unexpected(nothing.error());
  // The container's first process becomes our child once runc has left.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  auto init = std::make_unique<RuncInit>(loop, std::move(*streams), plan_.program, plan_.folder,
                                         spec.container.name);
  Command runc = runtime_command(plan_.program, plan_.folder);
  const std::string pid_file = plan_.folder + "/pid";
  runc.arguments.insert(runc.arguments.end(),
                        {"run", "--detach", "--bundle", plan_.folder + "/bundle", "--pid-file",
                         pid_file, spec.container.name});
  const Streams none{*nothing, *nothing, *nothing};
  runc.streams = &none;
  const Status started = co_await run_program(loop, std::move(runc));
  ::close(*nothing);
  if (!started) co_return std::unexpected(started.error());
  const auto pid = read_pid(pid_file);
  if (!pid) co_return std::unexpected(pid.error());
  const Status adopted = init->adopt(*pid);
  if (!adopted) co_return std::unexpected(adopted.error());
  const auto wire = co_await order.accept(*pid, loop.deadline_in(kBeginWithin));
  if (!wire) co_return std::unexpected(wire.error());
  init->take_wire(*wire);
  co_return std::unique_ptr<RunningInit>(std::move(init));
}

void RuncRuntime::remove_abandoned(const std::string& folder) {
  std::error_code problem;
  const auto program = read_small_file(folder + kProgramFile, PATH_MAX);
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/state", problem)) {
    io::Spawn child;
    if (!program) break;
    child.program = *program;
    child.arguments = {"--root", folder + "/state", "delete", "--force",
                       entry.path().filename().string()};
    if (const auto pid = io::spawn(child)) ::waitpid(*pid, nullptr, 0);
  }
  // A runtime that was killed while it began has not said yet what it made.
  remove_cgroups(container_name(std::filesystem::path(folder).filename().string()));
}

}  // namespace strongroom::workroom
