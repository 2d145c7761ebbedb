// SPDX-License-Identifier: Apache-2.0
#include "audit/segments.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/encoding.h"

namespace strongroom::audit {
namespace {

/// A file mapped for reading.
class Mapped {
 public:
  static Result<Mapped> open(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat info{};
    if (fd < 0 || ::fstat(fd, &info) != 0) {
      if (fd >= 0) ::close(fd);
      return fail(Code::Storage, "cannot read the record " + path + ": " + std::strerror(errno));
    }
    Mapped mapped;
    mapped.size_ = static_cast<std::size_t>(info.st_size);
    if (mapped.size_ > 0)
      mapped.data_ = ::mmap(nullptr, mapped.size_, PROT_READ, MAP_PRIVATE, fd, 0);
    ::close(fd);
    if (mapped.data_ == MAP_FAILED) return fail(Code::Storage, "cannot map the record " + path);
    return mapped;
  }
  Mapped(Mapped&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Mapped& operator=(Mapped&&) = delete;
  ~Mapped() {
    if (data_ != nullptr && data_ != MAP_FAILED) ::munmap(data_, size_);
  }
  [[nodiscard]] ByteView view() const { return {static_cast<const std::uint8_t*>(data_), size_}; }

 private:
  Mapped() = default;
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Size of the whole frame at the start of `rest`; 0 when it is cut short.
std::size_t whole_frame(ByteView rest) {
  Reader in(rest);
  const std::size_t entry = in.u32();
  if (!in.is_ok() || rest.size() < entry + kFrameOverhead) return 0;
  return entry + kFrameOverhead;
}

}  // namespace

std::string segment_name(std::size_t number) {
  char name[32];
  std::snprintf(name, sizeof(name), "record-%08zu.log", number);
  return name;
}

Result<std::vector<std::string>> segment_files(const std::string& directory) {
  DIR* folder = ::opendir(directory.c_str());
  if (folder == nullptr)
    return fail(Code::NotFound, "no record in " + directory + ": " + std::strerror(errno));
  std::vector<std::string> files;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string_view name(entry->d_name);
    if (name.starts_with("record-") && name.ends_with(".log"))
      files.push_back(directory + "/" + std::string(name));
  }
  ::closedir(folder);
  std::sort(files.begin(), files.end());
  for (std::size_t i = 0; i < files.size(); ++i)
    if (!files[i].ends_with(segment_name(i + 1)))
      return fail(Code::Tampered, "the record's file " + segment_name(i + 1) + " is missing");
  return files;
}

Result<ReadEnd> read_frames(const std::vector<std::string>& files,
                            const std::function<Result<bool>(const Frame&)>& visit) {
  ReadEnd end;
  for (std::size_t index = 0; index < files.size(); ++index) {
    STRONGROOM_TRY(const Mapped mapped, Mapped::open(files[index]));
    ByteView rest = mapped.view();
    end = {false, index, 0};
    while (!rest.empty()) {
      const std::size_t size = whole_frame(rest);
      const bool is_last = index + 1 == files.size();
      if (size == 0 && !is_last)
        return fail(Code::Tampered, "the record's file " + files[index] + " is cut short");
      if (size == 0) {
        end.is_torn = true;
        return end;
      }
      Frame frame;
      frame.entry = rest.subspan(4, size - kFrameOverhead);
      std::copy_n(rest.begin() + static_cast<std::ptrdiff_t>(size - 32), 32, frame.hash.begin());
      frame.segment = index;
      frame.offset = end.offset;
      STRONGROOM_TRY(const bool goes_on, visit(frame));
      if (!goes_on) return end;
      end.offset += size;
      rest = rest.subspan(size);
    }
  }
  return end;
}

crypto::Digest next_hash(const crypto::Digest& previous, ByteView entry) {
  return crypto::sha256(previous, entry);
}

ByteVector checkpoint_message(std::uint64_t count, const crypto::Digest& head) {
  ByteVector out;
  Writer writer(out);
  writer.text("strongroom record checkpoint");
  writer.u64(count);
  writer.raw(head);
  return out;
}

}  // namespace strongroom::audit
