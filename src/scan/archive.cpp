// SPDX-License-Identifier: Apache-2.0
#include "scan/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <clocale>
#include <memory>

#include "io/process/sandbox.h"
#include "scan/tree.h"

namespace strongroom::scan {
namespace {

/// An image, a layer of it, a packed file in that, and what is in there.
constexpr int kDeepest = 4;
constexpr std::size_t kPiece = 128UL << 10U;
/// What a piece of hostile metadata may be.
constexpr std::size_t kLongestName = 64UL << 10U;

constexpr const char* kCalls[] = {
    "read",         "write",          "pread64",       "readv",
    "writev",       "sendto",         "send",          "recvfrom",
    "recv",         "shutdown",       "poll",          "ppoll",
    "close",        "lseek",          "_llseek",       "openat",
    "openat2",      "open",           "fstat",         "newfstatat",
    "fstatat64",    "statx",          "fcntl",         "fcntl64",
    "brk",          "mmap",           "mmap2",         "munmap",
    "mprotect",     "mremap",         "madvise",       "mlock",
    "mlock2",       "munlock",        "futex",         "futex_time64",
    "rt_sigreturn", "rt_sigprocmask", "rt_sigaction",  "restart_syscall",
    "exit",         "exit_group",     "clock_gettime", "clock_gettime64",
    "gettimeofday", "getrandom",      "gettid",        "getpid",
    "tgkill",       "ioctl",          "sched_yield",   "membarrier",
    "ftruncate",    "readlink"};

/// Octets that an archive is made of.
class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;
  /// The next; nothing at the end. Good until the next call.
  virtual ByteView next() = 0;
};

class FileSource final : public Source {
 public:
  explicit FileSource(int file) : file_(file), room_(kPiece) {}
  ByteView next() override {
    ssize_t size = 0;
    do {
      size = ::pread(file_, room_.data(), room_.size(), at_);
    } while (size < 0 && errno == EINTR);
    if (size <= 0) return {};
    at_ += size;
    return ByteView(room_).first(static_cast<std::size_t>(size));
  }

 private:
  int file_;
  off_t at_ = 0;
  ByteVector room_;
};

struct Free {
  void operator()(archive* of) const { archive_read_free(of); }
};
using Reader = std::unique_ptr<archive, Free>;

/// The data of an entry that is being read, from its beginning, of which some has been looked at.
class EntrySource final : public Source {
 public:
  EntrySource(archive* of, ByteVector beginning) : of_(of), beginning_(std::move(beginning)) {
    room_.resize(kPiece);
  }
  ByteView next() override {
    if (!has_begun_) {
      has_begun_ = true;
      if (!beginning_.empty()) return beginning_;
    }
    const la_ssize_t size = archive_read_data(of_, room_.data(), room_.size());
    if (size < 0) is_damaged_ = true;
    if (size <= 0) return {};
    return ByteView(room_).first(static_cast<std::size_t>(size));
  }
  [[nodiscard]] bool is_damaged() const { return is_damaged_; }

 private:
  archive* of_;
  ByteVector beginning_;
  ByteVector room_;
  bool has_begun_ = false;
  bool is_damaged_ = false;
};

/// A source from which an archive is read, and what of it that has not taken in the end.
class Fed {
 public:
  explicit Fed(Source& source) : source_(source) {}
  ByteView next() {
    last_ = source_.next();
    given_ += last_.size();
    return last_;
  }
  /// The next octets behind the first `taken`; nothing at the end.
  ByteView rest(std::uint64_t taken) {
    const std::uint64_t left = given_ > taken ? given_ - taken : 0;
    if (left > 0 && left <= last_.size()) return last_.last(left);
    return next();
  }

 private:
  Source& source_;
  ByteView last_;
  std::uint64_t given_ = 0;
};

la_ssize_t give(archive* /*of*/, void* fed, const void** into) {
  const ByteView octets = static_cast<Fed*>(fed)->next();
  *into = octets.data();
  return static_cast<la_ssize_t>(octets.size());
}

/// One thing at a time, which is known by its beginning: what comes out of gzip is looked at again.
void support(archive* reader, ByteView beginning) {
  if (beginning[0] == 0x1F || beginning[0] == 0x28) {
    archive_read_support_filter_gzip(reader);
    archive_read_support_filter_zstd(reader);
    archive_read_support_format_raw(reader);
  } else if (beginning[0] == 'P') {
    archive_read_support_format_zip_streamable(reader);
  } else {
    archive_read_support_format_tar(reader);
  }
}

class Walk {
 public:
  explicit Walk(Sink& sink) : sink_(sink) {}
  Status all(Source& source, ByteView beginning, const std::string& path, int depth);

 private:
  Status entries(archive* of, const std::string& path, int depth);
  Status entry(archive* of, archive_entry* entry, const std::string& path, int depth);
  Status data(archive* of, const std::string& path, int depth);
  Status names(archive_entry* entry, const std::string& outer, const std::string& path);
  void damaged(const std::string& path) {
    sink_.skip(path, "damaged, or packed in a way that is not read");
  }

  Sink& sink_;
};

std::string text_or_empty(const char* text) {
  std::string out = text == nullptr ? std::string() : std::string(text);
  out.resize(std::min(out.size(), kLongestName));
  return out;
}

std::string name_of(archive_entry* entry) {
  const std::string name = text_or_empty(archive_entry_pathname(entry));
  return name.empty() ? text_or_empty(archive_entry_pathname_utf8(entry)) : name;
}

Status Walk::names(archive_entry* entry, const std::string& outer, const std::string& path) {
  const std::string name = path.substr(outer.size() + 1);
  STRONGROOM_CHECKED(sink_.whole({path, outer.size() + 1}, bytes_of(std::string_view(name))));
  for (const char* const leads_to : {archive_entry_symlink(entry), archive_entry_hardlink(entry)}) {
    const std::string text = text_or_empty(leads_to);
    if (!text.empty()) STRONGROOM_CHECKED(sink_.whole({path}, bytes_of(std::string_view(text))));
  }
  return {};
}

Status Walk::data(archive* of, const std::string& path, int depth) {
  ByteVector beginning(kTelling);
  std::size_t size = 0;
  while (size < beginning.size()) {
    const la_ssize_t more = archive_read_data(of, beginning.data() + size, beginning.size() - size);
    if (more < 0) damaged(path);
    if (more <= 0) break;
    size += static_cast<std::size_t>(more);
  }
  beginning.resize(size);
  const bool is_packed = looks_packed(beginning);
  EntrySource source(of, beginning);
  if (is_packed && depth < kDeepest) return all(source, beginning, path, depth + 1);
  if (is_packed) sink_.skip(path, "packed too deep");
  STRONGROOM_CHECKED(sink_.begin({path}));
  for (ByteView octets = source.next(); !octets.empty(); octets = source.next())
    STRONGROOM_CHECKED(sink_.data(octets));
  if (source.is_damaged()) damaged(path);
  return sink_.end();
}

Status Walk::entry(archive* of, archive_entry* entry, const std::string& outer, int depth) {
  // A single packed file has no entry of its own.
  if (archive_format(of) == ARCHIVE_FORMAT_RAW) return data(of, outer, depth);
  const std::string path = outer + "!" + name_of(entry);
  STRONGROOM_CHECKED(names(entry, outer, path));
  if (archive_entry_is_encrypted(entry) != 0) {
    sink_.skip(path, "encrypted");
    return {};
  }
  return archive_entry_filetype(entry) == AE_IFREG ? data(of, path, depth) : Status();
}

Status Walk::entries(archive* of, const std::string& path, int depth) {
  for (;;) {
    archive_entry* next = nullptr;
    const int found = archive_read_next_header(of, &next);
    if (found == ARCHIVE_EOF) return {};
    if (found != ARCHIVE_OK && found != ARCHIVE_WARN) {
      damaged(path);
      return {};
    }
    STRONGROOM_CHECKED(entry(of, next, path, depth));
  }
}

Status Walk::all(Source& source, ByteView beginning, const std::string& path, int depth) {
  const Reader reader(archive_read_new());
  if (reader == nullptr) return fail(Code::Unavailable, "out of memory");
  support(reader.get(), beginning);
  Fed fed(source);
  if (archive_read_open(reader.get(), &fed, nullptr, &give, nullptr) == ARCHIVE_OK) {
    STRONGROOM_CHECKED(entries(reader.get(), path, depth));
  } else {
    damaged(path);
  }
  // What is behind its end, or where it is damaged, is searched as it is.
  const auto taken = static_cast<std::uint64_t>(archive_filter_bytes(reader.get(), -1));
  ByteView octets = fed.rest(taken);
  if (octets.empty()) return {};
  STRONGROOM_CHECKED(sink_.begin({path}));
  for (; !octets.empty(); octets = fed.next()) STRONGROOM_CHECKED(sink_.data(octets));
  return sink_.end();
}

}  // namespace

Status read_archive(int file, const std::string& path, Sink& sink) {
  // Names in UTF-8, whatever the caller's own language is.
  static const bool has_names = std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr;
  (void)has_names;
  std::array<std::uint8_t, kTelling> beginning{};
  const ssize_t size = ::pread(file, beginning.data(), beginning.size(), 0);
  const auto known =
      ByteView(beginning).first(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  // It was when it was met; whoever changes it now is not waited for.
  if (!looks_packed(known)) return read_file(file, {path}, sink);
  FileSource source(file);
  return Walk(sink).all(source, known, path, 1);
}

Status confine_reading(int root) {
  // Before there is no more to be read of it.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  const std::array<std::string, 1> readable{"/proc/self/fd/" + std::to_string(root)};
  const auto state = io::enter({kCalls, readable});
  return state ? Status() : std::unexpected(state.error());
}

}  // namespace strongroom::scan
