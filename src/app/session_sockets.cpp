// SPDX-License-Identifier: Apache-2.0
#include "app/session_sockets.h"

#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "app/files.h"
#include "base/encoding.h"
#include "base/log.h"
#include "io/net.h"

namespace strongroom::app {
namespace {

/// Names of sockets are short: most clients cannot connect to a path of more than 107 characters.
constexpr std::string_view kPrefix = "ses_";
constexpr const char* kName = "/s";

void remove_folder(const std::string& folder) {
  ::unlink((folder + kName).c_str());
  ::rmdir(folder.c_str());
}

bool give_to(const std::string& path, uid_t owner) {
  return ::lchown(path.c_str(), owner, static_cast<gid_t>(-1)) == 0;
}

/// This user's alone to change, whoever's it was; another owner of its socket may pass through it.
Status prepare_folder(const std::string& folder, uid_t owner) {
  const mode_t mode = owner == ::geteuid() ? 0700 : 0711;
  const bool is_there = ::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST;
  struct stat facts{};
  if (is_there && ::lstat(folder.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode) &&
      give_to(folder, ::geteuid()) && ::chmod(folder.c_str(), mode) == 0)
    return {};
  return fail(Code::Storage,
              "The session's socket cannot be made: " + std::string(std::strerror(errno)));
}

/// Whose the socket in a folder was: nothing where there is no folder. (Folders were given away as
/// well once.)
std::optional<uid_t> owner_within(const std::string& folder) {
  struct stat facts{};
  if (::lstat(folder.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode)) return std::nullopt;
  if (facts.st_uid != ::geteuid()) return facts.st_uid;
  const bool is_there = ::lstat((folder + kName).c_str(), &facts) == 0;
  return is_there && S_ISSOCK(facts.st_mode) ? facts.st_uid : ::geteuid();
}

/// Without a descriptor the socket is to be closed.
io::Passed tell(int channel, SessionId session, uid_t owner, int fd) {
  ByteVector message;
  Writer writer(message);
  writer.raw(session.view());
  writer.u32(owner);
  return io::pass_descriptor(channel, message, fd);
}

}  // namespace

SessionSockets::~SessionSockets() {
  for (const auto& [session, socket] : sockets_) ::close(socket.fd);
  for (const auto& channel : channels_) ::close(channel.fd);
}

std::string SessionSockets::folder_of(SessionId session) const {
  return folder_ + "/" + session.text().substr(kPrefix.size());
}

std::string SessionSockets::path_of(SessionId session) const {
  return folder_of(session) + kName;
}

Status SessionSockets::restore(const std::function<bool(SessionId)>& is_open) {
  STRONGROOM_CHECKED(prepare_private_directory(folder_));
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, failed)) {
    const std::string path = entry.path().string();
    const std::string name = entry.path().filename().string();
    const auto session = SessionId::parse(std::string(kPrefix) + name);
    const auto owner = owner_within(path);
    const bool is_wanted = session && is_open(*session) && owner;
    if (!is_wanted) {
      remove_folder(path);
      continue;
    }
    if (const auto opened = open(*session, *owner); !opened)
      log(LogLevel::Warning, "session_socket_lost", {{"why", opened.error().message}});
  }
  return {};
}

Result<std::string> SessionSockets::open(SessionId session, uid_t owner) {
  if (sockets_.size() >= kMost)
    return fail(Code::TooLarge, "At most 256 sessions have a socket of their own.");
  if (owner != ::geteuid() && ::geteuid() != 0)
    return fail(Code::Refused,
                "Only a server that runs as root can give a socket to another user.");
  STRONGROOM_CHECKED(prepare_private_directory(folder_));
  const std::string path = path_of(session);
  STRONGROOM_CHECKED(prepare_folder(folder_of(session), owner));
  Socket socket;
  socket.owner = owner;
  STRONGROOM_TRY(socket.fd, io::listen_unix(path));
  if (owner != ::geteuid() && !give_to(path, owner)) {
    const std::string why = std::strerror(errno);
    ::close(socket.fd);
    remove_folder(folder_of(session));
    return fail(Code::Storage, "The session's socket cannot be given away: " + why);
  }
  sockets_.emplace(session, socket);
  tell_all();
  return path;
}

void SessionSockets::close(SessionId session) {
  const auto found = sockets_.find(session);
  if (found == sockets_.end()) return;
  remove_folder(folder_of(session));
  ::close(found->second.fd);
  sockets_.erase(found);
  tell_all();
}

Result<int> SessionSockets::channel_of_new_gateway() {
  STRONGROOM_TRY(const auto pair, io::descriptor_pair());
  channels_.push_back({pair.ours, {}});
  (void)bring_up_to_date(channels_.back());
  return pair.theirs;
}

/// A gateway that stood still has no room for more: it hears of the rest later.
void SessionSockets::tell_all() {
  std::erase_if(channels_, [&](Channel& channel) {
    if (bring_up_to_date(channel) != io::Passed::Never) return false;
    ::close(channel.fd);
    return true;
  });
}

io::Passed SessionSockets::bring_up_to_date(Channel& channel) const {
  for (auto each = channel.told.begin(); each != channel.told.end();) {
    if (!sockets_.contains(*each)) {
      const auto passed = tell(channel.fd, *each, 0, -1);
      if (passed != io::Passed::Now) return passed;
      each = channel.told.erase(each);
    } else {
      ++each;
    }
  }
  for (const auto& [session, socket] : sockets_) {
    if (channel.told.contains(session)) continue;
    const auto passed = tell(channel.fd, session, socket.owner, socket.fd);
    if (passed != io::Passed::Now) return passed;
    channel.told.insert(session);
  }
  return io::Passed::Now;
}

}  // namespace strongroom::app
