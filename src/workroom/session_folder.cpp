// SPDX-License-Identifier: Apache-2.0
#include "workroom/session_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace strongroom::workroom {
namespace {

namespace fs = std::filesystem;

Status make_folder(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) return {};
  return fail(Code::Storage, "cannot make " + path + ": " + std::strerror(errno));
}

/// What is mounted over it needs something to be mounted on.
Status make_placeholder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0444);
  if (fd < 0) return fail(Code::Storage, "cannot make " + path + ": " + std::strerror(errno));
  ::close(fd);
  return {};
}

/// Ours, and nobody else may make anything in it.
Status check_root(const std::string& root) {
  if (::mkdir(root.c_str(), 0700) != 0 && errno != EEXIST)
    return fail(Code::Storage, "cannot make " + root + ": " + std::strerror(errno));
  struct stat is{};
  if (::lstat(root.c_str(), &is) != 0 || !S_ISDIR(is.st_mode) || is.st_uid != ::geteuid() ||
      (is.st_mode & 0022U) != 0)
    return fail(Code::Refused, root + " is not a folder of ours alone");
  return {};
}

int lock_of(const std::string& path, int operation) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (fd >= 0 && ::flock(fd, operation) == 0) return fd;
  if (fd >= 0) ::close(fd);
  return -1;
}

/// Folders are made and claimed under it, so that a new one is never taken for an abandoned one.
class RootLock {
 public:
  explicit RootLock(const std::string& root) : fd_(lock_of(root, LOCK_EX)) {}
  RootLock(const RootLock&) = delete;
  RootLock& operator=(const RootLock&) = delete;
  ~RootLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  int fd_;
};

}  // namespace

std::string SessionFolder::root_folder() {
  const char* const runtime = std::getenv("XDG_RUNTIME_DIR");
  struct stat is{};
  // Of ours alone, as its specification wants: a variable that another user has left us is not.
  if (runtime != nullptr && runtime[0] == '/' && ::stat(runtime, &is) == 0 &&
      is.st_uid == ::geteuid())
    return std::string(runtime) + "/strongroom";
  if (::geteuid() == 0) return "/run/strongroom";
  return "/tmp/strongroom-" + std::to_string(::geteuid());
}

Result<SessionFolder> SessionFolder::make_bare(const std::string& root, const std::string& name) {
  STRONGROOM_CHECKED(check_root(root));
  const std::string path = root + "/" + name;
  const RootLock alone(root);
  STRONGROOM_CHECKED(make_folder(path, 0700));
  SessionFolder folder(path, lock_of(path, LOCK_EX | LOCK_NB));
  if (folder.lock_ < 0) return fail(Code::Conflict, path + " is in use");
  return folder;
}

Result<SessionFolder> SessionFolder::make(const std::string& root, const std::string& name) {
  STRONGROOM_TRY(SessionFolder folder, make_bare(root, name));
  // Whoever runs in the container must be able to look into it.
  STRONGROOM_CHECKED(make_folder(folder.inside(), 0755));
  for (const char* each : {"/trust", "/gateway"})
    STRONGROOM_CHECKED(make_folder(folder.inside() + each, 0755));
  STRONGROOM_CHECKED(make_placeholder(folder.inside() + "/strongroom-init"));
  return folder;
}

SessionFolder::~SessionFolder() {
  if (path_.empty()) return;
  std::error_code ignored;
  if (!is_kept_) fs::remove_all(path_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

void SessionFolder::clear_abandoned(
    const std::string& root,
    const std::function<Abandoned(const std::string& path, int lock)>& decide) {
  std::error_code problem;
  for (const auto& entry : fs::directory_iterator(root, problem)) {
    const std::string path = entry.path().string();
    const int lock = [&] {
      const RootLock alone(root);
      return lock_of(path, LOCK_EX | LOCK_NB);
    }();
    if (lock < 0) continue;
    if (decide(path, lock) == Abandoned::Remove) fs::remove_all(path, problem);
    ::close(lock);
  }
}

}  // namespace strongroom::workroom
