// SPDX-License-Identifier: Apache-2.0
#include "audit/segments.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
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
  if (!in.is_ok() || entry == 0 || rest.size() < entry + kFrameOverhead) return 0;
  return entry + kFrameOverhead;
}

bool is_zero(ByteView octets) {
  return std::ranges::all_of(octets, [](std::uint8_t octet) { return octet == 0; });
}

/// A batch is far smaller.
constexpr std::size_t kMaxTorn = 16UL << 20U;
constexpr std::size_t kCheckpointEntry = 1 + 8 + 64;

/// The 32 octets before `frame` are the hash that it follows.
bool is_signed_checkpoint(const crypto::Digest& previous, ByteView frame,
                          const crypto::PublicKey& key) {
  const ByteView entry = frame.subspan(4, kCheckpointEntry);
  const crypto::Digest hash = next_hash(previous, entry);
  if (!std::ranges::equal(hash, frame.subspan(4 + kCheckpointEntry, hash.size()))) return false;
  Reader in(entry.subspan(1));
  const std::uint64_t count = in.u64();
  crypto::Signature signature{};
  std::ranges::copy(in.raw(signature.size()), signature.begin());
  return crypto::verify(key, checkpoint_message(count, previous), signature);
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

Result<ReadEnd> read_frames(const std::vector<std::string>& files, ReadFrom from, WrittenUpTo until,
                            const std::function<Result<bool>(const Frame&)>& visit) {
  ReadEnd end;
  const std::size_t count = std::min(files.size(), until.segments);
  for (std::size_t index = from.segment; index < count; ++index) {
    STRONGROOM_TRY(const Mapped mapped, Mapped::open(files[index]));
    ByteView rest = mapped.view();
    if (index + 1 == until.segments && until.offset < rest.size()) rest = rest.first(until.offset);
    end = {false, index,
           index == from.segment ? std::min<std::uint64_t>(from.offset, rest.size()) : 0};
    rest = rest.subspan(end.offset);
    while (!rest.empty()) {
      const std::size_t size = whole_frame(rest);
      const bool is_last = index + 1 == count;
      if (size == 0 && is_zero(rest)) break;
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

Result<bool> is_torn_batch(const std::string& file, std::uint64_t offset,
                           const crypto::PublicKey& key) {
  STRONGROOM_TRY(const Mapped mapped, Mapped::open(file));
  const ByteView octets = mapped.view();
  const auto last =
      std::find_if(octets.rbegin(), octets.rend(), [](auto each) { return each != 0; });
  const auto used = static_cast<std::size_t>(octets.rend() - last);
  if (used > offset + kMaxTorn) return false;
  constexpr std::size_t kFrame = kCheckpointEntry + kFrameOverhead;
  const std::array<std::uint8_t, 5> start{0, 0, 0, kCheckpointEntry, kCheckpointKind};
  for (std::size_t at = offset; at + kFrame <= octets.size(); ++at) {
    const ByteView frame = octets.subspan(at, kFrame);
    if (!std::ranges::equal(start, frame.first(start.size()))) continue;
    crypto::Digest previous{};
    if (at >= previous.size())
      std::ranges::copy(octets.subspan(at - previous.size(), previous.size()), previous.begin());
    if (is_signed_checkpoint(previous, frame, key)) return false;
  }
  return true;
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
