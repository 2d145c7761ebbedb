// SPDX-License-Identifier: Apache-2.0
#include "scan/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string_view>

namespace strongroom::scan {
namespace {

constexpr std::size_t kDeepest = 200;
constexpr std::size_t kPiece = 256UL << 10U;

bool begins_with(ByteView data, std::string_view with, std::size_t at = 0) {
  return data.size() >= at + with.size() &&
         std::memcmp(data.data() + at, with.data(), with.size()) == 0;
}

std::string why(int problem) {
  return problem == EACCES || problem == EPERM ? "may not be read" : std::strerror(problem);
}

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

/// A regular file, and nothing else whatever happens meanwhile: opening a device may do something.
int open_regular(int folder, const char* name) {
  const File only_named(::openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat is{};
  if (only_named.fd() < 0 || ::fstat(only_named.fd(), &is) != 0) return -1;
  if (!S_ISREG(is.st_mode)) {
    errno = EINVAL;
    return -1;
  }
  const std::string path = "/proc/self/fd/" + std::to_string(only_named.fd());
  return ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

class Tree {
 public:
  Tree(Sink& sink, dev_t device) : sink_(sink), device_(device) {}
  Status folder(int fd, const std::string& path, std::size_t depth);
  Status file(int fd, const std::string& path);
  Met take() { return std::move(met_); }

 private:
  Status entry(int folder, const char* name, const std::string& path, std::size_t depth);
  Status link(int folder, const char* name, const std::string& path);
  Status below(int folder, const char* name, const std::string& path, std::size_t depth);

  Sink& sink_;
  dev_t device_;
  Met met_;
};

bool is_kind(int folder, const char* name, mode_t kind) {
  struct stat is{};
  return ::fstatat(folder, name, &is, AT_SYMLINK_NOFOLLOW) == 0 && (is.st_mode & S_IFMT) == kind;
}

bool is_git_folder(int folder) {
  return is_kind(folder, "HEAD", S_IFREG) && is_kind(folder, "objects", S_IFDIR) &&
         is_kind(folder, "refs", S_IFDIR);
}

Status Tree::folder(int fd, const std::string& path, std::size_t depth) {
  const bool is_git = is_git_folder(fd);
  if (is_git) met_.git_folders.push_back(path);
  DIR* const all = ::fdopendir(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (all == nullptr) {
    sink_.skip(path, why(errno));
    return {};
  }
  Status done;
  errno = 0;
  while (const dirent* const each = done ? ::readdir(all) : nullptr) {
    const std::string_view name = each->d_name;
    // Git itself reads its objects, which are packed.
    const bool is_left_out = name == "." || name == ".." || (is_git && name == "objects");
    if (!is_left_out)
      done =
          entry(fd, each->d_name, path.empty() ? each->d_name : path + "/" + each->d_name, depth);
    errno = 0;
  }
  if (done && errno != 0) sink_.skip(path, why(errno));
  ::closedir(all);
  return done;
}

Status Tree::entry(int folder, const char* name, const std::string& path, std::size_t depth) {
  const std::string_view text = name;
  STRONGROOM_CHECKED(sink_.whole({path, path.size() - text.size()}, bytes_of(text)));
  struct stat is{};
  if (::fstatat(folder, name, &is, AT_SYMLINK_NOFOLLOW) != 0) {
    sink_.skip(path, why(errno));
    return {};
  }
  if (is.st_dev != device_) {
    sink_.skip(path, "another file system: name it by itself");
    return {};
  }
  if (S_ISLNK(is.st_mode)) return link(folder, name, path);
  if (S_ISDIR(is.st_mode)) return below(folder, name, path, depth);
  if (!S_ISREG(is.st_mode)) return {};  // sockets, pipes and devices hold nothing
  const File opened(open_regular(folder, name));
  if (opened.fd() < 0) {
    sink_.skip(path, why(errno));
    return {};
  }
  return file(opened.fd(), path);
}

Status Tree::link(int folder, const char* name, const std::string& path) {
  std::array<char, PATH_MAX> leads_to{};
  const ssize_t size = ::readlinkat(folder, name, leads_to.data(), leads_to.size());
  if (size < 0) {
    sink_.skip(path, why(errno));
    return {};
  }
  return sink_.whole({path},
                     bytes_of(std::string_view(leads_to.data(), static_cast<std::size_t>(size))));
}

Status Tree::below(int folder, const char* name, const std::string& path, std::size_t depth) {
  if (depth >= kDeepest) {
    sink_.skip(path, "too deep");
    return {};
  }
  const File opened(::openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (opened.fd() < 0) {
    sink_.skip(path, why(errno));
    return {};
  }
  return this->folder(opened.fd(), path, depth + 1);
}

Status Tree::file(int fd, const std::string& path) {
  std::array<std::uint8_t, kTelling> beginning{};
  const ssize_t size = ::pread(fd, beginning.data(), beginning.size(), 0);
  if (size < 0) {
    sink_.skip(path, why(errno));
    return {};
  }
  if (looks_packed(ByteView(beginning).first(static_cast<std::size_t>(size)))) {
    met_.archives.push_back(path);
    return {};
  }
  return read_file(fd, {path}, sink_);
}

}  // namespace

bool looks_packed(ByteView beginning) {
  return begins_with(beginning, "\x1f\x8b") || begins_with(beginning, "\x28\xb5\x2f\xfd") ||
         begins_with(beginning, "PK\x03\x04") || begins_with(beginning, "ustar", 257);
}

Status read_file(int file, Place place, Sink& sink) {
  const std::string path = place.path;
  STRONGROOM_CHECKED(sink.begin(std::move(place)));
  ByteVector piece(kPiece);
  for (off_t at = 0;;) {
    const ssize_t size = ::pread(file, piece.data(), piece.size(), at);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) sink.skip(path, why(errno));
    if (size <= 0) break;
    STRONGROOM_CHECKED(sink.data(ByteView(piece).first(static_cast<std::size_t>(size))));
    at += size;
  }
  return sink.end();
}

Result<int> open_below(int root, const std::string& path) {
  if (path.empty()) return ::fcntl(root, F_DUPFD_CLOEXEC, 0);
  open_how how{};
  how.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  const long fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof(how));
  struct stat is{};
  if (fd >= 0 && ::fstat(static_cast<int>(fd), &is) == 0 && S_ISREG(is.st_mode))
    return static_cast<int>(fd);
  const int problem = fd < 0 ? errno : EINVAL;
  if (fd >= 0) ::close(static_cast<int>(fd));
  return fail(Code::Storage, why(problem));
}

Result<Met> read_tree(int root, Sink& sink) {
  struct stat is{};
  if (::fstat(root, &is) != 0) return fail(Code::Storage, why(errno));
  Tree tree(sink, is.st_dev);
  STRONGROOM_CHECKED(S_ISDIR(is.st_mode) ? tree.folder(root, "", 0) : tree.file(root, ""));
  return tree.take();
}

}  // namespace strongroom::scan
