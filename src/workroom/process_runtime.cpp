// SPDX-License-Identifier: Apache-2.0
#include "workroom/process_runtime.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/encoding.h"
#include "io/net.h"
#include "workroom/init_protocol.h"

namespace strongroom::workroom {
namespace {

/// Written by the child in a user namespace of its own: it stays who it is.
struct IdMaps {
  char uid[64];
  char gid[64];
  IdMaps() {
    std::snprintf(uid, sizeof(uid), "%u %u 1", ::geteuid(), ::geteuid());
    std::snprintf(gid, sizeof(gid), "%u %u 1", ::getegid(), ::getegid());
  }
};

bool write_to(const char* path, const char* text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  const bool done = fd >= 0 && ::write(fd, text, std::strlen(text)) == static_cast<ssize_t>(std::strlen(text));
  if (fd >= 0) ::close(fd);
  return done;
}

/// Between here and exec only what is safe after fork.
[[noreturn]] void become_init(const char* program, int channel, pid_t parent, bool own_user, const IdMaps& maps) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // In a namespace of its own the child cannot see its parent; a parent that died at once leaves the channel closed, which init notices.
  if (parent != 0 && ::getppid() != parent) ::_exit(125);
  if (own_user && (!write_to("/proc/self/setgroups", "deny") || !write_to("/proc/self/uid_map", maps.uid) || !write_to("/proc/self/gid_map", maps.gid))) ::_exit(125);
  if (::dup2(channel, kInitDescriptor) < 0 || ::fcntl(kInitDescriptor, F_SETFD, 0) != 0 || ::close_range(kInitDescriptor + 1, UINT_MAX, 0) != 0) ::_exit(125);
  // A descriptor above this one would be inherited only if it was placed there on purpose; nothing is.
  char* const argv[] = {const_cast<char*>("strongroom-init"), nullptr};
  char* const envp[] = {nullptr};
  ::execve(program, argv, envp);
  ::_exit(125);
}

pid_t clone_like_fork(unsigned long flags) { return static_cast<pid_t>(::syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr)); }

/// Starts init in the strongest way that works here.
pid_t start_init(const std::string& program, int channel, bool& has_namespace) {
  const IdMaps maps;
  constexpr unsigned long kOwn = CLONE_NEWPID | CLONE_NEWNS;
  for (const unsigned long flags : {kOwn, kOwn | CLONE_NEWUSER, 0UL}) {
    const pid_t parent = flags == 0 ? ::getpid() : 0;
    const pid_t pid = clone_like_fork(flags);
    if (pid == 0) become_init(program.c_str(), channel, parent, (flags & CLONE_NEWUSER) != 0, maps);
    has_namespace = flags != 0;
    if (pid > 0) return pid;
  }
  return -1;
}

std::vector<std::uint8_t> message_of(const Spec& spec, std::uint32_t flags) {
  std::size_t size = 64;
  for (const auto& argument : spec.command) size += 4 + argument.size();
  for (const auto& variable : spec.variables) size += 5 + variable.name.size() + variable.value.size();
  std::vector<std::uint8_t> out;
  out.reserve(size);  // never grows: no copy of a value is left behind
  Writer writer(out);
  writer.u32(kInitMagic);
  writer.u32(0);
  writer.u32(static_cast<std::uint32_t>(spec.command.size()));
  for (const auto& argument : spec.command) writer.text(argument);
  writer.u32(static_cast<std::uint32_t>(spec.variables.size()));
  for (const auto& variable : spec.variables) {
    writer.u32(static_cast<std::uint32_t>(variable.name.size() + 1 + variable.value.size()));
    writer.raw(bytes_of(variable.name));
    writer.u8('=');
    variable.value.reveal([&](ByteView plain) { writer.raw(plain); });
  }
  writer.u32(flags);
  const auto total = static_cast<std::uint32_t>(out.size() - 8);
  for (unsigned i = 0; i < 4; ++i) out[4 + i] = static_cast<std::uint8_t>(total >> (24U - 8U * i));
  return out;
}

std::string read_small(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  char text[256];
  const ssize_t got = fd < 0 ? -1 : ::read(fd, text, sizeof(text));
  if (fd >= 0) ::close(fd);
  std::string out(text, got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

std::string link_of(const std::string& path) {
  char text[256];
  const ssize_t got = ::readlink(path.c_str(), text, sizeof(text));
  return {text, got > 0 ? static_cast<std::size_t>(got) : 0};
}

template <class Each>
void for_each_process(Each&& each) {
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return;
  while (const dirent* entry = ::readdir(proc))
    if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') each(std::atoi(entry->d_name));
  ::closedir(proc);
}

/// Fourth field of stat, after the name in parentheses.
int parent_of(int pid) {
  const std::string stat = read_small("/proc/" + std::to_string(pid) + "/stat");
  const auto close = stat.rfind(')');
  if (close == std::string::npos || stat.size() < close + 5) return 0;
  return std::atoi(stat.c_str() + close + 4);
}

bool descends_from(int pid, int ancestor) {
  for (int depth = 0; pid > 1 && depth < 256; ++depth) {
    if (pid == ancestor) return true;
    pid = parent_of(pid);
  }
  return false;
}

}  // namespace

ProcessWorkroom::ProcessWorkroom(io::Loop& loop, io::Stream words, int init_pid, bool has_namespace)
    : loop_(loop), words_(std::move(words)), over_(loop), init_pid_(init_pid), has_namespace_(has_namespace) {}

ProcessWorkroom::~ProcessWorkroom() {
  if (is_over_) return;
  ::kill(init_pid_, SIGKILL);
  ::waitpid(init_pid_, nullptr, 0);
}

io::Task<Result<std::unique_ptr<ProcessWorkroom>>> ProcessWorkroom::start(io::Loop& loop, std::unique_ptr<Spec> spec) {
  for (const auto& variable : spec->variables) {
    const bool has_nul = variable.value.reveal([](ByteView plain) { return std::find(plain.begin(), plain.end(), 0) != plain.end(); });
    if (has_nul) co_return fail(Code::Invalid, "the value of " + variable.name + " holds a NUL and cannot be a variable");
  }
  const auto pair = io::socket_pair();
  if (!pair) co_return std::unexpected(pair.error());
  bool has_namespace = false;
  const pid_t pid = start_init(spec->init_program, pair->theirs, has_namespace);
  ::close(pair->theirs);
  auto words = io::Stream::adopt(loop, pair->ours);
  if (pid < 0 || !words) co_return fail(Code::Internal, std::string("the workroom cannot be started: ") + std::strerror(errno));
  std::unique_ptr<ProcessWorkroom> workroom(new ProcessWorkroom(loop, std::move(*words), pid, has_namespace));
  auto message = message_of(*spec, has_namespace ? kFlagMountProc : 0U);
  const auto sent = co_await workroom->words_.write_all(message);
  wipe(message.data(), message.size());
  const std::string name = spec->command.front();
  spec.reset();
  if (!sent) co_return fail(Code::Internal, "strongroom-init did not start: is it beside the strongroom program?");
  auto started = co_await workroom->wait_for_start();
  if (!started) co_return fail(started.error().code, name + ": " + started.error().message);
  loop.spawn(workroom->listen());
  co_return workroom;
}

io::Task<Status> ProcessWorkroom::wait_for_start() {
  std::uint8_t word[5];
  std::size_t have = 0;
  while (have < sizeof(word)) {
    const auto got = co_await words_.read_some(MutableBytes(word).subspan(have));
    if (!got || *got == 0) co_return fail(Code::Internal, "strongroom-init ended before the command began");
    have += *got;
  }
  Reader in(ByteView(word).subspan(1));
  if (word[0] == kSayStarted) co_return Status();
  co_return fail(Code::NotFound, std::strerror(static_cast<int>(in.u32())));
}

/// Hears what init says until it ends.
io::Task<void> ProcessWorkroom::listen() {
  ByteVector heard;
  std::uint8_t block[64];
  for (;;) {
    const auto got = co_await words_.read_some(block);
    if (!got || *got == 0) break;
    heard.insert(heard.end(), block, block + *got);
    while (heard.size() >= 5) {
      Reader in(ByteView(heard).subspan(1));
      if (heard[0] == kSayExited) status_ = static_cast<int>(in.u32());
      heard.erase(heard.begin(), heard.begin() + 5);
    }
  }
  int init_status = 0;
  while (::waitpid(init_pid_, &init_status, 0) < 0 && errno == EINTR) {
  }
  // Init itself was killed: so was everything under it.
  if (WIFSIGNALED(init_status)) status_ = WTERMSIG(init_status);
  is_over_ = true;
  over_.set();
}

io::Task<int> ProcessWorkroom::finished() {
  while (!is_over_) co_await over_.wait();
  co_return status_;
}

io::Task<void> ProcessWorkroom::send(std::vector<std::uint8_t> octets) { (void)co_await words_.write_all(octets); }

void ProcessWorkroom::tell(std::vector<std::uint8_t> octets) {
  if (!is_over_) loop_.spawn(send(std::move(octets)));
}

void ProcessWorkroom::end(std::chrono::milliseconds grace) {
  std::vector<std::uint8_t> octets;
  Writer writer(octets);
  writer.u8(kTellEnd);
  writer.u32(static_cast<std::uint32_t>(grace.count()));
  tell(std::move(octets));
}

void ProcessWorkroom::forward(int signal_number) { tell({static_cast<std::uint8_t>(signal_number)}); }

std::vector<lease::ProcessOutcome> ProcessWorkroom::processes() const {
  std::vector<lease::ProcessOutcome> out;
  if (is_over_) return out;
  const std::string own = link_of("/proc/" + std::to_string(init_pid_) + "/ns/pid");
  for_each_process([&](int pid) {
    if (pid == init_pid_) return;
    const std::string folder = "/proc/" + std::to_string(pid);
    const bool is_ours = has_namespace_ && !own.empty() ? link_of(folder + "/ns/pid") == own : descends_from(pid, init_pid_);
    if (is_ours) out.push_back({static_cast<std::uint32_t>(pid), read_small(folder + "/comm"), false});
  });
  return out;
}

void ProcessWorkroom::look_again(std::vector<lease::ProcessOutcome>& processes) {
  for (auto& process : processes) {
    const std::string folder = "/proc/" + std::to_string(process.pid);
    process.is_dead = read_small(folder + "/comm") != process.name || read_small(folder + "/stat").find(") Z ") != std::string::npos;
  }
}

}  // namespace strongroom::workroom
